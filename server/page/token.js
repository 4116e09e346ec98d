// The token that the server asks for: kept for this tab alone (sessionStorage), sent as a header, never in an address.
import {byId} from './dom.js';

const kPlace = 'kseek-token';

let held = '';
try {
  held = sessionStorage.getItem(kPlace) ?? '';
} catch { /* storage may be forbidden: then the token lasts as long as the page */ }

export const heldToken = () => held;

function keep(token) {
  held = token;
  try {
    if (token) sessionStorage.setItem(kPlace, token);
    else sessionStorage.removeItem(kPlace);
  } catch { /* as above */ }
}

/// Forgets the token, unless another has come in its place meanwhile.
export function dropToken(token) {
  if (held === token) keep('');
}

let asking = null;     // the promise of an answer that is waited for
let declined = false;  // not to be asked again, until the page is loaded anew

/// Asks the person, once for all who wait; true: there is one now. `refused`: the one that was sent is not good.
export function askForToken({message = '', hint = ''}, refused) {
  if (held || declined) return Promise.resolve(held !== '');
  asking ??= new Promise((resolve) => {
    const dialog = byId('token');
    const field = byId('token-field');
    byId('token-note').textContent = refused ? `${message}: ${hint}` : '';
    field.value = '';
    dialog.addEventListener('close', () => {
      asking = null;
      const given = dialog.returnValue === 'use' ? field.value.trim() : '';
      field.value = '';
      if (given) keep(given);
      else declined = true;
      resolve(given !== '');
    }, {once: true});
    dialog.returnValue = '';
    dialog.showModal();
  });
  return asking;
}
