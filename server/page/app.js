// Brings the parts together: one search at a time, from the fields to the address, the stream and the table.
import {byId, count, el} from './dom.js';
import {stream} from './api.js';
import {emptySearch, fromAddress, searchQuestion, toAddress} from './state.js';
import {Answer} from './answer.js';
import {Controls} from './controls.js';
import {listenToKeys} from './keys.js';
import {QueryBox} from './query_box.js';
import {Results} from './results.js';
import {Timeline} from './timeline.js';
import {Topics} from './topics.js';

const kTopicsAtFirst = 5;

const results = new Results();
const answer = new Answer();
const topics = new Topics(() => run());
const controls = new Controls(() => run());
const box = new QueryBox({
  topics: () => topics.names, chosen: () => topics.chosen,
  choose: (name) => topics.toggle(name),
});
const timeline = new Timeline((range) => {
  controls.write({...current(), time: range});
  run();
});

let shown = emptySearch();  // what the page shows
let cursor = null;          // of its last answer
let running = null;         // AbortController of the stream that is open
let live = {on: false, fresh: 0, skipped: 0, gone: 0};

function current() {
  return {...emptySearch(), topics: topics.chosen, q: box.text.trim(), ...controls.read(), follow: live.on};
}

const manyTopics = () => shown.topics.length > 1 || shown.topics.some((name) => name.includes('*'));

function showError(failure) {
  const place = box.markError(failure.message);
  byId('error').replaceChildren(...[place, el('p', {}, failure.message), failure.hint ? el('p', {class: 'hint'}, failure.hint) : null]
    .filter((node) => node !== null));
  byId('error').hidden = false;
  answer.begin('');
  for (const id of ['coverage-body', 'explain-body']) byId(id).replaceChildren();
}

function clearError() {
  byId('error').hidden = true;
  byId('error').replaceChildren();
}

function take(hits) {
  box.learn(hits);
  if (live.on && live.settled) {
    live.fresh += hits.length;
    live.gone += results.prepend(hits, manyTopics());
    sayLive();
  } else {
    results.append(hits, manyTopics());
  }
  timeline.mark(results.hits);
  byId('nothing').hidden = true;
}

let liveTimer = null;
/// At most once a second, so that a screen reader is not talked over.
function sayLive() {
  if (liveTimer !== null) return;
  liveTimer = setTimeout(() => {
    liveTimer = null;
    if (!live.on) return;
    const parts = [count(live.fresh, 'new match', 'new matches')];
    if (live.skipped > 0) parts.push(`${count(live.skipped, 'message')} skipped, as more came than could be taken`);
    if (live.gone > 0) parts.push(`${count(live.gone, 'older row')} dropped from the page`);
    byId('status').className = live.skipped > 0 ? 'incomplete' : 'live';
    byId('status').replaceChildren(el('strong', {}, 'Live'), ` ${parts.join(' · ')}`);
  }, live.fresh + live.skipped > 0 ? 1000 : 0);
}

function finish(summary) {
  cursor = summary.more ? summary.cursor : null;
  answer.summary(summary, results.rows.length);
  byId('older').hidden = cursor === null || live.on;
  byId('back').hidden = results.rows.length <= 10;
  byId('nothing').hidden = results.rows.length > 0;
  byId('nothing').textContent = summary.complete ? 'No message matches.' : 'No match so far; what was not considered is said above.';
  if (shown.open) results.openAt(0);
  shown.open = false;
  if (!live.on) return;
  live.settled = true;
  sayLive();
}

function onEvent(name, data) {
  if (name === 'hits') take(data.hits);
  else if (name === 'progress') answer.progress(data, results.rows.length);
  else if (name === 'summary') finish(data);
  else if (name === 'skipped') {
    live.skipped += data.messages;
    sayLive();
  }
}

async function follow(question) {
  running?.abort();
  const mine = running = new AbortController();
  try {
    await stream(question, (name, data) => {
      if (!mine.signal.aborted) onEvent(name, data);
    }, mine.signal);
    if (live.on && !mine.signal.aborted) stopLive('The server ended the live tail.');
  } catch (failure) {
    if (mine.signal.aborted) return;
    if (live.on) stopLive('');
    showError(failure.hint === undefined ? {message: 'the connection was lost', hint: 'search again'} : failure);
  }
}

/// Searches for what the fields say. `record`: in the history too.
function run(record = true) {
  shown = {...current(), open: shown.open};
  if (record && toAddress(shown) !== location.pathname + location.search) history.pushState(null, '', toAddress(shown));
  document.title = shown.q ? `${shown.q} · kseek` : 'kseek';
  results.clear();
  cursor = null;
  live = {on: live.on, settled: false, fresh: 0, skipped: 0, gone: 0};
  for (const id of ['older', 'back', 'nothing']) byId(id).hidden = true;
  clearError();
  running?.abort();
  timeline.mark([]);
  if (shown.topics.length === 0) {
    answer.begin('Choose a topic to search in.');
    return;
  }
  answer.begin('Searching…');
  follow(searchQuestion(shown)).catch(showError);
  timeline.load(shown, running.signal);
}

function older() {
  if (cursor === null || byId('older').hidden) return;
  const first = results.rows.length;
  byId('older').hidden = true;
  clearError();
  follow(searchQuestion({...shown, follow: false}, cursor)).then(() => {
    if (results.rows.length > first) results.focus(first);
  });
}

function setLive(on) {
  live.on = on;
  byId('live').setAttribute('aria-pressed', String(on));
  if (on) controls.write({...controls.read(), order: ''});
}

function stopLive(text) {
  setLive(false);
  byId('status').className = '';
  byId('status').textContent = text;
}

function toggleLive() {
  setLive(!live.on);
  run();
}

function top() {
  results.focus(0);
  scrollTo({top: 0});
}

function restore() {
  const search = fromAddress(location.search);
  topics.choose(search.topics);
  box.text = search.q;
  controls.write(search);
  setLive(search.follow);
  shown.open = search.open;
}

byId('search').addEventListener('submit', (event) => {
  event.preventDefault();
  box.close();
  run();
});
byId('live').addEventListener('click', toggleLive);
byId('older').addEventListener('click', older);
byId('back').addEventListener('click', top);
addEventListener('popstate', () => {
  restore();
  run(false);
});
listenToKeys({
  focusQuery: () => box.focus(), move: (step) => results.move(step), older, top, live: toggleLive,
  close: () => results.closeOne(),
  explain: () => { byId('explain').open = !byId('explain').open; },
});

restore();
await topics.poll();
if (topics.chosen.length === 0 && topics.names.length <= kTopicsAtFirst) topics.choose(topics.names);
run(false);
