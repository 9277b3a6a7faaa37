// Saves the reload: forms are sent and their answer is drawn into the page, and news is asked for every second.

import { morph } from "./morph.js";

const EVERY_MS = 1000;
const TIMEOUT_MS = 5000;

const bench = document.getElementById("bench");
const gone = document.getElementById("gone");
const wire = document.getElementById("wire");
let tag = "";
let sent = 0;
let answered = 0;
let hands = Promise.resolve();
let heard = new Date();

document.querySelectorAll("[data-plain]").forEach((node) => (node.hidden = true));
document.querySelectorAll("[data-step]").forEach((node) => (node.hidden = false));

// → the answer as {status, tag, text}, or null when there was none in time.
async function ask(url, options = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(url, { ...options, cache: "no-store", signal: stop.signal });
    return { status: response.status, tag: response.headers.get("ETag"), text: await response.text() };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function complain(words) {
  gone.hidden = !words;
  if (words && gone.lastElementChild.textContent !== words) gone.lastElementChild.textContent = words;
}

function silent() {
  const time = heard.toLocaleTimeString("en-GB");
  complain(`The bench does not answer. What you see is from ${time}; it is asked again every second.`);
}

// Draw an answer. News leaves in place what was said about the last try.
function draw(answer, { isNews }) {
  const fresh = new DOMParser().parseFromString(answer.text, "text/html");
  const theirs = fresh.getElementById("bench");
  heard = new Date();
  if (!theirs) {
    complain(fresh.getElementById("fault")?.textContent || `The bench answers ${answer.status}.`);
    return;
  }
  complain("");
  if (isNews) {
    bench.querySelectorAll("[data-said]").forEach((said) => {
      fresh.getElementById(said.id).replaceChildren(...said.cloneNode(true).childNodes);
    });
  }
  tag = answer.tag || "";
  morph(bench, theirs);
}

// What hands do happens in the order in which they do it.
function post(form, values) {
  const turn = ++sent;
  hands = hands.then(() => deliver(form, values, turn));
}

async function deliver(form, values, turn) {
  const answer = await ask(form.action, { method: "POST", body: values });
  answered += 1;
  if (!answer) silent();
  else if (turn === sent) draw(answer, { isNews: false });
}

// While a key is on its way or a slider is held, news may be from before it.
function handsOn() {
  return answered < sent || document.querySelector("[type=range]:active");
}

async function look() {
  if (document.hidden || handsOn()) return;
  const turn = sent;
  const answer = await ask("/", tag ? { headers: { "If-None-Match": tag } } : {});
  if (turn !== sent || handsOn()) return;
  if (!answer) silent();
  else if (answer.status !== 304) draw(answer, { isNews: true });
  else {
    heard = new Date();
    complain("");
  }
  await lookAtWire();
}

async function lookAtWire() {
  if (!wire.open) return;
  const answer = await ask(wire.dataset.wire);
  if (answer?.status !== 200) return;
  const fresh = new DOMParser().parseFromString(answer.text, "text/html");
  morph(document.getElementById("pieces"), fresh.getElementById("pieces"));
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const values = new URLSearchParams(new FormData(event.target));
  if (event.submitter?.name) values.append(event.submitter.name, event.submitter.value);
  post(event.target, values);
});

document.addEventListener("change", ({ target }) => {
  if (target.form?.hasAttribute("data-auto")) post(target.form, new URLSearchParams({ [target.name]: target.value }));
});

document.addEventListener("input", ({ target }) => {
  if (target.type !== "range") return;
  const words = target.closest("label").querySelector("output");
  const number = Number(target.value).toFixed(Number(words.dataset.digits)).replace("-", "\u2212");
  words.textContent = `${number}\u00a0${words.dataset.unit}`;
});

document.addEventListener("click", ({ target }) => {
  const key = target.closest("[data-step]");
  if (!key) return;
  const people = document.getElementById("people");
  people.value = Math.min(100, Math.max(1, (Number.parseInt(people.value, 10) || 0) + Number(key.dataset.step)));
});

wire.addEventListener("toggle", lookAtWire);
document.addEventListener("visibilitychange", look);
(async function forever() {
  for (;;) {
    await look();
    await new Promise((wake) => setTimeout(wake, EVERY_MS));
  }
})();
