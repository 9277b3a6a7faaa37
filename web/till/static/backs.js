// Money on its way back, by sale: the identity that was minted when its form was opened, and what was sent under it.
// All tabs of this browser share it, so that two of them give back once.

import { mint } from "./store.js";

const KEY = "boothkit-backs-1";
let memory = {}; // only where the browser keeps nothing

export function all() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) || memory;
  } catch {
    return memory;
  }
}

function write(found) {
  memory = found;
  try {
    localStorage.setItem(KEY, JSON.stringify(found));
  } catch {
    // A reload begins again; that is safe as long as nothing was sent, and the page says when something was.
  }
}

// The entry of a sale for a form in this `state`: {id, state, sent: null | {path, body}}. What was sent stays, whatever
// the state is by now: only its answer ends it.
export function open(sale, state) {
  const found = all();
  const mine = found[sale];
  if (mine && (mine.sent || mine.state === state)) return mine;
  const kept = Object.fromEntries(Object.entries(found).filter(([, one]) => one.sent));
  kept[sale] = { id: mint(), state, sent: null };
  write(kept);
  return kept[sale];
}

// Whether something is on its way whose answer has not come.
export function waits(sale) {
  const mine = all()[sale];
  return Boolean(mine && mine.sent);
}

// From now on this goes to the box under the entry's identity; if something does already, that stays.
export function send(sale, state, sent) {
  const entry = open(sale, state);
  if (entry.sent) return;
  write({ ...all(), [sale]: { ...entry, sent } });
}

// The box has not taken it. `used`: this identity stands for that refusal for good.
export function correct(sale, used) {
  const found = all();
  if (!found[sale]) return;
  write({ ...found, [sale]: { ...found[sale], id: used ? mint() : found[sale].id, sent: null } });
}

export function finish(sale) {
  const { [sale]: _, ...rest } = all();
  write(rest);
}

// Called when another tab has changed something.
export function onOthers(listener) {
  addEventListener("storage", (event) => event.key === KEY && listener());
}
