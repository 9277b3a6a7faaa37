// The box's clock beside this device's own, and the button that sets the one by the other.

import { call } from "./api.js";
import "./frame.js";
import { words } from "./words-clock.js";

const TICK_MS = 500;
const MEASURE_MS = 15000;

const get = (id) => document.getElementById(id);
const zone = document.body.dataset.zone;
let ahead = null; // milliseconds that the box is ahead of this device; null: not known yet
let measured = 0;
let busy = false;

// Half of the way there and back: what the box said was true in the middle of it.
async function measure() {
  measured = performance.now();
  const before = Date.now();
  const answer = await call("GET", "/api/v1/clock");
  if (answer.status !== 200) return;
  ahead = answer.data.unix_ms - (before + Date.now()) / 2;
  get("set").disabled = busy;
  show();
}

function show() {
  const own = Date.now();
  get("own-time").textContent = words.time(own, zone);
  get("own-day").textContent = words.day(own, zone);
  if (ahead === null) return;
  get("box-time").textContent = words.time(own + ahead, zone);
  get("box-day").textContent = words.day(own + ahead, zone);
  const said = words.apart(Math.round(ahead / 1000));
  if (get("apart").textContent !== said) get("apart").textContent = said;
}

function say(text) {
  get("fault").hidden = !text;
  get("fault").firstElementChild.textContent = text;
}

function ask(open) {
  get("sure").hidden = !open;
  get("first").hidden = open;
}

async function set(sure) {
  if (busy) return;
  busy = true;
  say("");
  for (const id of ["set", "sure-yes"]) get(id).disabled = true;
  const asked = Date.now();
  const answer = await call("POST", "/api/v1/clock", { body: sure ? { unix_ms: asked, sure } : { unix_ms: asked } });
  busy = false;
  if (answer.status === 200) {
    location.reload();
    return;
  }
  for (const id of ["set", "sure-yes"]) get(id).disabled = false;
  const slug = String(answer.data?.type || "").replace("/problems/", "");
  if (slug === "clock-jump") {
    get("sure-from").textContent = words.full(asked - answer.data.by_ms, zone);
    get("sure-to").textContent = words.full(asked, zone);
    ask(true);
    get("sure-h").focus();
    return;
  }
  ask(false);
  if (slug === "clock-before") say(words.before(words.full(answer.data.last_ms, zone), answer.data.remedy));
  else say(answer.status ? words.refused(answer.data) : words.silent);
  await measure(); // the answer may be lost and the clock set all the same
}

get("set").addEventListener("click", () => set(false));
get("sure-yes").addEventListener("click", () => set(true));
get("sure-no").addEventListener("click", () => {
  ask(false);
  get("set").focus();
});
setInterval(() => {
  if (!busy && performance.now() - measured > MEASURE_MS) measure();
  show();
}, TICK_MS);
show();
measure();
