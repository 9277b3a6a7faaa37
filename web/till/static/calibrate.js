// Laying a camera's lines: the blurred picture of now, the plan over it, a walk to try it, and the press that keeps it.
// No picture stays: each is drawn over the last, and let go.

import { call, picture } from "./api.js";
import { renew } from "./frame.js";
import "./near.js";
import { editPlan } from "./plan.js";
import { words } from "./words-calibrate.js";

const LOOK_MS = 1000;
const SETTLE_MS = 400;
const REST_MS = 3000; // after a walk was begun, before it may be missed

const get = (id) => document.getElementById(id);
const device = get("main").dataset.device;
const base = `/api/v1/footfall/${encodeURIComponent(device)}`;
const form = get("plan");
const canvas = get("still");

let looking = false;
let settle = 0;
let begun = 0;
let tried = ""; // the plan that is walked through, as it was sent
let keeping = false;
let sent = { body: "", key: form.elements.key.value };

const plan = editPlan({
  form,
  items: get("items"),
  drawing: get("drawn"),
  templates: { line: get("line-fields"), zone: get("zone-fields"), corner: get("corner-fields") },
  onChange: (settled) => {
    clearTimeout(settle);
    settle = setTimeout(begin, settled ? SETTLE_MS : 3 * SETTLE_MS);
  },
});

function say(text) {
  get("fault").hidden = !text;
  get("fault").firstElementChild.textContent = text;
}

async function look() {
  if (looking || document.hidden) return;
  looking = true;
  const answer = await picture(`${base}/still`);
  const bitmap = answer.picture && (await createImageBitmap(answer.picture).catch(() => null));
  if (bitmap) {
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    }
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
  }
  const why = bitmap ? "" : words.refused(answer.problem) || words.silent;
  if (get("no-picture").textContent !== why) get("no-picture").textContent = why;
  get("no-picture").hidden = !why;
  looking = false;
}

// Count at what the form says, from nothing. What is the same as before goes on, but for `anew`.
async function begin(anew = false) {
  clearTimeout(settle);
  const said = plan.plan();
  if (!said) {
    say(words.places);
    return;
  }
  const asked = said.lines.length || said.zones.length ? said : null;
  const body = JSON.stringify(asked);
  if (body === tried && anew !== true) return;
  begun = performance.now();
  tried = body;
  const answer = await call("POST", `${base}/try`, { body: { plan: asked } });
  if (body !== tried) return; // changed meanwhile
  say(answer.status === 200 ? "" : answer.status === 422 ? words.refused(answer.data) : "");
  if (answer.status !== 200 && answer.status !== 422) tried = "";
  renew();
}

// The worker was started anew, or nobody had looked for a while: the walk is over there.
function watch() {
  const over = document.querySelector("[data-trial=no]") && tried && tried !== "null" && get("fault").hidden;
  if (over && performance.now() - begun > REST_MS && !document.hidden) begin(true);
  else if (!tried && performance.now() - begun > REST_MS) begin();
}

function walked() {
  if (!document.querySelector("[data-trial=yes]")) return null;
  const way = (name) => Number(document.querySelector(`[data-way=${name}]`).textContent);
  return { in: way("in"), out: way("out") };
}

async function keep() {
  if (keeping) return;
  const said = plan.plan();
  if (!said) {
    say(words.places);
    return;
  }
  keeping = true;
  get("keep").disabled = true;
  const asked = { plan: said, tried: walked(), sure: form.elements.sure.checked };
  const body = JSON.stringify(asked);
  if (body !== sent.body) sent = { body, key: `${form.elements.key.value}-${Math.round(performance.now())}` };
  const answer = await call("POST", `${base}/plan`, { body: asked, key: sent.key });
  if (answer.status === 200) {
    location.assign(`/footfall/${encodeURIComponent(device)}?kept=1`);
    return;
  }
  keeping = false;
  get("keep").disabled = false;
  if (String(answer.data?.type || "").endsWith("/view-unsuitable")) {
    get("sure").hidden = false;
    get("sure").querySelector("input").focus();
  }
  say(words.refused(answer.data) || words.silent);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  keep();
});
get("again").addEventListener("click", () => begin(true));
document.addEventListener("boothkit:part", () => {
  if (!form.elements.sure.checked) get("sure").hidden = !document.querySelector("[data-unfit]");
});
form.noValidate = true; // what is wrong is said in words, where the button is
get("more").hidden = false;
get("again").hidden = false;
if (get("kept")) get("kept").focus();
else plan.first();
setInterval(look, LOOK_MS);
setInterval(watch, LOOK_MS);
look();
begin();
