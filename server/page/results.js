// The table of hits: rows in the order of the answer, each of which opens below itself. Keys move from row to row.
import {byId, el, timeText} from './dom.js';
import {nature, showDetail} from './hit_detail.js';
import {appendSnippet, rangesIn, stringRanges} from './text_marks.js';

const kMaxLiveRows = 500;
let nextId = 0;

function textCell(hit, name) {
  const cell = el('td', {role: 'cell', class: name});
  const line = el('span', {class: 'line', dir: 'auto'});
  const badge = nature(hit[name], hit[`${name}_size`], hit.truncated, name === 'value');
  const around = hit.snippet?.in === name ? hit.snippet : null;  // the matches lie behind what the answer has
  const text = around ? around.text : hit[name];
  if (text !== null && text !== '') {
    if (around) line.append(el('span', {class: 'cut', title: `at byte ${around.at}`}, '…'));
    const cut = appendSnippet(line, text, stringRanges(text, around ? around.matched : rangesIn(hit, name)));
    if (cut || hit.truncated) cell.classList.add('has-more');
  }
  if (badge) cell.append(badge, ' ');
  cell.append(line);
  return cell;
}

export class Results {
  constructor() {
    this.body = byId('rows');
    this.table = byId('hits');
    this.rows = [];  // {hit, row, button, detail}, as shown
  }

  clear() {
    this.rows = [];
    this.body.replaceChildren();
    this.table.hidden = true;
  }

  get hits() { return this.rows.map((entry) => entry.hit); }

  /// Below the others, in the order given.
  append(hits, manyTopics) {
    this.table.classList.toggle('many-topics', manyTopics);
    for (const hit of hits) {
      const entry = this.make(hit);
      this.rows.push(entry);
      this.body.append(entry.row);
    }
    this.table.hidden = this.rows.length === 0;
  }

  /// Above the others, the last one on top; how many rows at the bottom had to go.
  prepend(hits, manyTopics) {
    this.table.classList.toggle('many-topics', manyTopics);
    for (const hit of hits) {
      const entry = this.make(hit);
      entry.row.classList.add('fresh');
      this.rows.unshift(entry);
      this.body.prepend(entry.row);
    }
    this.table.hidden = this.rows.length === 0;
    const gone = this.rows.splice(kMaxLiveRows);
    for (const entry of gone) {
      entry.detail?.remove();
      entry.row.remove();
    }
    return gone.length;
  }

  make(hit) {
    const entry = {hit, detail: null, id: `detail-${++nextId}`};
    entry.button = el('button', {type: 'button', class: 'open', 'aria-expanded': 'false'}, timeText(hit.timestamp));
    const cell = (name, content) => el('td', {role: 'cell', class: name}, content);
    entry.row = el('tr', {role: 'row', class: 'hit'},
      cell('time', entry.button), cell('topic', hit.topic), cell('number', String(hit.partition)),
      cell('number', String(hit.offset)), textCell(hit, 'key'), textCell(hit, 'value'));
    entry.row.addEventListener('click', (event) => {
      if (event.target === entry.button || String(getSelection()) === '') this.toggle(entry);
    });
    return entry;
  }

  toggle(entry) {
    if (entry.detail === null) {
      const cell = el('td', {role: 'cell', colspan: '6', id: entry.id});
      entry.detail = el('tr', {role: 'row', class: 'detail'}, cell);
      entry.row.after(entry.detail);
      showDetail(cell, entry.hit);
    } else {
      entry.detail.remove();
      entry.detail = null;
    }
    const open = entry.detail !== null;
    entry.row.classList.toggle('opened', open);
    entry.button.setAttribute('aria-expanded', String(open));
    if (open) entry.button.setAttribute('aria-controls', entry.id);
    else entry.button.removeAttribute('aria-controls');
  }

  /// The row that has the focus, itself or inside its opened part; -1: none.
  focused() {
    const active = document.activeElement;
    return this.rows.findIndex((entry) => entry.row.contains(active) || entry.detail?.contains(active));
  }

  /// Moves the focus by so many rows; the first or last row where there is none further.
  move(step) {
    if (this.rows.length === 0) return;
    const at = this.focused();
    const to = at < 0 ? (step > 0 ? 0 : this.rows.length - 1) : at + step;
    this.focus(Math.min(Math.max(to, 0), this.rows.length - 1));
  }

  focus(index) {
    this.rows[index]?.button.focus();
    this.rows[index]?.row.scrollIntoView({block: 'nearest'});
  }

  openAt(index) {
    if (this.rows[index]?.detail === null) this.toggle(this.rows[index]);
  }

  /// Closes the row in focus, or else the last one that is open; false if none was.
  closeOne() {
    const at = this.focused();
    const entry = at >= 0 && this.rows[at].detail ? this.rows[at] : this.rows.findLast((row) => row.detail !== null);
    if (entry === undefined) return false;
    this.toggle(entry);
    entry.button.focus();
    return true;
  }
}
