// Talks to the server: JSON answers, and streams of server-sent events read by fetch (which, unlike EventSource, shows
// the error that an answer of 400 carries).

import {askForToken, dropToken, heldToken} from './token.js';

export class ApiError extends Error {
  constructor(status, {code = 'internal', message = '', hint = ''}) {
    super(message || `the server answered ${status}`);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/// A server that wants a token answers 401: then a person is asked for one, and the same is asked again.
async function open(path, options) {
  const token = heldToken();
  const headers = {...options.headers, ...(token ? {Authorization: `Bearer ${token}`} : {})};
  let answer;
  try {
    answer = await fetch(path, {...options, headers});
  } catch (failure) {
    if (failure.name === 'AbortError') throw failure;
    throw new ApiError(0, {code: 'unavailable', message: 'the server does not answer', hint: 'is kseek still running?'});
  }
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401) {
    if (token) dropToken(token);
    if (await askForToken(body.error ?? {}, token !== '')) return open(path, options);
  }
  throw new ApiError(answer.status, body.error ?? {});
}

export const getJson = async (path, signal) => (await open(path, {signal})).json();
export const getBytes = async (path, signal) => new Uint8Array(await (await open(path, {signal})).arrayBuffer());

export const messagePath = (hit, part = '') =>
  `/api/v1/topics/${encodeURIComponent(hit.topic)}/messages/${hit.partition}/${hit.offset}${part}`;

/// Calls onEvent(name, data) for each event of the answer to {path, body} (with a body it is a POST) until the stream
/// ends. Throws ApiError, also for an "error" event.
export async function stream({path, body}, onEvent, signal) {
  const asPost = body === undefined ? {} : {method: 'POST', body};
  const answer = await open(path, {...asPost, signal, headers: {Accept: 'text/event-stream'}});
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      const name = /^event: (.*)$/m.exec(event)?.[1];
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (!name || data === undefined) continue;  // a comment that keeps the connection alive
      if (name === 'error') throw new ApiError(0, JSON.parse(data).error);
      onEvent(name, JSON.parse(data));
    }
  }
}
