// After the payment: what to give back, the sale's number as soon as the box has written it, its tickets, and
// what became of their paper.

import { call } from "./api.js";
import { clock, silent } from "./frame.js";
import { coins } from "./money.js";
import { el, fill } from "./draw.js";
import { held } from "./outbox.js";
import { change, onChange, read, tab } from "./store.js";
import { words } from "./words-sell.js";

const byId = (id) => document.getElementById(id);

export function startDone({ money }) {
  let asking = false;
  const mine = (read().done || {}).id; // this tab was loaded with it: a reload is no other tab

  function draw({ done, outbox }) {
    if (!done) return;
    const entry = outbox.find((one) => one.id === done.id);
    const { answer } = done;
    const back = answer ? answer.change : done.change;
    const waits = !answer && Boolean(entry && entry.slip);
    byId("done-when").textContent = clock(done.at);
    byId("done-head").textContent = answer ? words.done : waits ? words.waitsHere : words.sending;
    byId("done-waits").hidden = !waits;
    byId("done-elsewhere").hidden = !done.tab || done.tab === tab || mine === done.id;
    byId("done-late").hidden = !answer || !answer.late_for;
    byId("done-receipt-link").hidden = !answer;
    byId("done-receipt-link").href = answer ? `/sales/${done.id}` : "/sales";
    byId("done-back").textContent = back ? money.write(back) : words.noChange;
    const list = back ? coins(back, document.body.dataset.currency) : [];
    byId("done-coins").textContent = list.map(([coin, n]) => words.coin(n, money.short(coin))).join(", ");
    byId("done-number").textContent = answer ? answer.number : waits ? words.slip(entry.slip) : words.thisSale;
    fill(byId("done-paid"), [
      ...pair(words.total, money.write(answer ? answer.total : done.total)),
      ...done.tenders.flatMap((tender) =>
        pair(words.paid(tender), money.write(tender.amount)),
      ),
    ]);
    byId("done-receipt").textContent = answer ? words.receipt[done.receipt || "asked"] : words.receipt.later;
    byId("done-receipt").hidden = Boolean(answer) && !done.receipt;
    const tickets = ticketsOf(done);
    fill(byId("done-tickets"), tickets.map(drawTicket));
    byId("done-tickets").hidden = !tickets.length;
    if (answer && !(settled(done.receipt) && tickets.every((one) => settled(one.paper)))) lookUp(done.id);
  }

  // As the box last told of them; before that as they came with the answer.
  function ticketsOf({ answer, tickets }) {
    return tickets || ((answer && answer.tickets) || []).map((ticket) => ({ ticket, paper: "asked" }));
  }

  function drawTicket({ ticket, paper }) {
    const link = el("a", { class: "btn", href: `/ticket/${ticket}` }, words.ticket.name(ticket));
    return el("li", {}, el("span", { class: "grow small" }, words.ticket.paper[paper]), link);
  }

  const pair = (name, value) => [el("dt", {}, name), el("dd", {}, value)];
  const settled = (paper) => paper && paper !== "asked";
  const fate = (copy) => (copy ? copy.outcome || "asked" : "none");

  // What became of the paper; asked again at every news of this sale, and with every poll.
  async function lookUp(id) {
    if (asking || silent() || held()) return;
    asking = true;
    const { status, data } = await call("GET", `/api/v1/sales/${id}`);
    asking = false;
    if (status !== 200) return;
    const receipt = fate(data.receipts.find((one) => one.copy === 0));
    const tickets = (data.tickets || []).map((one) => ({
      ticket: one.ticket,
      slip: one.slip,
      paper: fate(one.copy === null ? null : one),
    }));
    const { done } = read();
    const same = done && done.receipt === receipt && JSON.stringify(done.tickets) === JSON.stringify(tickets);
    if (done && done.id === id && !same) {
      change((state) => {
        if (state.done && state.done.id === id) Object.assign(state.done, { receipt, tickets });
      });
    }
  }

  document.addEventListener("boothkit:view", (event) => event.detail === "done" && byId("done-head").focus());
  document.addEventListener("boothkit:fact", ({ detail: fact }) => {
    const { done } = read();
    if (!done || !done.answer) return;
    const about = fact.data.sale === done.id || ticketsOf(done).some((one) => one.slip && one.slip === fact.data.slip);
    if (about) lookUp(done.id);
  });
  onChange(draw);
}
