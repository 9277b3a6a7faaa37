// The verdict as large as the screen, with the last ones below it: what is done with it is done from here.

import { settings, shape } from "./door-here.js";
import { undo } from "./door-scans.js";
import { faceOf, ticketWords } from "./door-verdicts.js";
import { el, fill } from "./draw.js";
import { icon, renew } from "./frame.js";
import { play } from "./sound.js";
import { words } from "./words-door.js";

const UNDO_MS = 9000; // the box takes it back for ten seconds; what is shown ends before
const TICK_MS = 250;
const MOST = 5; // verdicts in the row of the last ones
const SEEN_MS = 2000; // what was on the screen for so long was seen
const SMALLER = ["long", "longer"];
const TIGHTER = ["little", "some", "much"];
const LOOKS = {
  yes: { look: "yes", sign: "tick", sound: "yes" },
  out: { look: "yes", sign: "back", sound: "yes" },
  no: { look: "no", sign: "cross", sound: "no" },
  expired: { look: "no", sign: "cross", sound: "no" },
  early: { look: "no", sign: "cross", sound: "no" },
  ask: { look: "pass", sign: "note", sound: "ask" },
  wait: { look: "wait", sign: "clock" },
  undone: { look: "wait", sign: "undo", sound: "undone" },
};
const BARE = { over: "", includes: "", note: "", said: [] };

const byId = (id) => document.getElementById(id);
const face = byId("face");
const key = (name) => face.querySelector(`[data-do=${name}]`);
const keys = { ask: key("ask"), undo: key("undo"), let: key("let") };

let shown = null; // the verdict on the screen: {found, body, face, until, undone, seen}
let shownAt = 0;
let past = []; // the last verdicts, the newest at the end
let dropped = 0; // refusals that found no room among them and that nobody has seen
let on = { redrawn: () => {} };

export function isShown() {
  return !face.hidden;
}

export function current() {
  return isShown() ? shown : null;
}

// A verdict: onto the screen, unless somebody types an answer there, and among the last ones. `body`: what was asked.
export function tell(found, body = null) {
  return enter({ found, body, face: faceOf(found), until: performance.now() + UNDO_MS, undone: false, seen: false });
}

// A scan without a verdict, and why. Nobody went in by it as far as is known.
export function tellNone(why, body) {
  const none = { ...BARE, shape: "wait", word: words.noVerdict, why };
  enter({ found: { verdict: "none" }, body, face: none, until: 0 });
}

function enter(record) {
  past.push(record);
  if (!past.some(sticks)) dropped = 0;
  while (past.length > MOST) {
    const spare = past.findIndex((one) => !sticks(one));
    if (spare < 0) dropped += 1;
    past.splice(Math.max(spare, 0), 1);
  }
  if (on.held()) drawPast();
  else show(record, true);
  return record;
}

function isMovement({ found }) {
  return ["admitted", "exited"].includes(found.verdict);
}

// A refusal stays until somebody has seen it: it was on the screen for a while, or a verdict was closed since.
function sticks(record) {
  return !record.seen && !isMovement(record);
}

// More is known of a verdict by now.
export function amend(record, more) {
  record.found = { ...record.found, ...more };
  record.face = faceOf(record.found);
  if (shown === record) draw();
}

// The box is being asked, and has been silent `silences` times.
export function pause(waiting, silences) {
  if (on.held()) return;
  const why = [silences ? words.stillAsking : "", waiting ? words.queued(waiting) : ""].join(" ").trim();
  const asking = { ...BARE, shape: "wait", word: words.checking, why };
  show({ found: { verdict: "none" }, body: null, face: asking, until: 0 }, false);
}

function show(record, loud) {
  if (shown && performance.now() - shownAt >= SEEN_MS) shown.seen = true;
  shown = record;
  shownAt = performance.now();
  byId("face-said").textContent = "";
  face.hidden = false;
  face.scrollTop = 0;
  on.shown(record);
  draw();
  if (loud && settings().sound) play(LOOKS[record.face.shape].sound);
}

export function close() {
  face.hidden = true;
  shown = null;
  dropped = 0;
  past.forEach((one) => (one.seen = true));
}

function view({ found, face: said, undone }) {
  if (!undone) return said;
  const why = found.verdict === "exited" ? words.wentOut : words.wentIn;
  return { ...said, shape: "undone", word: words.undone, over: "", why, includes: "" };
}

export function draw() {
  if (!shown) return;
  const { found } = shown;
  const { shape: name, word, over, why, includes, note, said } = view(shown);
  face.className = `verdict ${LOOKS[name].look}`;
  face.dataset.show = name;
  byId("face-where").textContent = words.where(found.gate || settings().gate, found.list);
  byId("face-counts").textContent = shape().counts;
  for (const [id, text] of Object.entries({ over, word, why, includes, note })) {
    byId(`face-${id}`).textContent = text;
    byId(`face-${id}`).hidden = !text;
  }
  fill(byId("face-facts"), said.map(([name, value]) => fact(name, value)));
  face.toggleAttribute("data-full", Boolean(includes || note));
  drawKeys();
  drawPast();
  on.redrawn();
  fit(byId("face-word"));
}

function fact(name, value) {
  const label = el("dt", { class: "label" }, words.facts[name]);
  return el("div", { id: `fact-${name}` }, label, el("dd", { class: "why" }, value));
}

// The largest size at which no word is broken and every key is on the screen; how wide letters are, only the device
// knows.
function fit(word) {
  word.classList.remove(...SMALLER);
  delete face.dataset.tight;
  for (const size of SMALLER) {
    if (word.scrollWidth <= word.clientWidth) break;
    word.classList.add(size);
  }
  for (const level of TIGHTER) {
    if (face.scrollHeight <= face.clientHeight) return;
    face.dataset.tight = level;
  }
}

// ---- the last verdicts

function drawPast() {
  const hidden = el("span", { class: "vh" }, words.pastMoreWords(dropped));
  const more = el("li", { class: "more" }, el("span", { "aria-hidden": "true" }, words.pastMore(dropped)), hidden);
  fill(byId("past"), [...(dropped ? [more] : []), ...past.map(pastItem)]);
  byId("past").hidden = past.length < 2;
}

function pastItem(record, index) {
  const { shape: name, word } = view(record);
  const ticket = ticketWords(record.found.ticket);
  const parts = [icon(LOOKS[name].sign), el("span", {}, record.found.ticket ? ticket.slice(-4) : words.pastNone)];
  const look = { class: `one ${LOOKS[name].look}`, title: words.past(word, ticket) };
  if (record === shown) look["aria-current"] = "true";
  const again = { ...look, type: "button", "data-past": index, "aria-label": words.pastAgain(word, ticket) };
  return el("li", {}, isMovement(record) ? el("span", look, ...parts) : el("button", again, ...parts));
}

// ---- undo

function left(record) {
  if (!record || record.undone || !isMovement(record)) return 0;
  return Math.max(0, Math.ceil((record.until - performance.now()) / 1000));
}

function drawKeys() {
  if (!shown) return;
  const seconds = left(shown);
  const asking = Boolean(shown.undoing);
  keys.undo.hidden = !seconds && !asking;
  keys.undo.disabled = asking;
  byId("undo-left").textContent = asking ? words.undoing : words.undo(seconds);
  keys.let.hidden = !shown.found.forcible || shown.answered;
  keys.ask.hidden = !(shown.found.device && shown.found.reason === "question" && shown.found.ticket);
}

export async function undoShown() {
  const record = current();
  if (!record || record.undoing || !left(record)) return;
  record.undoing = true;
  drawKeys();
  on.redrawn();
  const { undone, problem } = await undo(record.found.scan);
  record.undoing = false;
  const said = problem ? words.problemWhy(problem.detail, problem.remedy) : words.noUndo;
  if (undone) setUndone(record.found.scan);
  else {
    record.until = problem ? 0 : performance.now() + UNDO_MS;
    byId("face-said").textContent = words.notUndone(ticketWords(record.found.ticket), said);
  }
  drawKeys();
  on.redrawn();
  renew();
}

// This scan is undone, by whomever.
export function setUndone(scan) {
  const known = new Set([...past, ...(shown ? [shown] : [])]);
  for (const record of known) {
    if (record.found.scan !== scan || record.undone) continue;
    record.undone = true;
    if (record !== shown) continue;
    draw();
    if (isShown() && settings().sound) play(LOOKS.undone.sound);
  }
  drawPast();
}

// `held`: whether somebody types into the face, so that no other verdict may take its place; `shown`, `redrawn`: after
// another verdict appeared, and after anything on the face changed.
export function startFace(hooks) {
  on = hooks;
  keys.undo.addEventListener("click", undoShown);
  byId("past").addEventListener("click", (event) => {
    const again = event.target.closest("[data-past]");
    if (again) show(past[Number(again.dataset.past)], false);
  });
  document.addEventListener("boothkit:part", () => (byId("face-counts").textContent = shape().counts));
  setInterval(() => {
    drawKeys();
    if (isShown()) on.redrawn();
  }, TICK_MS);
}
