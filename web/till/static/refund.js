// Giving money back: the box makes the figures, the page sends what they were made of, once, whatever happens between.

import { call, part, toLogin } from "./api.js";
import { correct, finish, onOthers, open, send, waits } from "./backs.js";
import { renew } from "./frame.js";
import { morph } from "./morph.js";
import { words } from "./words-sales.js";
import { sentence } from "./words.js";

const LOOK_MS = 120;
const FIRST_MS = 500;
const LONGEST_MS = 8000;
const CHANGED = "boothkit-back-changed";

const at = (id) => document.getElementById(id);
const form = at("back"); // null when nothing is left to give back
const { sale, preview } = at("giving").dataset;
const state = at("state").dataset.state;
let policy = at("state").dataset.policy;
const DRAFT = `boothkit-back-${sale}-${state}`;
const buttons = () => document.querySelectorAll("[data-do=back]");

let asked = 0; // previews
let looking = 0;
let fresh = false; // the figures are those of the form as it stands
let sending = false;
let approving = false;
let ended = false; // on the way to the page of what went back
let delay = FIRST_MS;
let timer = 0;
let touched = false; // somebody has said whether it is sold again

function say(text) {
  at("fault").lastElementChild.textContent = text;
  at("fault").hidden = !text;
  if (text) at("fault").scrollIntoView({ block: "nearest" });
}

function told({ data }) {
  return data ? `${sentence(data.detail)} ${data.remedy || ""}`.trim() : words.silent;
}

const slug = ({ data }) => ((data && data.type) || "").replace("/problems/", "");

// --- the form

function fields() {
  const found = new URLSearchParams(new FormData(form));
  if (found.get("mode") !== "some") for (const name of [...found.keys()]) if (name.startsWith("qty-")) found.delete(name);
  return found;
}

function draw() {
  const { mode, way } = Object.fromEntries(fields());
  for (const place of form.querySelectorAll("[data-for]")) place.hidden = !place.dataset.for.split(" ").includes(mode);
  for (const place of form.querySelectorAll("[data-way]")) place.hidden = !place.dataset.way.split(" ").includes(way);
  const figures = at("figures").dataset;
  const busy = sending || approving || ended || waits(sale);
  at("dock-how").textContent = figures.how;
  at("dock-amount").textContent = figures.amount;
  at("dock-how").parentElement.hidden = !figures.amount;
  for (const button of buttons()) {
    button.textContent = sending || waits(sale) ? words.sending : figures.button;
    button.disabled = busy || !fresh || !figures.body;
  }
}

function changed() {
  fresh = false;
  asked += 1;
  keep();
  draw();
  clearTimeout(looking);
  looking = setTimeout(look, LOOK_MS);
}

// The box's figures for the form as it stands; asked again until it answers.
async function look() {
  const mine = asked;
  const html = await part(`${preview}?${fields()}`);
  if (mine !== asked) return;
  if (html === null) {
    looking = setTimeout(look, delay);
    return;
  }
  const place = at("preview");
  const next = place.cloneNode();
  next.innerHTML = html;
  morph(place, next);
  fresh = true;
  draw();
}

function keep() {
  const draft = { fields: fields().toString(), note: at("note").value, touched };
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify(draft));
  } catch {
    // Then a reload begins again.
  }
}

function restore() {
  let draft = null;
  try {
    draft = JSON.parse(sessionStorage.getItem(DRAFT));
  } catch {
    return;
  }
  if (!draft) return;
  const values = new URLSearchParams(draft.fields);
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    if (field.type === "radio" || field.type === "checkbox") field.checked = values.get(field.name) === field.value;
    else if (values.has(field.name)) field.value = values.get(field.name);
  }
  if (!form.querySelector("[name=mode]:checked")) form.querySelector("[name=mode]").checked = true;
  at("note").value = draft.note;
  touched = draft.touched;
}

function step(number, by) {
  const field = form.elements[`qty-${number}`];
  const { most, step: size } = field.dataset;
  const next = (Number(field.value) || 0) + by * Number(size);
  field.value = Math.max(0, Math.min(Number(most), next));
  changed();
}

function startForm() {
  restore();
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    if (event.target.id === "pin") return;
    if (event.target.id === "restock") touched = true;
    if (event.target.name === "reason" && !touched) at("restock").checked = "shelf" in event.target.dataset;
    changed();
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-less], [data-more]");
    if (button) step(button.dataset.less || button.dataset.more, button.dataset.more ? 1 : -1);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.id === "pin") press();
  });
  document.addEventListener("click", (event) => event.target.closest("[data-do=back]") && press());
  changed();
}

// --- one press, one entry

async function press() {
  const figures = at("figures");
  if (sending || approving || !fresh || !figures.dataset.body) return;
  const body = JSON.parse(figures.dataset.body);
  const path = figures.dataset.path;
  const note = at("note").value.trim();
  if (note) body.note = note;
  say("");
  if ("lead" in figures.dataset) {
    body.approval = await approve();
    if (!body.approval) return;
  }
  send(sale, state, { path, body });
  go();
}

// The lead's PIN for one write, exchanged at once: it is kept nowhere.
async function approve() {
  const pin = at("pin").value.trim();
  if (!pin) return pinFault(words.pinMissing);
  approving = true;
  draw();
  const answer = await call("POST", "/api/v1/approvals", { body: { pin } });
  approving = false;
  draw();
  if (answer.status === 201) {
    at("pin").value = "";
    pinFault("");
    return answer.data.approval;
  }
  if (slug(answer) === "signed-out") toLogin();
  if (slug(answer) === "csrf") location.reload();
  return pinFault(told(answer));
}

function pinFault(text) {
  at("pin-fault").textContent = text;
  at("pin-fault").hidden = !text;
  if (text) at("pin").focus();
  return null;
}

// Send what is to be sent, until the box has answered it.
async function go() {
  if (sending) return;
  if (!waits(sale)) return;
  const entry = open(sale, state);
  sending = true;
  lock();
  const answer = await call("POST", entry.sent.path, { body: entry.sent.body, key: entry.id });
  sending = false;
  const ended = await judge(answer, entry);
  if (ended) {
    delay = FIRST_MS;
    at("uncertain").hidden = true;
  } else {
    at("uncertain").hidden = false;
    clearTimeout(timer);
    timer = setTimeout(go, delay);
    delay = Math.min(delay * 2, LONGEST_MS);
  }
  lock();
}

// True when the answer is one: done, or refused and said so.
async function judge(answer, entry) {
  const { status } = answer;
  if (status === 201) return done(entry.id);
  // Who may give back may have changed since: what was recorded before that stays.
  if (["key-reused", "role"].includes(slug(answer))) return recorded(entry, answer);
  if (status === 401) {
    toLogin();
    return false;
  }
  if (status === 403 && slug(answer) === "csrf") {
    location.reload();
    return false;
  }
  if (status < 400 || status === 408 || status === 429 || (status >= 500 && status !== 507)) return false;
  const unused = ["validation", "approval", "disk-full"].includes(slug(answer));
  correct(sale, !unused);
  say(told(answer));
  if (form) changed();
  renew();
  return true;
}

// Recorded before, by whoever was unlocked then? The box tells what it wrote.
async function recorded(entry, answer) {
  const found = await call("GET", `/api/v1/sales/${encodeURIComponent(sale)}`);
  if (found.status !== 200) return false;
  if (found.data.refunds.some((one) => one.sale === entry.id)) return done(entry.id);
  correct(sale, true);
  say(told(answer));
  if (form) changed();
  return true;
}

function done(id) {
  ended = true;
  finish(sale);
  try {
    sessionStorage.removeItem(DRAFT);
  } catch {
    // It kept nothing.
  }
  location.replace(`/refunds/${encodeURIComponent(id)}`);
  return true;
}

function lock() {
  if (!form) return;
  const wait = waits(sale);
  for (const field of form.querySelectorAll("fieldset, #note, #restock")) field.toggleAttribute("inert", wait);
  draw();
}

// Somebody gave something back, or settled a card, while this form was open: what it shows is no longer true.
document.addEventListener("boothkit:part", () => {
  const now = at("state").dataset;
  if (form && now.policy !== policy) {
    policy = now.policy; // other limits: the same figures may want the lead now
    changed();
  }
  if (now.state === state || ended || sending || waits(sale)) return;
  try {
    sessionStorage.setItem(CHANGED, sale);
  } catch {
    // It is seen in the lines too.
  }
  location.reload();
});

function sayChanged() {
  try {
    if (sessionStorage.getItem(CHANGED) === sale) say(words.changed);
    sessionStorage.removeItem(CHANGED);
  } catch {
    // It is seen in the lines too.
  }
}

addEventListener("online", () => {
  delay = FIRST_MS;
  go();
});
onOthers(go);
sayChanged();
if (form) startForm();
if (open(sale, state).sent) {
  lock();
  at("uncertain").hidden = false;
  go();
}
