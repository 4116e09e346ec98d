// The search that the page shows, and its form in the address: sharing the address shares the search.

/// A longer address goes as a POST: many proxies take 8 KiB.
const kLongestAddress = 4096;

const kFields = ['q', 'partition', 'offset', 'time', 'order'];

export function emptySearch() {
  return {topics: [], q: '', partition: '', offset: '', time: '', order: '', follow: false, open: false};
}

/// The search that an address names. Commas part topics, as in the interface's `topic`.
export function fromAddress(query) {
  const parameters = new URLSearchParams(query);
  const search = emptySearch();
  search.topics = (parameters.get('topic') ?? '').split(',').filter((name) => name !== '');
  for (const field of kFields) search[field] = parameters.get(field) ?? '';
  search.follow = parameters.get('follow') === '1';
  search.open = parameters.get('open') === '1';
  return search;
}

function parametersOf(search) {
  const parameters = new URLSearchParams();
  parameters.set('topic', search.topics.join(','));
  for (const field of kFields) {
    if (search[field] !== '') parameters.set(field, search[field]);
  }
  return parameters;
}

export function toAddress(search) {
  const parameters = parametersOf(search);
  if (search.follow) parameters.set('follow', '1');
  return '/?' + parameters.toString();
}

/// What to ask, for api.js: {path}, or where that would be too long {path, body}.
export function searchQuestion(search, cursor = '') {
  const parameters = parametersOf(search);
  parameters.set('explain', '1');
  if (search.follow) parameters.set('follow', '1');
  else parameters.set('stream', '1');
  if (cursor) parameters.set('cursor', cursor);
  const path = '/api/v1/search?' + parameters.toString();
  if (path.length <= kLongestAddress) return {path};
  return {path: '/api/v1/search', body: JSON.stringify(Object.fromEntries(parameters))};
}

export function timelinePath(search, buckets) {
  const parameters = new URLSearchParams({topic: search.topics.join(','), buckets: String(buckets)});
  for (const field of ['partition', 'time']) {
    if (search[field] !== '') parameters.set(field, search[field]);
  }
  return '/api/v1/timeline?' + parameters.toString();
}

/// An address that shows just this message, opened.
export const hitAddress = (hit) =>
  '/?' + new URLSearchParams({topic: hit.topic, partition: hit.partition, offset: `${hit.offset}..${hit.offset}`, open: '1'});

export function neighboursOf(hit) {
  const reach = 5;
  const from = Math.max(hit.offset - reach, 0);
  return {...emptySearch(), topics: [hit.topic], partition: String(hit.partition), offset: `${from}..${hit.offset + reach - 1}`};
}
