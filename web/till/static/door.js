// The door: codes in from a keyboard scanner or by hand, verdicts out, as large as the screen. Scans of a plugged-in
// scanner come with the journal.

import { call, toLogin } from "./api.js";
import { clock, renew } from "./frame.js";
import { play } from "./sound.js";
import { change, mint, read } from "./store.js";
import { words } from "./words.js";

const SAME_MS = 1500; // an identical code within this is one scan
const PATIENCE_MS = 400; // until "Checking" appears
const TRIES = 2;
const SMALLER = ["long", "longer"];

const byId = (id) => document.getElementById(id);
const face = byId("face");
const code = byId("code");
const mine = new Set(); // identities of this page's own scans

let last = { code: "", at: -Infinity };
let undecided = null; // a scan that got no answer: the same code again is the same scan
let chain = Promise.resolve();

// ---- settings of this door

function settings() {
  return { gate: "", list: "", others: true, sound: false, ...read().door };
}

function keep() {
  change((state) => {
    state.door = {
      gate: byId("gate").value.trim(),
      list: byId("list") ? byId("list").value : "",
      others: byId("others").checked,
      sound: byId("sound").checked,
    };
  });
}

function restore() {
  const { gate, list, others, sound } = settings();
  byId("gate").value = gate;
  if (byId("list")) byId("list").value = list;
  byId("others").checked = others;
  byId("sound").checked = sound;
}

// ---- asking

function take(text) {
  const now = performance.now();
  const again = text === last.code && now - last.at < SAME_MS;
  last = { code: text, at: now };
  if (!text || again) return;
  chain = chain.then(() => check(text));
}

function identify(body) {
  const same = undecided && JSON.stringify(undecided.body) === JSON.stringify(body);
  return same ? undecided.key : mint();
}

async function check(text) {
  const { gate, list } = settings();
  const direction = document.querySelector("[name=d]:checked").value;
  const body = { code: text, direction, ...(gate ? { gate } : {}), ...(list ? { list } : {}) };
  const key = identify(body);
  mine.add(key);
  const timer = setTimeout(() => show("wait", { word: words.door.checking, at: new Date() }), PATIENCE_MS);
  let answer = { status: 0, data: null };
  for (let tries = 0; tries < TRIES && (answer.status === 0 || answer.status >= 500); tries += 1) {
    answer = await call("POST", "/api/v1/scans", { body, key });
  }
  clearTimeout(timer);
  last.at = performance.now();
  if (answer.status === 401) toLogin();
  undecided = answer.status === 200 ? null : { key, body };
  if (answer.status === 200) verdict({ ...answer.data, gate });
  else if (answer.data && answer.status < 500) {
    undecided = null;
    show("wait", { word: words.door.noVerdict, why: words.door.problemWhy(answer.data.detail, answer.data.remedy) });
  } else show("wait", { word: words.door.noVerdict, why: words.door.noVerdictWhy });
  renew();
}

// ---- showing

function verdict(found) {
  const common = { ticket: found.ticket, holder: found.holder, list: found.list, gate: found.gate, at: new Date(found.at) };
  if (found.verdict === "admitted" || found.verdict === "exited") {
    const admitted = found.verdict === "admitted";
    const why = found.time_checked ? (admitted ? words.door.ok : words.door.out) : words.door.notChecked;
    show("yes", { ...common, word: admitted ? words.door.admitted : words.door.exited, why });
    return;
  }
  const [word, why] = words.door.reasons[found.reason] || words.door.otherReason;
  show(found.reason === "expired" ? "expired" : "no", {
    ...common,
    over: words.door.refusedOver,
    word,
    why: found.first ? firstEntry(found.first, common.at) : why,
  });
}

function firstEntry(first, at) {
  const before = new Date(first.at);
  const ago = words.span(Math.max(0, (at - before) / 1000));
  return words.door.firstEntry(clock(before), first.gate, ago);
}

function ticketWords(ticket) {
  if (!ticket) return words.door.noTicket;
  const tail = ticket.slice(-8).toUpperCase();
  return `${tail.slice(0, 4)}\u00a0${tail.slice(4)}`;
}

function show(shape, { word, over = "", why = "", at = new Date(), ticket, holder, list, gate }) {
  face.className = `verdict ${{ yes: "yes", no: "no", expired: "no", wait: "wait" }[shape]}`;
  face.dataset.show = shape;
  byId("face-where").textContent = words.door.where(gate || words.door.gate, list);
  byId("face-time").textContent = clock(at);
  byId("face-over").textContent = over;
  byId("face-word").textContent = word;
  byId("face-why").textContent = why;
  byId("face-ticket").textContent = ticketWords(ticket);
  byId("face-holder").textContent = holder || words.door.unknownHolder;
  byId("face-list").textContent = list || words.door.anyList;
  face.hidden = false;
  face.scrollTop = 0;
  fit(byId("face-word"));
  if (settings().sound && shape !== "wait") play(shape === "yes" ? "yes" : "no");
}

// The largest size at which no word is broken; how wide letters are, only the device knows.
function fit(word) {
  word.classList.remove(...SMALLER);
  for (const size of SMALLER) {
    if (word.scrollWidth <= word.clientWidth) return;
    word.classList.add(size);
  }
}

function ready() {
  face.hidden = true;
  listen();
}

// ---- keyboard focus: whatever types, types a code

function listen() {
  code.inputMode = "none"; // a scanner needs no keyboard on the screen; a tap on the field brings it
  code.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") ready();
  const typing = event.target.closest("input:not([type=radio]):not([type=checkbox]), select");
  if (!typing && event.key.length === 1 && !event.ctrlKey && !event.metaKey) listen();
});
code.addEventListener("pointerdown", () => (code.inputMode = "text"));
byId("scan").addEventListener("submit", (event) => {
  event.preventDefault();
  take(code.value.trim());
  code.value = "";
  listen();
});
byId("scan").addEventListener("change", (event) => {
  keep();
  if (event.target.matches("[type=radio], [type=checkbox], select")) listen();
});
byId("next").addEventListener("click", ready);
document.addEventListener("boothkit:fact", ({ detail: { kind, command, actor, at, data } }) => {
  const verdicts = { "ticket.admitted/1": "admitted", "ticket.exited/1": "exited", "ticket.refused/1": "refused" };
  if (!verdicts[kind] || mine.has(command) || !actor.startsWith("device:") || !settings().others) return;
  verdict({ time_checked: true, ...data, verdict: verdicts[kind], at, holder: null });
});

restore();
listen();
