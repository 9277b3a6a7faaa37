// Scans on their way to the box: in the order of the codes, one at a time, each with an identity of its own. A scan
// that got no answer keeps its identity: the same again is the same scan.

import { call, toLogin } from "./api.js";
import { mint } from "./store.js";

const SAME_MS = 1500; // an identical code within this is one scan
const PATIENCE_MS = 400; // until it is said that the box is being asked
const TRIES = 2;
const OPEN_MS = 300_000; // so long an unanswered scan may be asked again as the same one

const mine = new Set(); // identities of this page's own scans
const open = new Map(); // what was asked and got no answer → {key, at}
const undoing = new Map(); // scan → the identity of its undoing

let last = { code: "", at: -Infinity };
let chain = Promise.resolve();
let waiting = 0;

export function isMine(command) {
  return mine.has(command);
}

// Whether this code was read a moment ago; from now on it was.
export function isAgain(text) {
  const now = performance.now();
  const again = text === last.code && now - last.at < SAME_MS;
  last = { code: text, at: now };
  return again;
}

// Ask when all that came before is answered. `pin` goes with this one question and is kept nowhere. `pause` is called
// with how many others wait and how often the box was silent, when an answer takes long.
// → {answer} a verdict, {problem} what the box says instead, {} silence; each with the body.
export function queue(body, { pin, pause }) {
  waiting += 1;
  const found = chain.then(() => {
    waiting -= 1;
    return ask(body, pin, pause);
  });
  chain = found.then(() => undefined, () => undefined);
  return found;
}

function keyOf(text) {
  const now = performance.now();
  for (const [body, { at }] of open) if (now - at > OPEN_MS) open.delete(body);
  const key = open.has(text) ? open.get(text).key : mint();
  open.set(text, { key, at: now });
  return key;
}

async function ask(body, pin, pause) {
  const text = JSON.stringify(body);
  const key = keyOf(text);
  mine.add(key);
  const timer = setTimeout(() => pause(waiting, 0), PATIENCE_MS);
  const whole = pin === undefined ? body : { ...body, approver_pin: pin };
  let status = 0;
  let data = null;
  for (let tries = 0; tries < TRIES && (status === 0 || status >= 500); tries += 1) {
    if (tries) pause(waiting, tries);
    ({ status, data } = await call("POST", "/api/v1/scans", { body: whole, key }));
  }
  clearTimeout(timer);
  if (body.code && body.code === last.code) last.at = performance.now();
  if (isSignedOut(status, data)) toLogin();
  if (status === 200) {
    open.delete(text);
    return { body, answer: data };
  }
  if (!data || status >= 500) return { body };
  open.delete(text);
  return { body, problem: data };
}

export function isSignedOut(status, data) {
  return status === 401 && (!data || data.type === "/problems/signed-out");
}

// → {undone: true}, {problem}, or {} when the box is silent. The same again is the same question.
export async function undo(scan) {
  if (!undoing.has(scan)) undoing.set(scan, mint());
  let found = { status: 0, data: null };
  for (let tries = 0; tries < TRIES && (found.status === 0 || found.status >= 500); tries += 1) {
    found = await call("POST", `/api/v1/scans/${encodeURIComponent(scan)}/undo`, { key: undoing.get(scan) });
  }
  const { status, data } = found;
  if (isSignedOut(status, data)) toLogin();
  if (status === 200) return { undone: true };
  return data && status < 500 ? { problem: data } : {};
}
