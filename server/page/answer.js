// What is said of an answer: how many, how long, whether it is complete and if not why, coverage by partition, and how it
// was found.
import {byId, bytes, count, el, ms} from './dom.js';

export class Answer {
  begin(text) {
    byId('status').className = '';
    byId('status').textContent = text;
    byId('reasons').replaceChildren();
    byId('progress').hidden = true;
  }

  progress(done, shown) {
    const bar = byId('progress');
    bar.hidden = done.full_scan_bytes === 0;
    bar.max = Math.max(done.full_scan_bytes, 1);
    bar.value = Math.min(done.bytes_read, bar.max);
    byId('status').textContent = `Searching: ${count(shown, 'hit')} so far, ${count(done.blocks_opened, 'block')} opened, ` +
      `${bytes(done.bytes_read)} of ${bytes(done.full_scan_bytes)} read`;
  }

  /// `shown`: hits on the page. `took_ms` and the rest are the latest answer's.
  summary(answer, shown) {
    byId('progress').hidden = true;
    const status = byId('status');
    const lag = answer.coverage.reduce((sum, row) => sum + (row.lag ?? 0), 0);
    const partitions = answer.coverage_rows ?? answer.coverage.length;
    status.className = answer.complete ? 'complete' : 'incomplete';
    status.replaceChildren(
      el('strong', {}, answer.complete ? 'Complete' : 'Incomplete'),
      ` ${count(shown, 'hit')}${answer.more ? ', there are more' : ''} · ${ms(answer.took_ms)} · ` +
      `${count(partitions, 'partition')}, lag ${lag.toLocaleString('en')}`);
    byId('reasons').replaceChildren(...(answer.incomplete_because ?? []).map((reason) => el('li', {}, reason)));
    this.drawCoverage(answer.coverage);
    if (answer.explain) drawExplain(byId('explain-body'), answer.explain, answer.took_ms);
  }

  drawCoverage(rows) {
    const number = (n) => el('td', {class: 'number'}, n === null ? '?' : n.toLocaleString('en'));
    const heads = ['Topic', 'Partition', 'From offset', 'Indexed to', 'End', 'Lag', 'Dead letters'];
    const body = rows.slice(0, 1000).map((row) => el('tr', {class: row.lag > 0 || row.lag === null ? 'behind' : null},
      el('th', {scope: 'row'}, row.topic), number(row.partition), number(row.low), number(row.indexed_to), number(row.end),
      number(row.lag), number(row.dead_letters)));
    byId('coverage-body').replaceChildren(
      el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Coverage by partition'},
        el('table', {class: 'small'}, el('caption', {class: 'unseen'}, 'Coverage by partition'),
          el('thead', {}, el('tr', {}, ...heads.map((head, i) => el('th', {scope: 'col', class: i > 0 ? 'number' : null}, head)))),
          el('tbody', {}, ...body))));
  }
}

function bar(label, value, total, shown, cls = '') {
  const fill = el('span', {class: `fill ${cls}`});
  fill.style.width = `${total > 0 ? Math.max((value / total) * 100, value > 0 ? 0.6 : 0) : 0}%`;
  return el('tr', {}, el('th', {scope: 'row'}, label), el('td', {class: 'number'}, shown),
    el('td', {class: 'track', 'aria-hidden': 'true'}, fill));
}

function chart(title, ...rows) {
  return el('table', {class: 'chart'}, el('caption', {}, title), el('tbody', {}, ...rows));
}

export function drawExplain(place, explain, tookMs) {
  const total = explain.blocks_total;
  const blocks = (label, n, cls) => bar(label, n, total, n.toLocaleString('en'), cls);
  const left = total - explain.pruned_by_metadata;
  const asked = explain.blocks_not_asked > 0 ? [blocks('whose index was asked', left - explain.blocks_not_asked, 'step')] : [];
  const steps = explain.steps.map((step) => blocks(`after ${step.condition}`, step.blocks_left, 'step'));
  const share = explain.full_scan_bytes > 0 ? (explain.bytes_read / explain.full_scan_bytes) * 100 : 0;
  const time = (label, n) => bar(label, n, Math.max(tookMs, explain.plan_ms + explain.read_ms + explain.verify_ms), ms(n), 'time');
  const lines = [
    `${count(explain.messages_verified, 'message')} compared one by one; ${count(explain.memory_blocks_scanned, 'block')} ` +
      'in memory scanned, as the newest messages have no index yet.',
    explain.blocks_not_asked > 0
      ? `The answer was certain before the index of ${count(explain.blocks_not_asked, 'block')} was asked.` : null,
    ...explain.notes,
  ].filter((line) => line !== null);
  place.replaceChildren(
    chart('Blocks of messages', blocks('on disk', total), blocks('after partition, offset, time', left, 'step'),
      ...asked, ...steps, blocks('opened', explain.blocks_opened, 'opened')),
    chart('Bytes', bar('a full scan', explain.full_scan_bytes, explain.full_scan_bytes, bytes(explain.full_scan_bytes)),
      bar('read', explain.bytes_read, explain.full_scan_bytes, `${bytes(explain.bytes_read)}, ${share < 10 ? share.toFixed(1) : Math.round(share)} %`, 'opened')),
    chart('Time', time('plan', explain.plan_ms), time('read', explain.read_ms), time('compare', explain.verify_ms)),
    el('ul', {class: 'notes'}, ...lines.map((line) => el('li', {}, line))));
}
