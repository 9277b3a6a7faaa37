// Asking the box. A question ends in an answer or in silence, never in an exception.

const TIMEOUT_MS = 3000;
const RELOADED = "boothkit-reloaded";

function csrf() {
  return document.body.dataset.csrf || "";
}

// → {status, data} with status 0 when the box did not answer in time; data is the JSON of the answer, or null.
export async function call(method, path, { body, key } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key !== undefined) headers["Idempotency-Key"] = key;
  const answer = await ask(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (!answer) return { status: 0, data: null };
  try {
    return { status: answer.status, data: JSON.parse(answer.read) };
  } catch {
    return { status: answer.status, data: null };
  }
}

// A part of a page, as HTML. → the text; null when the box did not answer. Signed out: to the PIN.
export async function part(path) {
  const answer = await ask(path, { redirect: "manual" });
  if (answer && answer.redirected) toLogin();
  return answer && answer.status === 200 ? answer.read : null;
}

// A picture. → {status, picture, problem}: a blob, or null and the problem that the box told; status 0 in silence.
export async function picture(path) {
  const answer = await ask(path, { redirect: "manual" }, (response) => response.blob());
  if (!answer) return { status: 0, picture: null, problem: null };
  if (answer.status === 200) return { status: 200, picture: answer.read, problem: null };
  try {
    return { status: answer.status, picture: null, problem: JSON.parse(await answer.read.text()) };
  } catch {
    return { status: answer.status, picture: null, problem: null };
  }
}

let locking = false;

// From now on nobody is signed in because somebody wanted it so: answers on their way lead nowhere. False: after all not.
export function lock(now = true) {
  locking = now;
}

export function toLogin() {
  if (!locking) toPin();
}

// To the PIN, and from there back to this page, whoever comes.
export function toPin() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}

// Somebody signed in anew in another tab: this page's token is old. Once, lest it goes on for ever.
export function reloadOnce() {
  const last = Number(sessionStorage.getItem(RELOADED) || 0);
  if (Date.now() - last < 30000) return;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
}

async function ask(path, options, read = (response) => response.text()) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(path, { ...options, cache: "no-store", signal: stop.signal });
    return { status: response.status, read: await read(response), redirected: response.type === "opaqueredirect" };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
