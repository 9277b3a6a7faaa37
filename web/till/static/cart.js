// The cart: what is in it, what it costs, and what the box is asked to sell.

import { catalogue, nameOf } from "./catalogue.js";
import { priceCart, takenOff } from "./pricing.js";
import { change, read } from "./store.js";

export const MOST = 9999;
export const MOST_LINES = 200;

const settings = document.getElementById("main").dataset;

let open = 0; // the line whose tools are out, from 1; 0 = none

export const openLine = () => open;

export function unfold(number) {
  open = number;
}

// Put `n` of an item into the cart; false when there is no room for one more line.
export function put(sku, { returned = false, n = 1, ...more } = {}) {
  return change((state) => {
    const plain = (line) => !("price" in line || "grams" in line || "discount" in line);
    const same = (line) => line.sku === sku && Boolean(line.returned) === returned && plain(line);
    const found = Object.keys(more).length ? null : state.cart.find(same);
    if (!found && state.cart.length >= MOST_LINES) return false;
    if (found) found.qty = Math.min(found.qty + n, MOST);
    else state.cart.push({ sku, qty: n, ...(returned ? { returned } : {}), ...more });
    state.cleared = null;
    open = found ? state.cart.indexOf(found) + 1 : state.cart.length;
    return true;
  });
}

export function setQty(index, qty) {
  change((state) => {
    if (!state.cart[index]) return;
    if (qty > 0) state.cart[index].qty = Math.min(qty, MOST);
    else state.cart.splice(index, 1);
    if (qty <= 0) open = 0;
    if (!state.cart.length) state.about = {};
  });
}

// Away with it, so that it can be brought back.
export function clear() {
  open = 0;
  change((state) => {
    state.cleared = { cart: state.cart, about: state.about };
    empty(state);
  });
}

export function bringBack() {
  change((state) => {
    if (state.cleared && !state.cart.length) Object.assign(state, state.cleared);
    state.cleared = null;
  });
}

export function empty(state) {
  state.cart = [];
  state.about = {};
  state.pay = null;
}

// Lines with where they are consumed, as far as that matters to anybody.
function served(cart, service) {
  const items = catalogue();
  const matters = (item) => item && (item.takeaway || (item.contains || []).some(({ sku }) => matters(items.get(sku))));
  return cart.map((line) => (matters(items.get(line.sku)) ? { ...line, service } : line));
}

// Everything that the page shows of a cart. rows: {line, item, name, full, own, share, total, left}; `left`: set
// when there is less of it than is asked for.
export function sum({ cart, about, service }) {
  const items = catalogue();
  const lines = served(cart, service);
  const found = priceCart(lines, items, about.discount, rail());
  const short = (sku) => items.get(sku).left !== null && found.wanted.get(sku) > items.get(sku).left;
  const rows = found.rows.map((row, at) => {
    const line = lines[at];
    const item = row.known ? items.get(line.sku) : null;
    const lacking = row.parts.filter((part) => part.qty > 0 && short(part.sku)).map((part) => items.get(part.sku));
    return { ...row, line, item, name: nameOf(line), lacking };
  });
  const reduced = lines.some((line) => line.discount) || Boolean(about.discount);
  return {
    ...found,
    rows,
    lines,
    reduced,
    items: cart.reduce((all, line) => all + line.qty, 0),
    age: Math.max(0, ...rows.map((row) => (row.item && !row.line.returned ? row.item.age : 0))),
    known: cart.length > 0 && rows.every((row) => row.item),
    lacking: rows.some((row) => row.lacking.length),
    approved: !found.beyond || (!found.barred && Boolean(about.reason) && (settings.role === "lead" || isApproved(about, cart))),
  };
}

// What a lead's word was given for: every discount, and all that a discount of the whole cart is taken off.
export function approvalOf(cart, about) {
  const shape = ({ sku, qty, price, grams, discount }) => [sku, qty, price, grams, discount];
  const lines = about.discount ? cart : cart.filter((line) => line.discount);
  return JSON.stringify([lines.map(shape), about.discount || null]);
}

function isApproved(about, cart) {
  return Boolean(about.approval) && about.approval.of === approvalOf(cart, about);
}

// The body of a sale but for its tenders and drawer; `cart`: of `sum`.
export function asked(cart, about) {
  const within = (discount, price) =>
    "amount" in discount ? { amount: takenOff(discount, price) } : { percent: discount.percent };
  const lines = cart.rows.map(({ line, base }) =>
    line.discount ? { ...line, discount: within(line.discount, base) } : line,
  );
  return {
    lines,
    ...(about.discount ? { discount: within(about.discount, cart.takesOff) } : {}),
    ...(cart.reduced && about.reason ? { discount_reason: about.reason } : {}),
    ...(cart.beyond && about.approval && settings.role !== "lead" ? { approval: about.approval.id } : {}),
    ...(about.note ? { note: about.note } : {}),
    ...(cart.age ? { age_checked: true } : {}),
  };
}

// Where what is sold goes to: {drawer, name, by, training}; null while nothing is open, or nobody said which.
export function drawerNow(state = read()) {
  const meant = drawers();
  return meant.length === 1 ? meant[0] : meant.find((one) => one.drawer === state.drawer) || null;
}

export function drawers() {
  return JSON.parse(document.getElementById("stand").dataset.drawers);
}

// How much may be taken off: {alone, lead, policy}, the first two as shares.
export function rail() {
  return JSON.parse(document.getElementById("stand").dataset.rail);
}

export function stopped() {
  return "stopped" in document.getElementById("stand").dataset;
}
