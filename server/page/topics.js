// The topics with state and lag, and which of them are searched: names, and patterns with *.
import {byId, bytes, count, el} from './dom.js';
import {getJson} from './api.js';

const kShown = 200;
const kPollMs = 5000;

export class Topics {
  constructor(onChange) {
    this.onChange = onChange;
    this.topics = [];
    this.chosen = [];
    this.trouble = '';  // why the topics could not be asked for
    this.filter = byId('topic-filter');
    this.filter.addEventListener('input', () => this.draw());
    this.filter.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.chooseTyped();
    });
    byId('topic-pattern').addEventListener('click', () => this.chooseTyped());
    document.addEventListener('visibilitychange', () => this.schedule());
    if (matchMedia('(max-width: 860px)').matches) byId('topics-fold').open = false;
  }

  get names() { return this.topics.map((topic) => topic.name); }

  /// Asks now and then every few seconds, while the page is seen; the next asking begins when the last has ended.
  async poll() {
    try {
      this.topics = (await getJson('/api/v1/topics')).topics;
      this.trouble = '';
    } catch (failure) {
      this.trouble = failure.message;
    }
    this.draw();
    this.schedule();
  }

  schedule() {
    clearTimeout(this.timer);
    if (!document.hidden) this.timer = setTimeout(() => this.poll(), kPollMs);
  }

  note(text) { byId('topic-note').textContent = text; }

  choose(names) {
    this.chosen = [...new Set(names)];
    this.draw();
  }

  toggle(name) {
    this.choose(this.chosen.includes(name) ? this.chosen.filter((other) => other !== name) : [...this.chosen, name]);
    this.onChange();
  }

  chooseTyped() {
    const typed = this.filter.value.trim();
    const known = this.names.includes(typed) || (typed.includes('*') && !typed.includes(','));
    if (!known || this.chosen.includes(typed)) return;
    this.filter.value = '';
    this.toggle(typed);
  }

  draw() {
    const typed = this.filter.value.trim().toLowerCase();
    const pattern = typed.includes('*');
    const shape = new RegExp(typed.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*'));
    const found = this.topics.filter((topic) => shape.test(topic.name.toLowerCase()));
    const button = byId('topic-pattern');
    button.hidden = !pattern;
    button.textContent = `Search in ${this.filter.value.trim()} (${count(found.length, 'topic')} now)`;
    const list = byId('topic-list');
    const focused = document.activeElement?.dataset?.topic;
    list.replaceChildren(...found.slice(0, kShown).map((topic) => this.item(topic)));
    if (focused !== undefined) list.querySelector(`input[data-topic="${CSS.escape(focused)}"]`)?.focus();
    const shown = this.chosen.length;
    byId('topics-count').textContent = shown === 0 ? `${this.topics.length}` : `${shown} chosen of ${this.topics.length}`;
    if (this.trouble) this.note(this.trouble);
    else if (found.length > kShown) this.note(`${found.length - kShown} more: type a part of the name`);
    else if (this.topics.length === 0) this.note('No topic is opened. On the command line: kseek open TOPIC');
    else this.note('');
    this.drawChosen();
  }

  item(topic) {
    const lag = topic.lag > 0 ? `lag ${topic.lag.toLocaleString('en')}` : 'lag 0';
    const facts = `${count(topic.messages, 'message')} · ${bytes(topic.raw_bytes)}`;
    const state = topic.state.replace('_', ' ');
    return el('li', {class: `topic ${topic.state}`},
      el('label', {title: topic.reason ?? `${state}; ${facts}; ${bytes(topic.stored_bytes + topic.index_bytes)} on disk`},
        el('input', {
          type: 'checkbox', 'data-topic': topic.name, checked: this.chosen.includes(topic.name),
          onchange: () => this.toggle(topic.name),
        }),
        el('span', {class: 'name'}, topic.name),
        el('span', {class: 'state'}, el('span', {class: 'dot', 'aria-hidden': 'true'}), state),
        el('span', {class: topic.lag > 0 ? 'lag behind' : 'lag'}, lag),
        el('span', {class: 'facts'}, facts)),
      topic.reason ? el('p', {class: 'reason'}, topic.reason) : null);
  }

  drawChosen() {
    const items = this.chosen.map((name) => el('li', {}, el('span', {}, name),
      el('button', {type: 'button', class: 'quiet', 'aria-label': `don't search in ${name}`, onclick: () => this.toggle(name)}, '✕')));
    byId('chosen').replaceChildren(...(items.length > 0 ? items : [el('li', {class: 'none'}, 'no topic: choose one under Topics')]));
  }
}
