// Finding a guest by name or order: what is typed here stays here, and Enter goes to the first that was found.

import { call, toLogin } from "./api.js";
import { direction } from "./door-here.js";
import { isSignedOut } from "./door-scans.js";
import { reasonWords, ticketWords } from "./door-verdicts.js";
import { el, fill } from "./draw.js";
import { clock, icon, tag } from "./frame.js";
import { words } from "./words-door.js";

const PAUSE_MS = 200; // between two keys, until it is looked up
const LEAST = 2;
const MOST = 20; // the box finds no more at once
const MARKS = { pending: "unpaid", cancelled: "cancelled", blocked: "blocked", revoked: "revoked" };

const byId = (id) => document.getElementById(id);
const panel = byId("find");
const field = byId("find-text");

let timer = 0;
let asked = 0; // the newest question; answers to older ones are late

export function isFinding() {
  return !panel.hidden;
}

export function openFind(text) {
  panel.hidden = false;
  if (text) field.value = text;
  look();
  field.focus();
  field.select();
}

export function closeFind() {
  panel.hidden = true;
  field.value = "";
  show("", []);
}

// After a verdict: where everybody is now.
export const resume = () => look();

function show(said, found) {
  byId("find-said").textContent = said;
  fill(byId("found"), found.map(line));
}

async function look() {
  clearTimeout(timer);
  const text = field.value.trim();
  const mine = (asked += 1);
  byId("find-scan").hidden = true;
  if (text.length < LEAST) return show(words.find.short, []);
  const { status, data } = await call("GET", `/api/v1/tickets?q=${encodeURIComponent(text)}`);
  if (mine !== asked) return;
  if (isSignedOut(status, data)) toLogin();
  if (status !== 200) return show(words.find.silent, []);
  byId("find-scan").hidden = data.tickets.length > 0;
  const { length } = data.tickets;
  show(length ? words.find.some(length, MOST) : words.find.none(text), data.tickets);
}

function line({ ticket, holder, order, product, session, note, marks, lists }) {
  const bought = [product, session, order && words.find.order(order), ticketWords(ticket)];
  const about = bought.filter(Boolean).join(", ");
  const does = direction() === "out" ? words.find.letOut : words.find.admit;
  const look = { type: "button", class: "btn", "data-ticket": ticket, "aria-describedby": `found-${ticket}` };
  const text = el(
    "div",
    { class: "grow", id: `found-${ticket}` },
    el("b", {}, holder || words.find.nameless),
    el("span", { class: "small soft" }, about),
    ...lists.map((place) => el("span", { class: "small" }, where(place))),
    ...(note ? [el("span", { class: "small" }, words.note(note))] : []),
    ...marks.map((mark) => tag("flag", reasonWords(MARKS[mark])[0], "stop")),
  );
  return el("li", { id: `line-${ticket}` }, icon("person"), text, el("button", look, does));
}

function where({ list, entries, inside, first }) {
  if (!entries && !inside) return words.find.notYet(list);
  const since = first ? words.find.since(clock(new Date(first.at)), first.gate) : "";
  return (inside ? words.find.inside : words.find.left)(list, since);
}

// `admit`: a ticket that was chosen; `scan`: what was typed is a code after all; `back`: the search is over.
export function startFind({ admit, scan, back }) {
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  });
  byId("find-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    await look();
    const first = byId("found").querySelector("button");
    if (first && document.activeElement === field) first.focus();
  });
  byId("found").addEventListener("click", async (event) => {
    const chosen = event.target.closest("[data-ticket]");
    if (!chosen) return;
    chosen.disabled = true; // a second tap is no second scan
    await admit(chosen.dataset.ticket);
    chosen.disabled = false;
  });
  byId("find-scan").addEventListener("click", () => scan(field.value.trim()));
  byId("find-close").addEventListener("click", () => {
    closeFind();
    back();
  });
}
