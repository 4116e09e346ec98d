// What could stand at the caret of the query: fields, JSON paths and header names seen in hits, topics, operators.

const kFields = [
  ['key:', 'in the key'], ['value:', 'in the value'], ['header:', 'in any header'], ['partition:', '0,3'],
  ['offset:', '1000..2000'], ['time:', '-3d..'],
];
const kMaxShown = 8;

/// The word that ends at the caret, and where it begins. Inside quotation marks there is none.
export function wordAt(text, caret) {
  const before = text.slice(0, caret);
  if ((before.match(/(^|[^\\])"/g) ?? []).length % 2 === 1) return null;
  const begin = before.search(/[^\s()]*$/);
  const dash = before[begin] === '-' ? 1 : 0;
  return {begin: begin + dash, text: before.slice(begin + dash)};
}

/// Options for the word: [{insert, label, hint, topic}]. `learnt` has paths ("customer.id") and headers ("trace-id").
export function completions(word, learnt, topics, chosen) {
  if (word === null || word.text === '') return [];
  const typed = word.text.toLowerCase();
  const options = [];
  const offer = (insert, hint, topic = null) => {
    if (insert.toLowerCase().startsWith(typed) && insert.toLowerCase() !== typed) options.push({insert, hint, topic});
  };
  for (const [field, hint] of kFields) offer(field, hint);
  for (const path of learnt.paths) offer(path.startsWith('[') ? `value${path}:` : `value.${path}:`, 'a field seen in hits');
  for (const name of learnt.headers) offer(`header.${name}:`, 'a header seen in hits');
  for (const word of ['OR', 'NOT', 'AND']) if (typed === word.slice(0, typed.length).toLowerCase()) offer(word + ' ', 'combine');
  for (const name of topics) if (!chosen.includes(name)) offer(name, 'search in this topic', name);
  return options.slice(0, kMaxShown);
}
