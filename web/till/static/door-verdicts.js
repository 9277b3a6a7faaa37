// What a verdict says to people: shape, words and facts, from the box's answer or from a fact of its journal.

import { listNamed, shape } from "./door-here.js";
import { clock } from "./frame.js";
import { words } from "./words-door.js";
import { words as all } from "./words.js";

const { zone } = document.body.dataset;
const SHAPES = { expired: "expired", not_yet_valid: "early", question: "ask" };
const KINDS = { "ticket.admitted/1": "admitted", "ticket.exited/1": "exited", "ticket.refused/1": "refused" };
const final = () => document.getElementById("face").dataset.final.split(" ");

// A ticket's id as people compare it.
export function ticketWords(ticket) {
  if (!ticket) return words.noTicket;
  const tail = ticket.slice(-8).toUpperCase();
  return `${tail.slice(0, 4)}\u00a0${tail.slice(4)}`;
}

export function reasonWords(reason) {
  return words.reasons[reason] || words.otherReason;
}

// A fact of a plugged-in scanner as the answer that it was; null for other facts. Who it is comes later.
export function verdictOf({ kind, command, actor, at, data }) {
  if (!KINDS[kind] || !actor.startsWith("device:")) return null;
  const refused = kind === "ticket.refused/1";
  const { most } = shape();
  const packed = data.crowd !== undefined && most !== null && data.crowd >= most;
  return {
    time_checked: true,
    ...data,
    scan: command,
    device: true,
    verdict: KINDS[kind],
    at,
    forcible: refused && Boolean(data.ticket) && !final().includes(data.reason) && !packed,
  };
}

// The shape and words of a verdict. `said`: the small facts below, as pairs of name and text.
export function faceOf(found) {
  const refused = found.verdict === "refused";
  const face = refused ? refusal(found) : found.verdict === "exited" ? exit(found) : entry(found);
  const includes = !refused && found.includes && found.includes.length ? words.includes(found.includes) : "";
  return { ...face, includes, note: found.note ? words.note(found.note) : "", said: facts(found) };
}

// Some shops' products have numbers for names, which say nothing to anybody.
function productName({ product }) {
  return product && /[^\d-]/.test(product) ? product : "";
}

function entry(found) {
  const nth = found.entries === undefined ? "" : words.entry(found.entries + 1);
  const product = productName(found);
  const good = product ? [product, nth.toLowerCase()].filter(Boolean).join(", ") : found.entries ? nth : words.ok;
  const why = found.time_checked ? good : words.notChecked;
  const byLead = Boolean(found.overruled || found.forced_by);
  return {
    shape: "yes",
    word: words.admitted,
    over: byLead ? words.byLead : "",
    why: found.overruled ? words.overruled(reasonWords(found.overruled)[0]) : why,
  };
}

function exit(found) {
  const why = found.time_checked ? words.out : words.notChecked;
  return { shape: "out", word: words.exited, over: "", why };
}

function refusal(found) {
  const [word, why] = reasonWords(found.reason);
  if (found.questions) return { shape: "ask", word, over: words.notYetIn, why: "" };
  const crowd = found.crowd !== undefined && found.reason !== "list_full" ? crowdWhy(found) : "";
  const said = [reasonWhy(found) || why, crowd].join(" ").trim(); // who lets this guest in knows both
  return { shape: SHAPES[found.reason] || "no", word, over: words.refusedOver, why: said };
}

function reasonWhy(found) {
  const list = listNamed(found.list);
  if (found.first) {
    const before = new Date(found.first.at);
    const ago = all.span(Math.max(0, (new Date(found.at) - before) / 1000));
    return words.firstEntry(clock(before), found.first.gate, ago);
  }
  const { reason, valid_until: until, valid_from: from, at } = found;
  if (reason === "expired" && until) return words.validUntil(moment(until, at));
  if (reason === "not_yet_valid" && from) return words.validFrom(moment(from, at));
  if (reason === "list_full" && found.crowd !== undefined) return crowdWhy(found);
  if (reason === "list_full" && list && list.capacity) return words.allTaken(list.capacity);
  return "";
}

// As many people are inside as the policy allows: without the lead, or at all.
function crowdWhy({ crowd, policy = shape().policy, forcible }) {
  return forcible ? words.crowded(crowd, policy) : words.packed(crowd, policy);
}

// Unix seconds on the event's own clock; with the day when it is another.
function moment(seconds, at) {
  const when = new Date(seconds * 1000);
  const day = (date) => new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: zone }).format(date);
  return day(when) === day(new Date(at)) ? clock(when) : `${day(when)}, ${clock(when)}`;
}

function facts(found) {
  const list = listNamed(found.list);
  const rule = found.entry || (list && list.entry);
  // The product stands in the line below the word already.
  const isSaid = found.verdict === "admitted" && found.time_checked && !found.overruled && productName(found);
  const second = { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: zone };
  return [
    ["ticket", ticketWords(found.ticket)],
    ["holder", found.erased ? words.erased : found.holder],
    ["product", isSaid ? "" : found.product],
    ["session", found.reason === "wrong_session" ? found.session : ""],
    ["reentry", found.reason === "already_used" && rule ? words.reentry[rule] : ""],
    ["list", found.list],
    ["at", new Intl.DateTimeFormat("en-GB", second).format(new Date(found.at))],
  ].filter(([, value]) => value);
}
