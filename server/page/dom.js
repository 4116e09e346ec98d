// Makes elements. Text goes in as text only: nothing here, nor anywhere else on the page, reads markup from a string.

export const byId = (id) => document.getElementById(id);

/// el('td', {class: 'key', title: 'x', onclick: f}, 'text', node, null): attributes, listeners, children; null is left out.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function svg(tag, attributes = {}) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

export const count = (n, one, many = one + 's') => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

export function bytes(n) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    ++unit;
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

export const ms = (n) => (n >= 1000 ? `${(n / 1000).toFixed(1)} s` : n >= 10 ? `${Math.round(n)} ms` : `${n.toFixed(1)} ms`);

/// "2026-11-20T10:00:00.500Z" as it stands in the table.
export const timeText = (iso) => (iso === null ? 'no time' : iso.replace('T', ' ').replace('Z', ''));

/// A message's time in milliseconds. What RFC 3339 can't say (years after 9999) comes, and goes, as milliseconds.
export const timeMs = (text) => (/^-?\d+$/.test(text) ? Number(text) : Date.parse(text));

/// The other way around.
export const timeOf = (ms) => (ms > Date.parse('9999-12-31T23:59:59.999Z') ? String(Math.round(ms)) : new Date(Math.round(ms)).toISOString());
