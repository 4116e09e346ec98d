// The search box: its text, its completions (a combobox with a listbox), and the mark of an error.
import {byId, el} from './dom.js';
import {completions, wordAt} from './complete.js';
import {fieldPaths, scan} from './json_view.js';

const kMaxLearnt = 300;

export class QueryBox {
  /// `topics()` are all names, `chosen()` those searched, `choose(name)` adds one.
  constructor({topics, chosen, choose}) {
    this.input = byId('query');
    this.list = byId('completions');
    this.sources = {topics, chosen, choose};
    this.learnt = {paths: new Set(), headers: new Set()};
    this.options = [];
    this.active = -1;
    this.input.addEventListener('input', () => {
      this.input.removeAttribute('aria-invalid');
      this.suggest();
    });
    this.input.addEventListener('keydown', (event) => this.onKey(event));
    this.input.addEventListener('blur', () => this.close());
  }

  get text() { return this.input.value; }
  set text(text) { this.input.value = text; }
  focus() {
    this.input.focus();
    this.input.select();
  }

  /// Remembers the fields and headers of the hits.
  learn(hits) {
    for (const hit of hits) {
      for (const {name} of hit.headers) if (/^[\w-]+$/.test(name) && this.learnt.headers.size < kMaxLearnt) this.learnt.headers.add(name);
      const root = hit.value === null || hit.truncated ? null : scan(hit.value);
      if (root === null || this.learnt.paths.size >= kMaxLearnt) continue;
      for (const path of fieldPaths(hit.value, root)) this.learnt.paths.add(path);
    }
  }

  suggest() {
    this.word = wordAt(this.text, this.input.selectionStart);
    this.show(completions(this.word, this.learnt, this.sources.topics(), this.sources.chosen()));
  }

  show(options) {
    this.options = options;
    this.active = -1;
    this.list.replaceChildren(...options.map((option, i) => el('li', {
      id: `completion-${i}`, role: 'option', 'aria-selected': 'false',
      onmousedown: (event) => {
        event.preventDefault();  // the box keeps the focus
        this.accept(option);
      },
    }, el('span', {class: 'insert'}, option.insert), el('span', {class: 'hint'}, option.hint))));
    this.list.hidden = options.length === 0;
    this.input.setAttribute('aria-expanded', String(options.length > 0));
    this.input.removeAttribute('aria-activedescendant');
  }

  close() { this.show([]); }

  activate(index) {
    this.active = index;
    [...this.list.children].forEach((item, i) => item.setAttribute('aria-selected', String(i === index)));
    if (index >= 0) this.input.setAttribute('aria-activedescendant', `completion-${index}`);
    else this.input.removeAttribute('aria-activedescendant');
  }

  accept(option) {
    const caret = this.input.selectionStart;
    const insert = option.topic === null ? option.insert : '';
    this.text = this.text.slice(0, this.word.begin) + insert + this.text.slice(caret);
    const place = this.word.begin + insert.length;
    this.input.setSelectionRange(place, place);
    this.close();
    if (option.topic !== null) this.sources.choose(option.topic);
  }

  onKey(event) {
    if (event.isComposing) return;
    const shown = this.options.length;
    if (event.key === 'Escape') {
      if (shown > 0) this.close();
      else this.input.blur();
      event.stopPropagation();
      event.preventDefault();
    } else if (shown > 0 && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      const step = event.key === 'ArrowDown' ? 1 : -1;
      this.activate((this.active + step + shown + (this.active < 0 && step < 0 ? 1 : 0)) % shown);
      event.preventDefault();
    } else if (shown > 0 && (event.key === 'Tab' && !event.shiftKey || (event.key === 'Enter' && this.active >= 0))) {
      this.accept(this.options[Math.max(this.active, 0)]);
      event.preventDefault();
    } else if (event.key === 'Enter') {
      this.close();
    }
  }

  /// The place that an error of the query text names, as nodes: the text with the character marked; null if it names none.
  markError(message) {
    const place = /^query, at character (\d+):/.exec(message);
    if (!place) return null;
    this.input.setAttribute('aria-invalid', 'true');
    const characters = [...this.text];
    const at = Number(place[1]) - 1;
    const marked = characters[at] ?? '⟨end⟩';
    return el('code', {class: 'query-error'}, characters.slice(0, at).join(''),
      el('mark', {class: 'wrong', 'aria-label': `here: ${marked}`}, marked), characters.slice(at + 1).join(''));
  }
}
