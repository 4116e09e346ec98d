// Messages over time, all of them, whatever they say: matches can't be counted without reading every message, and this
// does not pretend to. The hits on the page are ticks on it. Dragging over it sets the time range.
import {byId, count, svg, timeMs, timeOf, timeText} from './dom.js';
import {getJson} from './api.js';
import {timelinePath} from './state.js';

const kBuckets = 120;
const kHeight = 48;

export class Timeline {
  constructor(onRange) {
    this.onRange = onRange;
    this.line = null;
    this.hits = [];
    this.figure = byId('timeline');
    this.bars = byId('timeline-bars');
    this.bars.setAttribute('viewBox', `0 0 ${kBuckets} ${kHeight}`);
    this.bars.addEventListener('pointerdown', (event) => this.startBrush(event));
    this.bars.addEventListener('pointermove', (event) => this.moveBrush(event));
    this.bars.addEventListener('pointerup', () => this.endBrush());
    this.bars.addEventListener('pointercancel', () => this.dropBrush());
  }

  async load(search, signal) {
    try {
      this.line = await getJson(timelinePath(search, kBuckets), signal);
    } catch {
      this.line = null;  // the search says what is wrong
    }
    if (!signal.aborted) this.draw();
  }

  mark(hits) {
    this.hits = hits;
    if (this.line) this.draw();
  }

  draw() {
    this.figure.hidden = this.line === null || this.line.messages === 0;
    if (this.figure.hidden) return;
    const {buckets, messages, spread, from, to} = this.line;
    this.from = timeMs(from);
    this.span = timeMs(to) - this.from;
    const width = kBuckets / buckets.length;
    const most = Math.max(...buckets);
    const marks = kHeight - 6;
    const shapes = buckets.map((n, i) => {
      const height = n === 0 ? 0 : Math.max((n / most) * (marks - 3), 1);
      const node = svg('rect', {class: 'bar', x: i * width, y: marks - height, width: Math.max(width - 0.15, 0.1), height});
      const title = svg('title');
      title.textContent = `${this.stamp(i / buckets.length)}: ${count(n, 'message')}`;
      node.append(title);
      return node;
    });
    for (const hit of this.hits) {
      const at = ((timeMs(hit.timestamp) - this.from) / this.span) * kBuckets;
      if (at >= 0 && at <= kBuckets) shapes.push(svg('rect', {class: 'tick', x: Math.min(at, kBuckets - 0.35), y: marks + 1, width: 0.35, height: 5}));
    }
    this.brush = svg('rect', {class: 'brush', y: 0, height: kHeight, x: 0, width: 0});
    this.bars.replaceChildren(...shapes, this.brush);
    byId('timeline-from').textContent = this.stamp(0);
    byId('timeline-to').textContent = this.stamp(1);
    const estimate = spread > 0 ? ` (${spread.toLocaleString('en')} of them spread evenly over their blocks' time)` : '';
    byId('timeline-caption').textContent =
      `All ${count(messages, 'message')} by time${estimate}, not only matches; the ticks below are the hits shown. Drag to set the time.`;
    this.bars.setAttribute('aria-label', `${count(messages, 'message')} from ${this.stamp(0)} to ${this.stamp(1)}`);
  }

  stamp(share) {
    const text = timeText(timeOf(this.from + share * this.span));
    return this.span > 86_400_000 ? text.slice(0, 16) : text.slice(0, 19);
  }

  share(event) {
    const box = this.bars.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  }

  startBrush(event) {
    if (event.button !== 0) return;
    this.bars.setPointerCapture(event.pointerId);
    this.start = this.end = this.share(event);
  }

  moveBrush(event) {
    if (this.start === undefined) return;
    this.end = this.share(event);
    this.brush.setAttribute('x', Math.min(this.start, this.end) * kBuckets);
    this.brush.setAttribute('width', Math.abs(this.end - this.start) * kBuckets);
  }

  endBrush() {
    if (this.start === undefined) return;
    const [a, b] = [Math.min(this.start, this.end), Math.max(this.start, this.end)];
    this.dropBrush();
    if (b - a < 0.004) return;  // a click
    const at = (share) => timeOf(this.from + share * this.span);
    this.onRange(`${at(a)}..${at(b)}`);
  }

  dropBrush() {
    this.start = undefined;
    this.brush?.setAttribute('width', 0);
  }
}
