// Asking the box. A question ends in an answer or in silence, never in an exception.

const TIMEOUT_MS = 3000;

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
    return { status: answer.status, data: JSON.parse(answer.text) };
  } catch {
    return { status: answer.status, data: null };
  }
}

// A part of a page, as HTML. → the text; null when the box did not answer. Signed out: to the PIN.
export async function part(path) {
  const answer = await ask(path, { redirect: "manual" });
  if (answer && answer.redirected) toLogin();
  return answer && answer.status === 200 ? answer.text : null;
}

let locking = false;

// From now on nobody is signed in because somebody wanted it so: answers on their way lead nowhere.
export function lock() {
  locking = true;
}

export function toLogin() {
  if (locking) return;
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}

async function ask(path, options) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(path, { ...options, cache: "no-store", signal: stop.signal });
    return { status: response.status, text: await response.text(), redirected: response.type === "opaqueredirect" };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
