// After the payment: what to give back, the sale's number as soon as the box has written it, the receipt's fate.

import { call } from "./api.js";
import { clock, silent } from "./frame.js";
import { coins } from "./money.js";
import { el, fill } from "./draw.js";
import { held } from "./outbox.js";
import { change, onChange, read } from "./store.js";
import { words } from "./words.js";

const byId = (id) => document.getElementById(id);

export function startDone({ money, meant }) {
  let asking = false;

  function draw({ done, outbox }) {
    if (!done) return;
    const entry = outbox.find((one) => one.id === done.id);
    const { answer } = done;
    const back = answer ? answer.change : done.change;
    const waits = !answer && Boolean(entry && entry.slip);
    byId("done-when").textContent = clock(done.at);
    byId("done-head").textContent = answer ? words.done : waits ? words.waitsHere : words.sending;
    byId("done-waits").hidden = !waits;
    byId("done-back").textContent = back ? money.write(back) : words.noChange;
    const list = back ? coins(back, document.body.dataset.currency) : [];
    byId("done-coins").textContent = list.map(([coin, n]) => words.coin(n, money.short(coin))).join(", ");
    byId("done-number").textContent = answer ? answer.number : waits ? words.slip(entry.slip) : words.thisSale;
    fill(byId("done-paid"), [
      ...pair(words.total, money.write(answer ? answer.total : done.total)),
      ...done.tenders.flatMap((tender) =>
        pair(tender.kind === "card" ? words.paidCard(tender.reference) : words.paidCash, money.write(tender.amount)),
      ),
    ]);
    byId("done-receipt").textContent = answer ? words.receipt[done.receipt || "asked"] : words.receipt.later;
    byId("done-receipt").hidden = Boolean(answer) && !done.receipt;
    if (answer && !settled(done.receipt)) lookUp(done.id);
  }

  const pair = (name, value) => [el("dt", {}, name), el("dd", {}, value)];
  const settled = (receipt) => receipt && receipt !== "asked";

  // What became of the paper; asked again at every news of this sale, and with every poll.
  async function lookUp(id) {
    if (asking || silent() || held()) return;
    asking = true;
    const { status, data } = await call("GET", `/api/v1/sales/${id}`);
    asking = false;
    if (status !== 200) return;
    const original = data.receipts.find((one) => one.copy === 0);
    const receipt = !original ? "none" : original.outcome || "asked";
    const { done } = read();
    if (done && done.id === id && done.receipt !== receipt) {
      change((state) => {
        if (state.done && state.done.id === id) state.done.receipt = receipt;
      });
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-do=next]") && meant()) change((state) => (state.done = null));
  });
  document.addEventListener("boothkit:view", (event) => event.detail === "done" && byId("done-head").focus());
  document.addEventListener("boothkit:fact", ({ detail: fact }) => {
    const { done } = read();
    if (done && done.answer && fact.data.sale === done.id) lookUp(done.id);
  });
  onChange(draw);
}
