// The drawer's pages: forms whose press arrives once, and what became of it.

import { call, toLogin } from "./api.js";
import { fill, el } from "./draw.js";
import { errands } from "./errands.js";
import { renew, silent } from "./frame.js";
import { purse } from "./money.js";
import { keepCount, startSheet } from "./drawer-sheet.js";
import { words } from "./words-drawer.js";
import { sentence } from "./words.js";

const SHORT_S = 20; // a drawer that opens, or paper that comes, later than that is a surprise
const main = document.getElementById("main");
const money = purse(document.body.dataset.currency, document.documentElement.lang);
const desk = errands(main.dataset.who);
const said = document.getElementById("said");
let approving = false;
const forms = () => [...document.querySelectorAll("form[data-errand]")];

// Where one goes when it is done; null: one stays.
const AFTER = {
  open: (data) => `/drawer?drawer=${data.drawer}`,
  move: (data) => `/drawer?drawer=${data.drawer}`,
  unlock: (data) => `/drawer?drawer=${data.drawer}`,
  count: (data) => `/drawer/close?drawer=${data.drawer}`,
  close: (data) => `/drawer/z/${data.z}`,
};

// An errand is named by what it does and by what it is about: "close d-1".
const kindOf = (name) => name.split(" ")[0];
const nameOf = (form) => `${form.dataset.errand} ${form.dataset.about || ""}`.trim();

function say(text, tone = "wait") {
  const appears = said.hidden && text.length > 0;
  said.className = `note ${tone}`;
  fill(said.lastElementChild, [].concat(text));
  said.hidden = !text.length;
  if (appears) said.scrollIntoView({ block: "nearest" });
}

function fault(form, text) {
  const place = form.querySelector("[data-fault]");
  place.textContent = text;
}

// What a form says, as the box wants it; null and a word beside the field when something is missing.
function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || (field.type === "radio" && !field.checked)) continue;
    if (field.type === "checkbox") {
      if (field.checked) body[field.name] = true;
    } else if ("money" in field.dataset) {
      const amount = money.read(field.value);
      if (amount === null || (amount === 0 && form.dataset.sign)) {
        fault(form, words.notAnAmount(money.plain(100 * money.unit)));
        field.focus();
        return null;
      }
      body[field.name] = amount * Number(form.dataset.sign || 1);
    } else if (field.value.trim()) body[field.name] = field.value.trim();
  }
  if (form.querySelector("[type=radio]") && !form.querySelector("[type=radio]:checked")) {
    fault(form, words.chooseReason);
    form.querySelector("[type=radio]").focus();
    return null;
  }
  return body;
}

async function submit(event) {
  const form = event.target.closest("form[data-errand]");
  if (!form) return;
  event.preventDefault();
  if (form.dataset.errand === "count") return; // the sheet has its own
  fault(form, "");
  const body = bodyOf(form);
  if (!body || approving) return;
  const pin = form.querySelector("[data-lead]:not([hidden]) [data-pin]");
  if (pin && !(body.approval = await approve(form, pin))) return;
  send(nameOf(form), form.dataset.path, body, form);
}

// A policy that came while the form was open leaves it to the lead.
function askLead(name) {
  for (const form of forms().filter((one) => nameOf(one) === name)) {
    const place = form.querySelector("[data-lead]");
    if (!place) continue;
    place.hidden = false;
    place.querySelector("[data-pin]").focus();
  }
}

// The lead's PIN for one write, exchanged at once: it is kept nowhere. null with the reason said.
async function approve(form, pin) {
  const typed = pin.value.trim();
  const refused = (text) => {
    fault(form, text);
    pin.focus();
    return null;
  };
  if (!typed) return refused(words.pinMissing);
  approving = true;
  draw();
  const { status, data } = await call("POST", "/api/v1/approvals", { body: { pin: typed } });
  approving = false;
  draw();
  pin.value = "";
  if (status === 201) return data.approval;
  if (status === 401 && data.type === "/problems/signed-out") toLogin();
  return refused(status && data ? `${sentence(data.detail)} ${data.remedy || ""}`.trim() : words.silent);
}

function send(name, path, body, form) {
  say("");
  desk.begin(name, path, body, form && "short" in form.dataset ? SHORT_S : 0);
}

function ended({ detail: { name, data, problem, body } }) {
  const here = main.dataset.about === name || forms().some((form) => nameOf(form) === name);
  const kind = kindOf(name);
  if (problem && problem.type === "/problems/drawer-closed" && (kind === "count" || kind === "close")) {
    keepCount(body.drawer, null);
    location.assign(`/drawer?drawer=${body.drawer}`); // somebody else was faster: to its Z
    return;
  }
  if (problem) {
    say([el("b", {}, sentence(problem.detail)), ` ${problem.remedy || ""}`], "stop");
    if (problem.type === "/problems/role") askLead(name);
    renew();
    return;
  }
  if (kind === "close" && body) keepCount(body.drawer, null);
  if (data && here && AFTER[kind]) location.assign(AFTER[kind](data));
  else {
    say(words.done[kind], "go");
    renew();
  }
}

// Buttons say what is under way, and what waits says so above them.
function draw() {
  const waiting = desk.names().filter((name) => desk.state(name) !== "rests");
  const held = waiting.map(desk.state).find((why) => why === "silent" || why === "full");
  if (held) say([el("b", {}, held === "full" ? words.full : words.silent), ` ${waiting.map((name) => words.waits[kindOf(name)]).join(" ")}`]);
  else if (said.matches(".wait")) say("");
  for (const form of forms()) {
    const busy = waiting.includes(nameOf(form));
    const button = form.querySelector("[data-press]");
    if (form.dataset.errand !== "count") button.disabled = busy || approving || "barred" in button.dataset;
    form.setAttribute("aria-busy", String(busy));
    if (desk.state(nameOf(form)) === "rests") fault(form, words.rests[form.dataset.errand]);
  }
}

// The button says the amount that it moves.
function amounts() {
  for (const form of forms()) {
    const field = form.querySelector("[data-money]");
    const button = form.querySelector("[data-press]");
    if (!field || !button.dataset.press) continue;
    const amount = money.read(field.value);
    button.textContent = words[button.dataset.press](amount === null ? "" : money.write(amount));
  }
}

document.addEventListener("submit", submit);
document.addEventListener("boothkit:errand", ended);
document.addEventListener("boothkit:errands", draw);
document.addEventListener("boothkit:part", draw);
document.addEventListener("boothkit:state", draw);
document.addEventListener("input", amounts);
document.addEventListener("click", (event) => {
  const link = event.target.closest("#main a[href^='/']");
  if (!link || !silent()) return;
  event.preventDefault(); // it would not come: what is on this page would be gone
  say([el("b", {}, words.silent), ` ${words.stay}`]);
});

startSheet({ money, send, amounts, state: (name) => desk.state(name) });
amounts();
draw();
