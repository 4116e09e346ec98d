// Partition, offset, time and order: the fields beside the query.
import {byId} from './dom.js';

const kFields = ['partition', 'offset', 'order'];

export class Controls {
  constructor(onChange) {
    this.preset = byId('time-preset');
    this.time = byId('time');
    this.preset.addEventListener('change', () => {
      const custom = this.preset.value === 'custom';
      byId('time-field').hidden = !custom;
      if (custom) this.time.focus();
      else onChange();
    });
    byId('order').addEventListener('change', onChange);
    for (const id of ['time', 'partition', 'offset']) byId(id).addEventListener('change', onChange);
  }

  read() {
    const time = this.preset.value === 'custom' ? this.time.value.trim() : this.preset.value;
    return {time, ...Object.fromEntries(kFields.map((id) => [id, byId(id).value.trim()]))};
  }

  write(search) {
    for (const id of kFields) byId(id).value = search[id];
    const known = [...this.preset.options].some((option) => option.value === search.time && option.value !== 'custom');
    this.preset.value = known ? search.time : 'custom';
    this.time.value = known ? '' : search.time;
    byId('time-field').hidden = known;
  }
}
