// What the face asks back: the list's questions, one after the other, and why the lead lets somebody in all the same.

import { current, draw } from "./door-face.js";
import { words } from "./words-door.js";

const byId = (id) => document.getElementById(id);
const question = byId("question");
const answer = byId("question-answer");
const lead = byId("let");
const reason = byId("let-reason");
const pin = byId("let-pin"); // null where the lead is signed in

let busy = false; // an approval is on its way
let ask = null;
let done = null;

// Whether somebody types here, or waits for the answer to what they typed.
export function held() {
  return busy || [answer, reason, pin].includes(document.activeElement);
}

export function isLetOpen() {
  return !lead.hidden;
}

// What is asked again with more: the same code, or the ticket that a plugged-in scanner read.
function again({ found, body }) {
  return body || { ticket: found.ticket, gate: found.gate, direction: "in" };
}

// ---- questions

function open(record) {
  const { questions } = record.found;
  if (!questions || record.answered || record.declined) return undefined;
  return questions[Object.keys(record.answers || {}).length];
}

// Show what there is to ask of this verdict, which is another than before.
export function begin() {
  closeLet();
  answer.value = "";
  drawQuestion();
}

function drawQuestion() {
  const record = current();
  const now = record ? open(record) : undefined;
  question.hidden = !now || isLetOpen();
  byId("face").dataset.asks = isLetOpen() ? "lead" : question.hidden ? "" : "question";
  byId("face-keys").hidden = isLetOpen();
  if (!now) return;
  const last = record.found.questions.at(-1) === now;
  const text = now.answer === "text";
  byId("question-text").textContent = now.text;
  byId("question-field").hidden = !text;
  byId("question-no").hidden = text;
  const on = text ? words.goOn : words.yes;
  byId("question-yes").textContent = last ? (text ? words.checkAnswers : words.yesLetIn) : on;
}

async function take(given) {
  const record = current();
  const now = record && open(record);
  if (!now || !given) return;
  record.answers = { ...record.answers, [now.question]: given };
  answer.value = "";
  if (open(record)) {
    drawQuestion();
    if (!byId("question-field").hidden) answer.focus();
    return;
  }
  record.answered = true;
  const body = again(record);
  answer.blur();
  drawQuestion();
  draw();
  const decided = await ask({ ...body, answers: { ...body.answers, ...record.answers } });
  record.seen = true;
  if (decided) return;
  // Nobody knows: the last question may be answered once more, and is then the same scan.
  record.answered = false;
  delete record.answers[now.question];
  drawQuestion();
  draw();
}

function decline() {
  const record = current();
  const now = record && open(record);
  if (!now) return;
  record.declined = true;
  record.face = { ...record.face, shape: "no", word: words.notLetIn, why: now.text };
  drawQuestion();
  draw();
}

// ---- the lead

export function openLet() {
  const record = current();
  if (!record || !record.found.forcible) return;
  lead.hidden = false;
  reason.value = "";
  if (pin) pin.value = "";
  byId("let-said").textContent = "";
  drawQuestion();
  reason.focus();
}

export function closeLet() {
  lead.hidden = true;
  reason.value = "";
  if (pin) pin.value = "";
  drawQuestion();
}

function say(text, field) {
  byId("let-said").textContent = text;
  field.focus();
}

async function approve(decide) {
  const record = current();
  const why = reason.value.trim();
  if (!record || busy) return;
  if (!why) return say(words.needReason, reason);
  if (pin && !pin.value) return say(words.needPin, pin);
  const typed = pin ? pin.value : undefined;
  if (pin) pin.value = "";
  busy = true;
  byId("let-said").textContent = "";
  const { answer: verdict, problem, body } = await decide({ ...again(record), reason: why }, typed);
  busy = false;
  if (verdict) {
    record.seen = true;
    document.activeElement.blur(); // nobody types any more: the verdict may appear
    return done(verdict, body);
  }
  const said = problem ? words.problemWhy(problem.detail, problem.remedy) : words.noLead;
  say(said, pin || reason);
}

// `again`: asks a body and shows the verdict, true when there was one; `decide`: asks with a lead's PIN and says what
// queue() says; `show`: shows a verdict; `back`: the lead's form is closed.
export function startAsks(hooks) {
  ask = hooks.again;
  done = hooks.show;
  question.addEventListener("submit", (event) => {
    event.preventDefault();
    take(byId("question-field").hidden ? "yes" : answer.value.trim());
  });
  byId("question-no").addEventListener("click", decline);
  lead.addEventListener("submit", (event) => {
    event.preventDefault();
    approve(hooks.decide);
  });
  byId("let-reasons").addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-reason-text]");
    if (!chosen) return;
    reason.value = chosen.dataset.reasonText;
    (pin || lead.querySelector("button:not([type])")).focus();
  });
  byId("let-cancel").addEventListener("click", () => {
    closeLet();
    hooks.back();
  });
}
