// A JSON text as a tree that folds. It is read by a scanner of its own that keeps every token as it was sent: numbers are
// never turned into JavaScript's, strings keep their escapes, names may repeat.
import {el} from './dom.js';
import {appendMarked} from './text_marks.js';

const kMaxDepth = 100;
const kShownChildren = 100;

/// The root {kind, begin, end, children:[{name, value}]} of a valid JSON object or array; null for any other text.
export function scan(text) {
  const trimmed = text.trimStart();
  if (!trimmed.startsWith('{') && !trimmed.startsWith('[')) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let at = 0;
  const space = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at])) ++at;
  };
  const token = (pattern) => {
    pattern.lastIndex = at;
    const begin = at;
    at += pattern.exec(text)[0].length;
    return {begin, end: at};
  };
  const string = () => token(/"(?:[^"\\]|\\.)*"/y);
  function value(depth) {
    space();
    const first = text[at];
    if (first === '"') return {kind: 'string', ...string()};
    if (first !== '{' && first !== '[') {
      const kind = first === 't' || first === 'f' ? 'boolean' : first === 'n' ? 'null' : 'number';
      return {kind, ...token(/[-+.\w]+/y)};
    }
    if (depth > kMaxDepth) throw new RangeError('too deep');
    const node = {kind: first === '{' ? 'object' : 'array', begin: at, end: at, children: []};
    const close = first === '{' ? '}' : ']';
    ++at;
    space();
    while (text[at] !== close) {
      let name = null;
      if (node.kind === 'object') {
        name = string();
        space();
        ++at;  // :
      }
      node.children.push({name, value: value(depth + 1)});
      space();
      if (text[at] === ',') ++at;
      space();
    }
    node.end = ++at;
    return node;
  }
  try {
    return value(0);
  } catch (failure) {
    if (failure instanceof RangeError) return null;  // nested too deep to draw: shown raw
    throw failure;
  }
}

/// The dotted paths of the fields of an object or array, as a query writes them: "customer.id", "items[*].sku".
export function fieldPaths(text, node, limit = 200) {
  const paths = new Set();
  const visit = (current, path) => {
    if (paths.size >= limit) return;
    if (current.children === undefined) {
      if (path !== '') paths.add(path);
      return;
    }
    for (const {name, value} of current.children.slice(0, kShownChildren)) {
      const step = name === null ? '[*]' : JSON.parse(text.slice(name.begin, name.end));
      if (name !== null && !/^[\p{L}\p{N}_$-]+$/u.test(step)) continue;  // it would need escapes
      visit(value, name === null ? path + step : path === '' ? step : `${path}.${step}`);
    }
  };
  visit(node, '');
  return [...paths];
}

export function jsonView(text, root, marks) {
  const piece = (cls, {begin, end}) => {
    const node = el('span', {class: cls});
    appendMarked(node, text, marks, begin, end);
    return node;
  };
  const marked = ({begin, end}) => marks.some((mark) => mark.begin < end && mark.end > begin);

  function line(name, node, depth) {
    const label = name === null ? [] : [piece('name', name), ': '];
    if (node.children === undefined) return el('div', {class: 'leaf'}, ...label, piece(node.kind, node));
    const [opening, closing] = node.kind === 'object' ? ['{', '}'] : ['[', ']'];
    const size = node.children.length;
    if (size === 0) return el('div', {class: 'leaf'}, ...label, opening + closing);
    const unit = node.kind === 'object' ? 'field' : 'item';
    const gist = el('span', {class: 'gist'}, ` ${size} ${unit}${size === 1 ? '' : 's'} `);
    const details = el('details', {class: 'fold'}, el('summary', {}, ...label, opening, gist, el('span', {class: 'gist'}, closing)));
    const body = el('div', {class: 'body'});
    details.append(body, el('div', {class: 'closing'}, closing));
    let drawn = 0;
    const draw = () => {
      const more = body.querySelector(':scope > button');
      if (more) more.remove();
      const until = Math.min(size, drawn + kShownChildren);
      for (; drawn < until; ++drawn) body.append(line(node.children[drawn].name, node.children[drawn].value, depth + 1));
      if (drawn < size) body.append(el('button', {type: 'button', class: 'quiet', onclick: draw}, `${size - drawn} more…`));
    };
    const open = depth < 3 || marked(node);
    details.addEventListener('toggle', () => {
      if (details.open && drawn === 0) draw();
    });
    if (open) {
      draw();
      details.open = true;
    }
    return details;
  }
  return el('div', {class: 'json'}, line(null, root, 0));
}
