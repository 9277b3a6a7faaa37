// Sales on their way to the box: in order, one at a time, each with the identity that it was given when its payment
// began. Silence, a busy box or a lost reply mean: the same again, later.

import { call, toLogin } from "./api.js";
import { change, read } from "./store.js";

const FIRST_MS = 500;
const LONGEST_MS = 8000;
const RELOAD_KEY = "boothkit-reloaded";

let running = false;
let delay = FIRST_MS;
let timer = 0;
let trouble = null; // null | "silent" | "full" | "role"

// Why sales wait: "silent", "full" (the box's card), "role" (who is unlocked may not sell), or null.
export function held() {
  return trouble;
}

function setTrouble(value) {
  trouble = value;
  document.dispatchEvent(new Event("boothkit:state"));
}

// Send what waits, from now on until nothing does.
export async function pump() {
  if (running) return;
  running = true;
  clearTimeout(timer);
  try {
    let entry;
    while ((entry = read().outbox.find((one) => one.state === "waiting"))) {
      if (!(await send(entry))) {
        timer = setTimeout(pump, delay);
        delay = Math.min(delay * 2, LONGEST_MS);
        return;
      }
      delay = FIRST_MS;
    }
    if (trouble) setTrouble(null);
  } finally {
    running = false;
  }
}

// At once, because somebody asks for it or the network came back.
export function tryNow() {
  delay = FIRST_MS;
  pump();
}

async function send(entry) {
  let { status, data } = await call("POST", "/api/v1/sales", { body: entry.body, key: entry.id });
  if (status === 409 && data && data.type === "/problems/key-reused") {
    // Recorded before, by whoever was unlocked then: the box tells what it wrote.
    const found = await call("GET", `/api/v1/sales/${entry.id}`);
    if (found.status === 200) ({ status, data } = { status: 201, data: found.data });
    else if (found.status !== 404) status = 0;
  }
  if (status === 201 && data) return settled(entry, data);
  if (status === 401) toLogin();
  if (status === 403 && data && data.type === "/problems/csrf") reloadOnce();
  const refused = data && status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
  if (refused) return turnedDown(entry, data);
  return waits({ 403: "role", 507: "full" }[status] || "silent");
}

function settled(entry, data) {
  if (trouble) trouble = null;
  change((state) => {
    state.outbox = state.outbox.filter((one) => one.id !== entry.id);
    if (!state.outbox.length) state.slips = 0;
    if (entry.slip) {
      state.sent = [...state.sent, { slip: entry.slip, number: data.number, at: entry.at, total: data.total }].slice(-5);
    }
    if (state.done && state.done.id === entry.id) state.done.answer = data;
  });
  return true;
}

function turnedDown(entry, data) {
  const problem = { detail: data.detail, remedy: data.remedy };
  change((state) => {
    const mine = state.outbox.find((one) => one.id === entry.id);
    if (!mine) return;
    if (state.done && state.done.id === entry.id && !state.cart.length) {
      // The cashier still stands before it: back to the payment, which gets a new identity there.
      state.outbox = state.outbox.filter((one) => one.id !== entry.id);
      state.cart = entry.cart;
      state.pay = { id: null, tenders: entry.body.tenders.filter((tender) => tender.kind !== "cash"), problem };
      state.done = null;
    } else {
      mine.state = "refused";
      mine.problem = problem;
    }
  });
  return true;
}

// What stands behind this one waits as well: they go in order.
function waits(why) {
  trouble = why;
  change((state) => {
    for (const one of state.outbox) if (one.state === "waiting" && !one.slip) one.slip = letters(state.slips++);
  });
  return false;
}

// 0 → A, 25 → Z, 26 → AA.
function letters(n) {
  return (n < 26 ? "" : letters(Math.floor(n / 26) - 1)) + String.fromCharCode(65 + (n % 26));
}

// Somebody signed in anew in another tab: this page's token is old. Once, lest it goes on for ever.
function reloadOnce() {
  const last = Number(sessionStorage.getItem(RELOAD_KEY) || 0);
  if (Date.now() - last < 30000) return;
  sessionStorage.setItem(RELOAD_KEY, String(Date.now()));
  location.reload();
}

addEventListener("online", tryNow);
