// Text of messages as nodes: the matched parts marked, and characters that would not be seen, or would turn the text
// around, made visible. Text is only ever put in as text.
import {el} from './dom.js';

/// Byte ranges of the text's UTF-8 form as ranges of the string (UTF-16), clipped to it; a range's ends inside a character
/// move to the character's ends. `ranges` rise and don't overlap.
export function stringRanges(text, ranges) {
  const found = [];
  let at = 0;
  let byte = 0;
  const advanceTo = (target, past) => {
    while (byte < target && at < text.length) {
      const point = text.codePointAt(at);
      const length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      if (!past && byte + length > target) return;
      byte += length;
      at += point < 0x10000 ? 1 : 2;
    }
  };
  for (const {begin, end} of ranges) {
    advanceTo(begin, false);
    const from = at;
    advanceTo(end, true);
    if (at > from) found.push({begin: from, end: at});
  }
  return found;
}

/// The matches in the key or value, in bytes of it as far as the text was valid UTF-8. Those behind what a list of hits
/// shows come from its snippet, of use once the message is there whole.
export function rangesIn(hit, part) {
  const ranges = (hit.matched ?? []).filter((range) => range.in === part);
  if (hit.snippet?.in !== part) return ranges;
  const {at, matched} = hit.snippet;
  return [...ranges, ...matched.map(({begin, end}) => ({begin: at + begin, end: at + end}))];
}

// Controls (tab and line breaks aside), and what changes the direction or is invisible: U+00AD, 200B..200F, 202A..202E,
// 2060..2069, FEFF.
const kUnseen = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

function unseen(character) {
  const code = character.codePointAt(0);
  const hex = 'U+' + code.toString(16).toUpperCase().padStart(4, '0');
  const shown = code < 0x20 ? String.fromCodePoint(0x2400 + code) : code === 0x7f ? '\u2421' : `⟨${hex}⟩`;
  return el('span', {class: 'control', title: hex}, shown);
}

function appendVisible(parent, text) {
  let from = 0;
  for (const match of text.matchAll(kUnseen)) {
    if (match.index > from) parent.append(text.slice(from, match.index));
    parent.append(unseen(match[0]));
    from = match.index + match[0].length;
  }
  if (from < text.length) parent.append(text.slice(from));
}

/// Appends text[begin, end) with what `marks` (string ranges of the whole text) has of it marked.
export function appendMarked(parent, text, marks, begin = 0, end = text.length) {
  let from = begin;
  for (const mark of marks) {
    const to = Math.min(mark.end, end);
    const start = Math.max(mark.begin, from);
    if (start >= to) continue;
    if (start > from) appendVisible(parent, text.slice(from, start));
    const node = el('mark');
    appendVisible(node, text.slice(start, to));
    parent.append(node);
    from = to;
  }
  if (from < end) appendVisible(parent, text.slice(from, end));
}

/// One line for a table: from a little before the first match where that is far in.
export function appendSnippet(parent, text, marks, length = 320) {
  const kBefore = 24;
  let begin = 0;
  if (marks.length > 0 && marks[0].begin > 60) begin = marks[0].begin - kBefore;
  if (begin > 0 && /[\udc00-\udfff]/.test(text[begin])) --begin;
  if (begin > 0) parent.append(el('span', {class: 'cut'}, '…'));
  let end = Math.min(text.length, begin + length);
  if (end < text.length && /[\udc00-\udfff]/.test(text[end])) ++end;
  appendMarked(parent, text, marks, begin, end);
  return end < text.length;
}

/// What the bytes were, as far as the shown text tells: 'null', 'empty', 'binary' or 'text'.
export function kindOf(text, size, truncated) {
  if (text === null) return 'null';
  if (size === 0) return 'empty';
  if (!text.includes('\ufffd')) return 'text';
  return truncated || new TextEncoder().encode(text).length !== size ? 'binary' : 'text';
}
