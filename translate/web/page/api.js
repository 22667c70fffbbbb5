// Requests to this server, the only one that the page talks to.

import { parseEvents } from "./text.js";

const TOKEN = "translate-token";
const TRIES = 20;

// A problem document of the server, or a connection that failed.
export class Problem extends Error {
  constructor(detail, { status = 0, retryAfter = 0 } = {}) {
    super(detail);
    Object.assign(this, { status, retryAfter });
  }
}

// `askToken` returns a promise of the token that the user gives.
let askToken = async () => null;
export function onTokenWanted(ask) {
  askToken = ask;
}

// A link of the form /#token=... logs in; the token never reaches a log, as fragments are not sent.
export function takeTokenFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  sessionStorage.setItem(TOKEN, given);
  history.replaceState(null, "", location.pathname);
}

function headers() {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

function problemOf(status, text, retryAfter) {
  try {
    return new Problem(JSON.parse(text).detail, { status, retryAfter: Number(retryAfter) || 0 });
  } catch {
    return new Problem(status ? `The server answered ${status}` : "The server cannot be reached", { status });
  }
}

let asking = null;
async function renewToken() {
  asking ??= askToken().finally(() => (asking = null));
  sessionStorage.setItem(TOKEN, await asking);
}

export async function call(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: headers() }).catch(() => {
    throw problemOf(0, "");
  });
  if (answer.status === 401) {
    await renewToken();
    return call(path, options);
  }
  if (!answer.ok) throw problemOf(answer.status, await answer.text(), answer.headers.get("Retry-After"));
  return answer;
}

export const json = async (path, options) => (await call(path, options)).json();
export const blob = async (path) => (await call(path)).blob();

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

// Runs `work` again while the server is too busy, as often and as late as it asks.
export async function patiently(work, signal) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (problem) {
      if (problem.status !== 429 || tries === TRIES || signal?.aborted) throw problem;
      await pause(Math.max(1, problem.retryAfter));
    }
  }
}

// Posts a file; fetch does not tell how much of it has been sent.
export function upload(path, file, { onSent, signal }) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Problem("Cancelled"));
      return;
    }
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(problemOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    };
    request.onerror = () => reject(problemOf(0, ""));
    request.onabort = () => reject(new Problem("Cancelled"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

// Calls `onJob` with the job at each change, until nothing in it waits or runs. EventSource cannot carry a token.
export async function watchJob(id, onJob, signal) {
  const answer = await call(`/v1/jobs/${id}/events`, { signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const { events, rest } = parseEvents(text + value);
    text = rest;
    for (const event of events) if (event.type === "message") onJob(JSON.parse(event.data));
  }
}

// Removes a job even while the page is being closed.
export function forget(id) {
  fetch(`/v1/jobs/${id}`, { method: "DELETE", headers: headers(), keepalive: true }).catch(() => {});
}
