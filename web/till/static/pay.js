// The payment: tenders against what is due, and the step that turns the cart into a sale on its way.

import { asked, drawerNow, empty, sum } from "./cart.js";
import { silent } from "./frame.js";
import { pump } from "./outbox.js";
import { drawPayment } from "./payview.js";
import { piece } from "./pricing.js";
import { change, mint, onChange, read, tab } from "./store.js";
import { dues, MOST_TENDERS, nextShare } from "./tenders.js";
import { scopeOf, voucherOf } from "./token.js";
import { words } from "./words-sell.js";

const byId = (id) => document.getElementById(id);
const LONGEST = 9; // digits
const REFERENCE = /^[A-Za-z0-9][A-Za-z0-9 .:/#*+_-]{0,39}$/;

// A payment begins, or goes on: it has its identity and its drawer from here on.
export function begin() {
  change((state) => {
    const drawer = drawerNow(state);
    const fresh = { id: mint(), tenders: [], shares: 1, drawer: drawer && drawer.drawer, training: Boolean(drawer && drawer.training) };
    const { id, problem, ...kept } = state.pay || {};
    state.pay = id && kept.drawer ? { ...fresh, ...kept, id } : { ...kept, ...fresh, tenders: kept.tenders || [] };
  });
}

// The tenders with what each access token among them pays now; `fits`: false when there is nothing for it.
function valued(tenders, cart) {
  const taken = new Map();
  return tenders.map((tender) => {
    if (tender.kind !== "token") return tender;
    const pays = (row) => row.item && ["unit", "bundle"].includes(row.item.kind) && row.line.sku === tender.sku;
    const row = cart.rows.find((one) => pays(one) && (taken.get(one) || 0) < one.line.qty);
    const nth = taken.get(row) || 0;
    const amount = row ? piece(row.total, row.line.qty, nth) : 0;
    if (amount > 0) taken.set(row, nth + 1);
    return { ...tender, amount, name: row ? row.name : tender.sku, fits: amount > 0 };
  });
}

export function startPayment({ money, meant, drawLines }) {
  const coin = Number(document.body.dataset.coin || 1); // minor units: what is paid in cash is paid in coins
  let kind = "cash";
  let typed = null; // minor units; null = nothing typed yet
  let fresh = true; // the next key of the pad begins a new amount

  // Everything that the screen shows, from what is stored and what is typed.
  function figures(state) {
    const cart = sum(state);
    const pay = state.pay || { id: null, tenders: [], shares: 1 };
    const tenders = valued(pay.tenders, cart);
    const { exact, due, over } = dues(cart.total, tenders, coin, kind);
    const covered = exact <= 0 || (kind === "cash" && due <= 0);
    const share = nextShare(due, pay.shares, coin, kind);
    const proposed = kind === "cash" && pay.shares < 2 ? null : share;
    const entered = covered || kind === "token" ? 0 : typed === null ? proposed : typed;
    const owed = covered ? dues(cart.total, tenders, coin, "cash").due : due; // what goes back goes back in coins
    const back = covered ? Math.max(0, -owed) : kind === "cash" && entered !== null ? Math.max(0, entered - due) : 0;
    const now = { cart, pay, tenders, exact, due, over, covered, share, entered, back, kind, coin };
    return { ...now, fault: faultOf(now), age: cart.age && !byId("age-seen").checked };
  }

  // Why it cannot go on, in words; "" while it can.
  function faultOf({ pay, tenders, due, over, covered, entered }) {
    const reference = byId("reference").value.trim();
    if (tenders.some((tender) => tender.fits === false)) return words.tokenLoose;
    if (over) return words.cardOver;
    if (covered || entered === null || kind === "token") return "";
    if (entered <= 0) return words.notNothing;
    if (kind !== "cash" && entered > due) return (kind === "card" ? words.cardTooMuch : words.voucherTooMuch)(money.write(due));
    if (kind === "cash" && entered % coin) return words.notInCoins(money.write(coin));
    if (kind !== "cash" && reference && !REFERENCE.test(reference)) return words.badReference;
    if (entered < due && pay.tenders.length + 2 > MOST_TENDERS) return words.tooManyTenders(MOST_TENDERS);
    return "";
  }

  function ready({ covered, entered, fault, age, cart }) {
    const named = kind !== "voucher" || covered || byId("reference").value.trim();
    const tender = covered || (kind !== "token" && entered !== null && named);
    return Boolean(tender && !fault && !age && cart.known && cart.approved);
  }

  function draw(state) {
    if (byId("view-pay").hidden) return;
    const now = figures(state);
    drawLines(byId("pay-lines"), now.cart.rows, false);
    drawPayment({ ...now, ready: ready(now) }, money);
  }

  function enter(minor) {
    typed = minor;
    draw(read());
  }

  function press(text) {
    const before = fresh || typed === null ? "" : String(typed);
    const after = text ? before + text : (typed === null ? "" : String(typed)).slice(0, -1);
    fresh = false;
    byId("amount").blur();
    enter(after === "" ? null : Number(after.slice(0, LONGEST)));
  }

  function reset() {
    typed = null;
    fresh = true;
    byId("reference").value = byId("token").value = byId("token-error").textContent = "";
  }

  function choose(name) {
    const key = document.querySelector(`#kind [value=${name}]`);
    kind = name;
    key.checked = true;
    if (["amount", "reference", "token"].includes(document.activeElement.id)) key.focus();
    reset();
    draw(read());
    scrollTo(0, 0);
  }

  // One tap, one tender; the last of them settles in one write what is sent and that it is sent. A second tap finds
  // no payment.
  function take(status) {
    const state = read();
    const now = figures(state);
    if (!ready(now) || !now.pay.id || !meant()) return;
    const reference = byId("reference").value.trim();
    const tender = { kind, amount: now.entered };
    if (kind !== "cash" && reference) tender.reference = reference;
    if (kind === "card") tender.status = status;
    if (!now.covered && now.entered < now.due) return takePart(tender);
    const nothing = now.tenders.length && now.exact === 0 ? [] : [{ kind: "cash", amount: 0 }];
    finish(now, [...now.tenders, ...(now.covered ? nothing : [tender])]);
  }

  function takePart(tender) {
    const shares = change((state) => {
      const before = state.pay.shares;
      state.pay.tenders.push(tender);
      state.pay.shares = Math.max(1, before - 1);
      return before;
    });
    choose(shares > 1 ? kind : "cash"); // a bill that is shared is mostly paid in one way
  }

  function finish({ cart, pay, back }, tenders) {
    const sent = tenders.map(({ name, fits, sku, ...tender }) => tender);
    const shown = { id: pay.id, total: cart.total, change: back, at: Date.now(), training: pay.training, tab };
    change((state) => {
      const body = { ...asked(cart, state.about), tenders: sent, ...(pay.drawer ? { drawer: pay.drawer } : {}) };
      state.outbox.push({ ...shown, body, tenders, cart: state.cart, about: state.about, slip: null, state: "waiting" });
      state.done = { ...shown, tenders };
      state.cleared = null;
      empty(state);
    });
    reset();
    history.replaceState(null, "", location.pathname);
    pump();
  }

  // An access token, scanned or typed. Only while the box answers: it alone knows whether it was used.
  function takeToken(code) {
    const error = byId("token-error");
    const state = read();
    const voucher = voucherOf(code);
    if (voucher !== null) return takeVoucher(code, voucher);
    const sku = scopeOf(code);
    const { cart, pay } = figures(state);
    const more = sku && valued([...pay.tenders, { kind: "token", reference: code, sku }], cart).pop();
    error.textContent = "";
    if (silent()) error.textContent = words.tokenNeedsBox;
    else if (!sku) error.textContent = words.noToken;
    else if (pay.tenders.some((tender) => tender.reference === code)) error.textContent = words.tokenTwice;
    else if (!more.fits) error.textContent = words.tokenForNothing(sku);
    else if (pay.tenders.length + 2 > MOST_TENDERS) error.textContent = words.tooManyTenders(MOST_TENDERS);
    if (error.textContent) return byId("token").select(); // the next scan takes its place
    change((now) => now.pay.tenders.push({ kind: "token", amount: more.amount, reference: code, sku }));
    choose(figures(read()).exact > 0 ? "cash" : "token");
  }

  // A come-back voucher pays its amount, all at once.
  function takeVoucher(code, amount) {
    const error = byId("token-error");
    const { pay, exact } = figures(read());
    error.textContent = "";
    if (silent()) error.textContent = words.tokenNeedsBox;
    else if (pay.tenders.some((tender) => voucherOf(tender.reference || "") !== null)) error.textContent = words.voucherTwice;
    else if (amount > exact) error.textContent = words.voucherTooMuch(money.write(exact));
    else if (pay.tenders.length + 2 > MOST_TENDERS) error.textContent = words.tooManyTenders(MOST_TENDERS);
    if (error.textContent) return byId("token").select();
    change((now) => now.pay.tenders.push({ kind: "voucher", amount, reference: code }));
    choose(figures(read()).exact > 0 ? "cash" : "token");
  }

  // A code that was scanned while this place is shown.
  function scan(code) {
    choose("token");
    takeToken(code);
  }

  byId("age-seen").addEventListener("change", () => draw(read()));
  byId("kind").addEventListener("change", (event) => choose(event.target.value));
  byId("amount").addEventListener("input", (event) => {
    fresh = false;
    const minor = money.read(event.target.value);
    enter(minor);
    if (minor === null && event.target.value.trim()) {
      byId("amount-error").hidden = false;
      byId("amount-error").textContent = words.notAnAmount(money.plain(30 * money.unit));
    }
  });
  byId("amount").addEventListener("blur", () => draw(read()));
  byId("reference").addEventListener("input", () => draw(read()));
  byId("view-pay").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !["amount", "reference", "token"].includes(event.target.id)) return;
    event.preventDefault();
    if (event.target.id !== "token") take("approved");
    else if (event.target.value.trim()) takeToken(event.target.value.trim());
    else take("approved");
  });
  byId("view-pay").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.disabled) return;
    const { key, amount, reverse, share } = button.dataset;
    if (key !== undefined) press(key);
    if (amount !== undefined) {
      fresh = true;
      enter(Number(amount));
    }
    if (share !== undefined) {
      change((now) => (now.pay.shares = Math.max(1, Number(share))));
      reset();
      draw(read());
    }
    if (reverse !== undefined) {
      change((now) => now.pay.tenders.splice(Number(reverse), 1));
      reset();
      draw(read());
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do=finish], [data-do=unknown]");
    if (button && !button.disabled) take(button.dataset.do === "finish" ? "approved" : "unknown");
  });
  document.addEventListener("boothkit:view", (event) => {
    if (event.detail !== "pay") return;
    byId("age-seen").checked = false; // another guest, another look
    // Reached by an address, a reload or after a refusal: the payment has its identity all the same.
    const { pay } = read();
    if (!pay || !pay.id) begin();
    choose("cash");
  });
  onChange(draw);
  return { choose, scan, take: () => take("approved") };
}
