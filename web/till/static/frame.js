// What every staff screen does: follow the journal, keep the live parts live, say when the box is silent, send what waits.

import { part } from "./api.js";
import { el, fill } from "./draw.js";
import { morph } from "./morph.js";
import { startLock } from "./lock.js";
import { held, pump } from "./outbox.js";
import { onChange, read } from "./store.js";
import { words } from "./words.js";

const POLL_MS = 5000;
const SETTLE_MS = 250;
const REOPEN_MS = 5000;

const page = document.body.dataset;
const tags = document.getElementById("tags");
const trouble = document.getElementById("trouble");
const parts = [...document.querySelectorAll("[data-live]")];
const shown = new Map();

let silentSince = null;
let leaving = false; // somebody tried to go to another screen while the box is silent
let position = Number(page.position || 0);
let refreshing = null;
let settle = 0;
let stream = null;

// True while the box does not answer this page.
export function silent() {
  return silentSince !== null || held() === "silent";
}

export function clock(at) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: page.zone }).format(at);
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${page.icons}#${name}`);
  svg.append(use);
  return svg;
}

export function tag(name, text, tone = "") {
  return el("span", { class: `tag ${tone}`.trim() }, icon(name), text);
}

async function refresh() {
  for (const place of parts) {
    const html = await part(place.dataset.live);
    if (html === null) {
      if (silentSince === null) silentSince = new Date();
      break;
    }
    silentSince = null;
    if (shown.get(place) !== html) {
      shown.set(place, html);
      const fresh = place.cloneNode();
      fresh.innerHTML = html;
      morph(place, fresh);
      place.dispatchEvent(new Event("boothkit:part", { bubbles: true }));
    }
  }
  document.dispatchEvent(new Event("boothkit:state"));
}

// One refresh at a time; asked for again meanwhile, it runs once more.
export function renew() {
  if (document.hidden) return;
  if (refreshing) {
    refreshing.again = true;
    return;
  }
  const run = { again: false };
  refreshing = run;
  refresh().finally(() => {
    refreshing = null;
    if (run.again) renew();
  });
}

function follow() {
  stream = new EventSource(`/api/v1/follow?after=${position}`);
  stream.onmessage = (event) => {
    position = Number(event.lastEventId);
    document.dispatchEvent(new CustomEvent("boothkit:fact", { detail: JSON.parse(event.data) }));
    clearTimeout(settle);
    settle = setTimeout(renew, SETTLE_MS);
  };
  stream.onerror = () => {
    // Refused (too many streams, signed out) is final for an EventSource: the poll goes on, and this tries again.
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, REOPEN_MS);
    renew();
  };
}

function showTrouble(state) {
  const waiting = state.outbox.filter((one) => one.state === "waiting" && one.slip).length;
  const refused = state.outbox.filter((one) => one.state === "refused").length;
  const found = [];
  leaving = leaving && silent();
  if (leaving) found.push(tag("nolink", words.stayHere, "stop"));
  else if (silent()) {
    found.push(tag("nolink", words.silent, "stop"));
    if (silentSince) found.push(tag("clock", words.notLive(clock(silentSince))));
  }
  if (waiting) found.push(tag("clock", words.waiting(waiting)));
  if (refused) found.push(tag("flag", words.refusedCount(refused), "stop"));
  fill(trouble, found);
  trouble.hidden = !found.length;
  tags.hidden = silent();
}

// Another screen cannot come from a silent box, and this one would be gone.
function stay(event) {
  if (!silent()) return;
  event.preventDefault();
  leaving = true;
  showTrouble(read());
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (link && new URL(link.href).pathname !== location.pathname) stay(event);
});
startLock({ silent, stay });
document.addEventListener("visibilitychange", renew);
document.addEventListener("boothkit:renew", renew);
addEventListener("pagehide", () => stream && stream.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
onChange(showTrouble);
follow();
setInterval(renew, POLL_MS);
renew();
if (read().outbox.length) pump();
