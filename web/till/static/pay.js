// The payment: tenders against what is due, change, and the step that turns the cart into a sale on its way.

import { coins, inCoins, suggestions } from "./money.js";
import { el, fill } from "./draw.js";
import { pump } from "./outbox.js";
import { change, mint, onChange, read } from "./store.js";
import { words } from "./words.js";

const byId = (id) => document.getElementById(id);
const LONGEST = 9; // digits

export function startPayment({ money, sum, meant, drawLines }) {
  const coin = Number(document.body.dataset.coin || 1); // minor units: what is paid in cash is paid in coins
  let kind = "cash";
  let typed = null; // minor units; null = nothing typed yet
  let fresh = true; // the next key of the pad begins a new amount

  const cardSum = (pay) => pay.tenders.reduce((all, tender) => all + tender.amount, 0);

  // Everything that the screen shows, from what is stored and what is typed.
  function figures(state) {
    const cart = sum(state.cart);
    const pay = state.pay || { id: null, tenders: [] };
    const taken = cardSum(pay);
    const exact = cart.total - taken;
    const due = kind === "cash" ? inCoins(exact, coin) : exact;
    const over = taken > Math.max(cart.total, 0);
    const entered = due <= 0 && kind === "cash" ? 0 : typed !== null ? typed : kind === "card" ? Math.max(due, 0) : null;
    const back = kind === "cash" && entered !== null ? entered - due : 0;
    const ready = !over && entered !== null && (kind === "cash" ? back >= 0 : entered > 0 && entered <= due);
    return { cart, pay, exact, due, over, entered, back, ready: ready && (!cart.age || byId("age-seen").checked) };
  }

  function draw(state) {
    if (byId("view-pay").hidden) return;
    const { cart, pay, exact, due, over, entered, back, ready } = figures(state);
    drawLines(byId("pay-lines"), cart.rows, false);
    byId("pay-total").textContent = money.write(cart.total);
    byId("pay-vat").textContent = words.vatOf(money.write(cart.vat.reduce((all, one) => all + one.tax, 0)));
    byId("due-word").textContent = due > 0 ? words.stillToPay : due < 0 ? words.toGiveBack : words.nothingToPay;
    if (due !== exact) byId("due-word").textContent = words.inCoins(byId("due-word").textContent, money.write(exact));
    byId("due").textContent = money.write(Math.abs(due));
    drawTaken(pay);
    byId("age").hidden = !cart.age;
    byId("age-word").textContent = words.ageSeen(cart.age);
    byId("by-cash").hidden = kind !== "cash" || due <= 0;
    byId("back-box").hidden = kind !== "cash";
    byId("by-card").hidden = kind !== "card";
    byId("amount-word").textContent = kind === "cash" ? words.cashReceived : words.cardAmount;
    if (document.activeElement !== byId("amount")) byId("amount").value = entered === null ? "" : money.plain(entered);
    drawBack(entered, back);
    drawSuggested(due);
    drawFinish(entered, due, back, ready, over);
  }

  function drawTaken(pay) {
    const reverse = (tender, index) =>
      el("button", { type: "button", class: "btn stop", "data-reverse": index }, words.reverseCard(money.write(tender.amount)));
    const text = (tender) => el("p", { class: "tag go" }, words.cardTaken(money.write(tender.amount), tender.reference));
    const both = (tender, index) => el("div", { class: "row taken" }, text(tender), reverse(tender, index));
    fill(byId("taken"), pay.tenders.map(both));
  }

  function drawBack(entered, back) {
    const short = entered === null || back < 0;
    const amount = entered === null ? 0 : Math.abs(back);
    byId("back-word").textContent = byId("dock-word").textContent = short && entered !== null ? words.missing : words.back;
    byId("back").textContent = byId("dock-back").textContent = entered === null ? words.notYet : money.write(amount);
    const list = short ? [] : coins(amount, document.body.dataset.currency);
    byId("coins").textContent = list.map(([coin, n]) => words.coin(n, money.short(coin))).join(", ");
    byId("dock-word").parentElement.hidden = kind === "card";
  }

  function drawSuggested(due) {
    const key = (amount) => el("button", { type: "button", class: "btn grow", "data-amount": amount }, money.short(amount));
    fill(byId("suggested"), suggestions(Math.max(due, 0), money.unit).map(key));
  }

  function drawFinish(entered, due, back, ready, over) {
    const error = byId("amount-error");
    const tooMuch = kind === "card" && entered !== null && entered > Math.max(due, 0);
    error.hidden = !tooMuch && !over;
    if (tooMuch) error.textContent = words.cardTooMuch(money.write(Math.max(due, 0)));
    if (over) error.textContent = words.cardOver;
    let text = entered === null ? words.enterCash : words.takeCash(money.write(entered));
    if (kind === "card" && entered !== null) text = (entered === due ? words.takeCard : words.takePart)(money.write(entered || 0));
    else if (due < 0) text = words.finishBack(money.write(back));
    else if (due === 0) text = words.finishZero;
    for (const button of document.querySelectorAll("[data-do=finish]")) {
      button.textContent = text;
      button.disabled = !ready;
    }
  }

  function enter(minor) {
    typed = minor;
    draw(read());
  }

  function key(text) {
    const before = fresh || typed === null ? "" : String(typed);
    const after = text ? before + text : (typed === null ? "" : String(typed)).slice(0, -1);
    fresh = false;
    byId("amount").blur();
    enter(after === "" ? null : Number(after.slice(0, LONGEST)));
  }

  function reset() {
    typed = null;
    fresh = true;
    byId("reference").value = "";
  }

  // One tap, one sale: what is sent, and that it is sent, is settled in one write; a second tap finds no payment.
  function finish() {
    const state = read();
    const { cart, pay, exact, due, entered, back, ready } = figures(state);
    if (!ready || !pay.id || !cart.complete || !meant()) return;
    const reference = byId("reference").value.trim();
    const card = { kind: "card", amount: entered, ...(reference ? { reference } : {}) };
    if (kind === "card" && entered < due) {
      change((now) => now.pay.tenders.push(card));
      choose("cash");
      return;
    }
    const last = kind === "card" ? [card] : pay.tenders.length && exact === 0 ? [] : [{ kind: "cash", amount: entered }];
    const tenders = [...pay.tenders, ...last];
    const shown = { id: pay.id, total: cart.total, change: back, at: Date.now() };
    change((now) => {
      const age = cart.age ? { age_checked: true } : {};
      now.outbox.push({ ...shown, body: { lines: now.cart, tenders, ...age }, cart: now.cart, slip: null, state: "waiting" });
      now.done = { ...shown, tenders };
      now.cart = [];
      now.pay = null;
      now.cleared = null;
    });
    reset();
    history.replaceState(null, "", location.pathname);
    pump();
  }

  function choose(name) {
    kind = name;
    document.querySelector(`#kind [value=${name}]`).checked = true;
    reset();
    draw(read());
    scrollTo(0, 0);
  }

  byId("age-seen").addEventListener("change", () => draw(read()));
  byId("kind").addEventListener("change", (event) => choose(event.target.value));
  byId("amount").addEventListener("input", (event) => {
    fresh = false;
    const minor = money.read(event.target.value);
    const error = byId("amount-error");
    enter(minor);
    if (minor === null && event.target.value.trim()) {
      error.hidden = false;
      error.textContent = words.notAnAmount(money.plain(30 * money.unit));
    }
  });
  byId("amount").addEventListener("blur", () => draw(read()));
  byId("view-pay").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("key" in button.dataset) key(button.dataset.key);
    if ("amount" in button.dataset) {
      fresh = true;
      enter(Number(button.dataset.amount));
    }
    if ("reverse" in button.dataset) {
      change((now) => now.pay.tenders.splice(Number(button.dataset.reverse), 1));
      reset();
      draw(read());
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do=finish]");
    if (button && !button.disabled) finish();
  });
  document.addEventListener("boothkit:view", (event) => {
    if (event.detail !== "pay") return;
    byId("age-seen").checked = false; // another guest, another look
    // Reached by an address, a reload or after a refusal: the payment has its identity all the same.
    const { pay } = read();
    if (!pay || !pay.id) change((now) => (now.pay = { tenders: [], ...now.pay, id: mint() }));
    choose("cash");
  });
  onChange(draw);
}
