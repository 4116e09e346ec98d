// The keyboard, where no field is being typed in.
import {byId} from './dom.js';

const typing = (target) => target.matches?.('input:not([type=checkbox]), textarea, select') || target.isContentEditable;

export function listenToKeys(actions) {
  const help = byId('help');
  byId('help-open').addEventListener('click', () => help.showModal());
  const plain = {
    '/': actions.focusQuery, j: () => actions.move(1), k: () => actions.move(-1), n: actions.older, g: actions.top,
    l: actions.live, e: actions.explain, '?': () => help.showModal(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
    if (event.key === 'Escape') {
      if (typing(event.target)) event.target.blur();
      else actions.close();
      return;
    }
    if (typing(event.target)) return;
    const action = plain[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
