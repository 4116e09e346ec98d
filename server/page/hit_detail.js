// One message, opened: where and when, key, value (as JSON, raw, hexadecimal), headers, and what can be done with it.
import {bytes, count, el, timeText} from './dom.js';
import {getBytes, getJson, messagePath} from './api.js';
import {heldToken} from './token.js';
import {hitAddress, neighboursOf, toAddress} from './state.js';
import {appendMarked, kindOf, rangesIn, stringRanges} from './text_marks.js';
import {jsonView, scan} from './json_view.js';

const kHexBytes = 4096;

const quoted = (text) => (/^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

function copyButton(label, text) {
  const button = el('button', {type: 'button', class: 'quiet'}, label);
  button.addEventListener('click', async () => {
    let said = 'Copied';
    try {
      await navigator.clipboard.writeText(await text());
    } catch (failure) {
      said = failure.hint === undefined ? 'Copying is not allowed here' : failure.message;
    }
    button.textContent = said;
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}

/// null, empty and binary, told apart in words.
export function nature(text, size, truncated, isValue) {
  const kind = kindOf(text, size, truncated);
  if (kind === 'null') return el('span', {class: 'badge'}, isValue ? 'tombstone (null)' : 'null');
  if (kind === 'empty') return el('span', {class: 'badge'}, 'empty, 0 bytes');
  if (kind === 'binary') return el('span', {class: 'badge'}, `binary, ${count(size, 'byte')}`);
  return null;
}

function rawView(text, marks) {
  const pre = el('pre', {class: 'raw', tabindex: '0', dir: 'auto'});
  appendMarked(pre, text, marks);
  return pre;
}

function hexDump(data) {
  const lines = [];
  for (let at = 0; at < Math.min(data.length, kHexBytes); at += 16) {
    const row = [...data.subarray(at, Math.min(at + 16, kHexBytes))];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ').padEnd(47);
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex}  ${text}`);
  }
  if (data.length > kHexBytes) lines.push(`… ${count(data.length - kHexBytes, 'more byte')}: download them`);
  return el('pre', {class: 'raw hex', tabindex: '0'}, lines.join('\n'));
}

/// The value's views, one button each; the first that fits is shown.
function valueViews(hit, text, marks) {
  const root = scan(text);
  const views = [
    root === null ? null : ['JSON', () => jsonView(text, root, marks)],
    ['As sent', () => rawView(text, marks)],
    ['Hex', async () => hexDump(await getBytes(messagePath(hit, '/value')))],
  ].filter((view) => view !== null);
  const body = el('div', {class: 'view'});
  const buttons = views.map(([name, draw], i) => el('button', {
    type: 'button', class: 'quiet', 'aria-pressed': String(i === 0),
    onclick: async (event) => {
      for (const button of buttons) button.setAttribute('aria-pressed', String(button === event.currentTarget));
      try {
        body.replaceChildren(await draw());
      } catch (failure) {
        body.replaceChildren(el('p', {class: 'note'}, failure.message));
      }
    },
  }, name));
  body.append(views[0][1]());
  return [el('span', {class: 'views', role: 'group', 'aria-label': 'Shown as'}, ...buttons), body];
}

function part(hit, whole, name) {
  const text = whole[name];
  const size = whole[`${name}_size`];
  const badge = nature(text, size, whole.truncated, name === 'value');
  const heading = el('h3', {}, name === 'key' ? 'Key' : 'Value', ' ', el('small', {}, text === null ? '' : bytes(size)));
  const section = el('section', {class: `part ${name}`}, el('div', {class: 'part-head'}, heading, badge));
  if (text === null || size === 0) return section;
  const marks = stringRanges(text, rangesIn(hit, name));
  if (name === 'key') {
    section.append(rawView(text, marks));
  } else {
    const [buttons, body] = valueViews(hit, text, marks);
    section.firstChild.append(buttons);
    section.append(body);
  }
  if (new TextEncoder().encode(text).length < size) {
    section.append(el('p', {class: 'note'}, `Shown to ${bytes(new TextEncoder().encode(text).length)}; the download has all of it.`));
  }
  return section;
}

function headersTable(headers) {
  const section = el('section', {class: 'part headers'}, el('h3', {}, 'Headers ', el('small', {}, String(headers.length))));
  if (headers.length === 0) return section;
  const body = el('tbody', {});
  for (const {name, value} of headers) {
    const left = el('th', {scope: 'row'});
    appendMarked(left, name, []);
    const right = el('td');
    if (value === null) right.append(el('span', {class: 'badge'}, 'null'));
    else if (value === '') right.append(el('span', {class: 'badge'}, 'empty'));
    else appendMarked(right, value, []);
    body.append(el('tr', {}, left, right));
  }
  section.append(el('table', {}, el('caption', {class: 'unseen'}, 'Headers'), body));
  return section;
}

function facts(hit) {
  const pairs = [
    ['Topic', hit.topic], ['Partition', String(hit.partition)], ['Offset', String(hit.offset)],
    [`Time (${hit.timestamp_type})`, timeText(hit.create_time)], ['Taken in', timeText(hit.ingest_time)],
  ];
  return el('dl', {class: 'facts'}, ...pairs.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
}

/// A link carries no token, so where one is needed the bytes are fetched and given to the browser from here.
function downloadLink(path, file, label) {
  const link = el('a', {href: path, download: file}, label);
  link.addEventListener('click', async (event) => {
    if (!heldToken()) return;
    event.preventDefault();
    try {
      const address = URL.createObjectURL(new Blob([await getBytes(path)]));
      el('a', {href: address, download: file}).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (failure) {
      link.after(el('span', {class: 'note'}, ` ${failure.message}`));
    }
  });
  return link;
}

function actions(hit, whole) {
  const server = location.origin === 'http://127.0.0.1:7420' ? '' : ` --server ${location.origin}`;
  const kseek = `kseek get ${quoted(hit.topic)} ${hit.partition} ${hit.offset}${server}`;
  const kcat = `kcat -b BROKERS -C -t ${quoted(hit.topic)} -p ${hit.partition} -o ${hit.offset} -c 1 -J`;
  const decoder = new TextDecoder();
  const text = (name) => (whole.truncated ? getBytes(messagePath(hit, `/${name}`)).then((b) => decoder.decode(b)) : whole[name]);
  const link = (name) => downloadLink(messagePath(hit, `/${name}`), `${hit.topic}-${hit.partition}-${hit.offset}.${name}`, `Download ${name}`);
  return el('div', {class: 'actions', role: 'group', 'aria-label': 'This message'},
    whole.value === null ? null : copyButton('Copy value', () => text('value')),
    whole.key === null ? null : copyButton('Copy key', () => text('key')),
    copyButton('Copy link', () => location.origin + hitAddress(hit)),
    copyButton('Copy kseek command', () => kseek),
    copyButton('Copy kcat command', () => kcat),
    whole.value === null ? null : link('value'),
    whole.key === null ? null : link('key'),
    el('a', {href: toAddress(neighboursOf(hit))}, 'Neighbours'));
}

/// Fills `cell` with the message; asks for it whole when the hit was cut.
export async function showDetail(cell, hit) {
  let whole = hit;
  let trouble = null;
  if (hit.truncated) {
    cell.replaceChildren(el('p', {class: 'note'}, 'Reading the whole message…'));
    try {
      whole = {...hit, ...(await getJson(messagePath(hit)))};
    } catch (failure) {
      trouble = el('p', {class: 'note'}, `${failure.message}: shown as far as the list has it.`);
    }
  }
  const parts = [facts(hit), trouble, actions(hit, whole), part(hit, whole, 'key'), part(hit, whole, 'value'), headersTable(whole.headers)];
  cell.replaceChildren(...parts.filter((node) => node !== null));
}
