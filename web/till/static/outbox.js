// Sales on their way to the box: in order, one at a time, each with the identity that it was given when its payment
// began. Silence, a busy box or a lost reply mean: the same again, later.

import { call, reloadOnce, toLogin } from "./api.js";
import { change, read } from "./store.js";

const FIRST_MS = 500;
const LONGEST_MS = 8000;

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
  const decided = data && ["/problems/guardrail", "/problems/approval"].includes(data.type);
  const refused = data && status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
  if (refused || decided) return turnedDown(entry, data);
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
  const problem = { detail: data.detail, remedy: data.remedy, tender: data.tender };
  change((state) => {
    const mine = state.outbox.find((one) => one.id === entry.id);
    if (!mine) return;
    if (state.done && state.done.id === entry.id && !state.cart.length) {
      // The cashier still stands before it: back to the payment, which gets a new identity there.
      intoCart(state, mine, problem);
      state.done = null;
    } else {
      mine.state = "refused";
      mine.problem = problem;
    }
  });
  return true;
}

// A refused sale becomes the cart again. What was taken stays taken but for the cash that was counted last, and a
// token that the box did not take; a lead's word is for one sale.
export function intoCart(state, entry, problem) {
  const { approval, ...about } = entry.about || {};
  const taken = (entry.tenders || entry.body.tenders).filter((_, at) => at + 1 !== problem.tender);
  if (taken.length && taken[taken.length - 1].kind === "cash") taken.pop();
  state.outbox = state.outbox.filter((one) => one.id !== entry.id);
  state.cart = entry.cart;
  state.about = about;
  state.pay = { id: null, tenders: taken.map(({ name, fits, ...tender }) => tender), shares: 1, problem };
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

addEventListener("online", tryNow);
