// The door: codes in from a keyboard scanner or by hand, verdicts out, as large as the screen. Scans of a plugged-in
// scanner come with the journal.

import { call } from "./api.js";
import { begin, closeLet, held, isLetOpen, openLet, startAsks } from "./door-asks.js";
import { amend, close, current, isShown, pause, setUndone, startFace, tell, tellNone, undoShown } from "./door-face.js";
import { closeFind, isFinding, openFind, resume, startFind } from "./door-find.js";
import { asked, isGateName, settings, startHere } from "./door-here.js";
import { isAgain, isMine, queue } from "./door-scans.js";
import { reasonWords, verdictOf } from "./door-verdicts.js";
import { renew } from "./frame.js";
import { words } from "./words-door.js";

const HAND_MS = 35; // no hand types a key that soon after the last, again and again
const HAND_KEYS = 6;
const LONGEST_NAME = 60; // what is longer is nobody's name
const FIELDS = "#question-answer, #let-reason, #let-pin, #find-text, #gate"; // what is typed there stays there

const byId = (id) => document.getElementById(id);
const face = byId("face");
const code = byId("code");
const gate = byId("gate");

// ---- asking

function take(text) {
  if (text && !isAgain(text)) ask({ code: text, ...asked() });
}

// Ask, and show what comes; true when the box decided.
async function ask(body) {
  const { answer, problem } = await queue(body, { pause });
  if (answer) tell(answer, body);
  else tellNone(problem ? words.problemWhy(problem.detail, problem.remedy) : words.noVerdictWhy, body);
  renew();
  return Boolean(answer);
}

// A plugged-in scanner's verdict is shown at once; who it is follows.
async function overhear(found) {
  const record = tell(found);
  if (!found.ticket) return;
  const { status, data } = await call("GET", `/api/v1/tickets/${encodeURIComponent(found.ticket)}`);
  if (status !== 200) return;
  const { holder, order, note, includes, product, erased } = data;
  amend(record, { holder, order, note, includes, product, erased });
}

// A plugged-in scanner's ticket once more, from here: with the list's questions this time.
function askAgain({ ticket, gate: from }) {
  ask({ ticket, gate: from, direction: "in" });
}

// ---- going between the face, the search and the field

function listen() {
  code.inputMode = "none"; // a scanner needs no keyboard on the screen; a tap on the field brings it
  code.focus({ preventScroll: true });
}

function ready() {
  close();
  closeLet();
  shield();
  if (isFinding()) resume();
  listen();
}

function find() {
  const record = current();
  const text = record && record.body && record.found.reason === "unknown" ? record.body.code : code.value.trim();
  if (record) close();
  closeLet();
  shield();
  code.value = "";
  openFind(text && text.length <= LONGEST_NAME ? text : "");
}

// Behind the face there is nothing to reach but the field that scanners type into.
function shield() {
  for (const part of document.querySelectorAll(".bar, .skip, [data-live='/door/now'], #find")) part.inert = isShown();
}

// What had the focus may be gone with the last change.
function keepFocus() {
  shield();
  const { activeElement } = document;
  const lost = !activeElement.checkVisibility() || activeElement.disabled || activeElement.closest("[inert]");
  if (activeElement === document.body || lost) listen();
}

function escape() {
  if (isLetOpen()) {
    closeLet();
    face.querySelector("[data-do=let]").focus();
  } else if (isShown()) ready();
  else if (isFinding()) {
    closeFind();
    listen();
  } else listen();
}

// ---- keys: whatever types, types a code

function ring(event) {
  const inside = [...face.querySelectorAll("button, input")].filter((node) => node.checkVisibility() && !node.disabled);
  const stops = [code, ...inside];
  const at = stops.indexOf(document.activeElement);
  event.preventDefault();
  stops[(Math.max(at, 0) + (event.shiftKey ? -1 : 1) + stops.length) % stops.length].focus();
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (key === "Escape") escape();
  else if (key === "Tab" && isShown()) ring(event);
  else if (key === "F2" || key === "F9") {
    event.preventDefault();
    if (key === "F2") find();
    else undoShown();
  }
  const presses = key === " " && target.matches("button, a, summary, select, [type=radio], [type=checkbox]");
  const types = key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (types && !presses && target !== code && !target.matches(FIELDS)) listen();
});

// A scanner that types while the gate's name has the focus types no name: it is too quick, or it is none.
let keys = [];
gate.addEventListener("focus", () => (keys = []));
gate.addEventListener("keydown", (event) => {
  if (event.key.length === 1) keys.push(event.timeStamp);
  if (event.key !== "Enter") return;
  event.preventDefault();
  const text = gate.value.trim();
  const typed = keys.slice(-text.length);
  const quick = typed.length >= HAND_KEYS && (typed.at(-1) - typed[0]) / (typed.length - 1) < HAND_MS;
  const isCode = text && (quick || !isGateName(text));
  if (isCode) gate.value = settings().gate;
  listen(); // leaving the field is what sets the name
  if (isCode) take(text);
});

code.addEventListener("pointerdown", () => (code.inputMode = "text"));
byId("scan").addEventListener("submit", (event) => {
  event.preventDefault();
  take(code.value.trim());
  code.value = "";
  listen();
});
document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-do]");
  if (!key) return;
  if (key.dataset.do === "find") find();
  else if (key.dataset.do === "next") ready();
  else if (key.dataset.do === "let") openLet();
  else if (key.dataset.do === "ask") askAgain(current().found);
});

// ---- what comes from elsewhere

document.addEventListener("boothkit:fact", ({ detail: fact }) => {
  if (fact.kind === "admission.undone/1") setUndone(fact.data.of.replace(/\.0$/, ""));
  const found = verdictOf(fact);
  if (found && !isMine(found.scan) && settings().others) overhear(found);
});

function nameReasons() {
  for (const place of document.querySelectorAll("[data-live] [data-reason]")) {
    place.textContent = reasonWords(place.dataset.reason)[0].toLowerCase();
  }
}
document.addEventListener("boothkit:part", nameReasons);

startFace({ held, shown: begin, redrawn: keepFocus });
startAsks({
  again: ask,
  decide: (body, pin) => queue(body, { pin, pause: () => {} }),
  show: (answer, body) => {
    tell(answer, body);
    renew();
  },
  back: keepFocus,
});
startFind({
  admit: (ticket) => ask({ ticket, ...asked() }),
  scan: (text) => {
    closeFind();
    listen();
    take(text);
  },
  back: listen,
});
startHere({ back: listen });
nameReasons();
listen();
