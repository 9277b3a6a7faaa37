// The payment as it is shown.

import { el, fill } from "./draw.js";
import { coins, suggestions } from "./money.js";
import { words } from "./words-sell.js";

const byId = (id) => document.getElementById(id);

// `now`: the figures of pay.js.
export function drawPayment(now, money) {
  const { cart, pay, exact, due, covered, kind, share } = now;
  byId("pay-total").textContent = money.write(cart.total);
  byId("pay-vat").textContent = words.vatOf(money.write(cart.vat.reduce((all, one) => all + one.tax, 0)));
  byId("due-word").textContent = due > 0 ? words.stillToPay : due < 0 ? words.toGiveBack : words.nothingToPay;
  if (due !== exact) byId("due-word").textContent = words.inCoins(byId("due-word").textContent, money.write(exact));
  byId("due").textContent = money.write(Math.abs(due));
  drawTaken(now, money);
  byId("age").hidden = !cart.age;
  byId("age-word").textContent = words.ageSeen(cart.age);
  byId("pay-stock").hidden = !cart.lacking;
  byId("pay-stock").querySelector("div").textContent = cart.rows
    .flatMap((row) => row.lacking)
    .map((item) => words.lacking(item.name, item.left))
    .join(" ");
  byId("entry").hidden = covered || kind === "token";
  byId("by-cash").hidden = kind !== "cash" || covered;
  byId("back-box").hidden = kind !== "cash" && !covered;
  byId("by-paper").hidden = covered || !["card", "voucher"].includes(kind);
  byId("by-token").hidden = kind !== "token" || covered;
  byId("by-share").hidden = covered || kind === "token";
  byId("reference-word").textContent = kind === "card" ? words.cardReference : words.voucherReference;
  byId("reference-hint").textContent = kind === "card" ? words.cardHint : words.voucherHint;
  byId("amount-word").textContent = { cash: words.cashReceived, card: words.cardAmount }[kind] || words.voucherAmount;
  if (document.activeElement !== byId("amount")) byId("amount").value = now.entered === null ? "" : money.plain(now.entered);
  drawShares(pay, share, money);
  drawBack(now, money);
  drawSuggested(pay.shares > 1 ? share : due, money);
  drawFinish(now, money);
}

function drawTaken({ tenders }, money) {
  const row = (tender, index) => {
    const amount = money.write(tender.amount);
    const loose = tender.fits === false || tender.status === "unknown";
    return el(
      "li",
      { class: "row taken" },
      el("p", { class: loose ? "tag" : "tag go" }, words.taken(tender, amount)),
      el("button", { type: "button", class: "btn stop", "data-reverse": index }, words.reverse(tender.kind, amount)),
    );
  };
  byId("taken").hidden = !tenders.length;
  fill(byId("taken"), tenders.map(row));
}

function drawShares(pay, share, money) {
  const split = pay.shares > 1;
  byId("share-word").textContent = split ? words.shares(pay.shares, money.write(share)) : words.splitEvenly;
  for (const button of byId("by-share").querySelectorAll("[data-share]")) {
    button.hidden = split !== (button.dataset.share === "0");
  }
}

function drawBack({ entered, due, back, covered, kind }, money) {
  const missing = !covered && entered !== null && entered < due;
  const text = entered === null ? words.notYet : money.write(missing ? due - entered : back);
  byId("back-word").textContent = byId("dock-word").textContent = missing ? words.stillMissing : words.back;
  byId("back").textContent = byId("dock-back").textContent = text;
  const list = missing || entered === null ? [] : coins(back, document.body.dataset.currency);
  byId("coins").textContent = list.map(([coin, n]) => words.coin(n, money.short(coin))).join(", ");
  byId("dock-word").parentElement.hidden = kind !== "cash" && !covered;
}

function drawSuggested(due, money) {
  const key = (amount) => el("button", { type: "button", class: "btn grow", "data-amount": amount }, money.short(amount));
  fill(byId("suggested"), suggestions(Math.max(due, 0), money.unit).map(key));
}

function drawFinish({ entered, due, back, covered, kind, fault, ready }, money) {
  const amount = money.write(entered || 0);
  const where = byId("amount-error");
  where.hidden = !fault;
  where.textContent = fault;
  byId("entry").hidden = byId("entry").hidden && !fault;
  let text;
  if (covered) text = back > 0 ? words.finishBack(money.write(back)) : words.finishZero;
  else if (kind === "token") text = words.enterToken;
  else if (entered === null) text = words.enterCash;
  else text = words.take[kind](amount, entered >= due);
  for (const button of document.querySelectorAll("[data-do=finish]")) {
    button.textContent = text;
    button.disabled = !ready;
  }
  const unknown = document.querySelector("[data-do=unknown]");
  unknown.hidden = kind !== "card" || covered;
  unknown.textContent = words.takeUnknown(amount);
  unknown.disabled = !ready;
}
