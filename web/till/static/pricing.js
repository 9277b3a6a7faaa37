// What a cart costs: discounts, the parts of bundles, VAT by where it is consumed. The same rules as the box's own
// (appliance/domain/pricing.py, lines.py), to the cent; its answer is the truth all the same.

import { halfUp, lineTotal, ratio, vatLines } from "./money.js";

// `amount` in parts as `over` (each from 0), by largest remainder, the first of equal ones first.
export function spread(amount, over) {
  const whole = over.reduce((all, one) => all + BigInt(one), 0n);
  if (!amount || !whole) return over.map(() => 0);
  const parts = over.map((one) => Number((BigInt(amount) * BigInt(one)) / whole));
  const rest = over.map((one) => (BigInt(amount) * BigInt(one)) % whole);
  const order = over.map((_, at) => at).sort((a, b) => (rest[a] === rest[b] ? a - b : rest[a] > rest[b] ? -1 : 1));
  const missing = amount - parts.reduce((all, one) => all + one, 0);
  for (const at of order.slice(0, missing)) parts[at] += 1;
  return parts;
}

function share(price, rate) {
  const [r, one] = ratio(rate);
  return halfUp(BigInt(price) * r, one);
}

// A discount, {percent: "0.10"} or {amount: minor}, on `price`.
export function takenOff(discount, price) {
  return "percent" in discount ? share(price, discount.percent) : Math.min(discount.amount, price);
}

// VAT rate of an item that is not a bundle.
function rateOf(item, service) {
  return service === "takeaway" && item.takeaway ? item.takeaway : item.vat;
}

// What a line is recorded as: one part, or one for each part of a bundle; [{sku, qty, vat, deposit, amount}].
function partsOf(item, line, items) {
  const full = lineTotal(item, line);
  if (item.kind !== "bundle") {
    const qty = line.grams ? line.qty * line.grams : line.returned ? -line.qty : line.qty;
    return [{ sku: item.sku, qty, vat: rateOf(item, line.service), deposit: item.kind === "deposit", amount: full }];
  }
  const parts = item.contains.map(({ sku, qty }) => ({ item: items.get(sku), qty: qty * line.qty }));
  const alone = parts.map((part) => part.item.price * part.qty);
  const deposit = parts.map((part) => part.item.kind === "deposit");
  const deposits = alone.reduce((all, worth, at) => all + (deposit[at] ? worth : 0), 0);
  const shares = spread(full - deposits, alone.map((worth, at) => (deposit[at] ? 0 : worth)));
  return parts.map((part, at) => ({
    sku: part.item.sku,
    qty: part.qty,
    vat: rateOf(part.item, line.service),
    deposit: deposit[at],
    amount: deposit[at] ? alone[at] : shares[at],
  }));
}

// A cart in figures. lines: as they are sent; items: sku → {sku, price, kind, vat, takeaway, contains}; discount: of
// the cart; rail: {alone, lead}, shares such as "0.20". → rows, one a line: {full, own, share, total}; total; off: all
// that is taken off; takesOff: what the cart's discount is taken of; beyond: more than anybody may by themselves;
// barred: more than the lead may allow; vat; wanted: sku → pieces or grams. A line whose item is gone counts nothing.
export function priceCart(lines, items, discount, rail) {
  const known = (item) => item && (item.contains || []).every(({ sku }) => items.has(sku));
  const rows = lines.map((line) => {
    const item = items.get(line.sku);
    const parts = known(item) ? partsOf(item, line, items) : [];
    const full = parts.reduce((all, part) => all + part.amount, 0);
    const payable = parts.map((part) => (part.deposit ? 0 : part.amount));
    const base = payable.reduce((all, amount) => all + amount, 0);
    const own = line.discount && parts.length ? takenOff(line.discount, base) : 0;
    return { known: parts.length > 0, parts, payable, base, full, own, deposit: Boolean(item) && item.kind === "deposit" };
  });
  const left = rows.map((row) => row.base - row.own);
  const takesOff = left.reduce((all, amount) => all + amount, 0);
  const cart = discount ? takenOff(discount, takesOff) : 0;
  const shares = spread(cart, left);
  rows.forEach((row, at) => {
    row.share = shares[at];
    row.total = row.full - row.own - row.share;
    lower(row);
  });
  const paid = rows.filter((row) => row.known && !row.deposit).map((row) => row.base);
  const off = cart + rows.reduce((all, row) => all + row.own, 0);
  const exceeds = (limit) => {
    const allowed = (amount) => share(amount, limit);
    const most = Math.max(allowed(add(paid)), add(paid.map(allowed)));
    return off > most || rows.some((row) => row.own > allowed(row.base));
  };
  const beyond = exceeds(rail.alone);
  const barred = exceeds(rail.lead);
  const parts = rows.flatMap((row) => row.parts);
  const wanted = new Map();
  for (const part of parts) wanted.set(part.sku, (wanted.get(part.sku) || 0) + part.qty);
  const total = add(rows.map((row) => row.total));
  return { rows, total, off, takesOff, beyond, barred, vat: vatLines(parts.map((part) => [part.vat, part.amount])), wanted };
}

const add = (amounts) => amounts.reduce((all, amount) => all + amount, 0);

// What is taken off a line, shared by its parts.
function lower(row) {
  const own = spread(row.own, row.payable);
  const cart = spread(row.share, row.payable.map((amount, at) => amount - own[at]));
  row.parts.forEach((part, at) => (part.amount -= own[at] + cart[at]));
}

// What an access token pays: the `nth` piece (from 0) of a line of `qty` that costs `total`.
export function piece(total, qty, nth) {
  const upTo = (n) => halfUp(BigInt(total) * BigInt(n), BigInt(qty));
  return upTo(nth + 1) - upTo(nth);
}

// "12.5" → "0.125"; null when it is no percentage from 0 to 100 with at most 4 places.
export function shareOf(text) {
  const match = /^(\d{1,3})(?:[.,](\d{0,4}))?$/.exec(text.replace(/[\s\u00a0%]/g, ""));
  if (!match) return null;
  const digits = match[1].padStart(3, "0") + (match[2] || "");
  const rate = `${Number(digits.slice(0, -2 - (match[2] || "").length))}.${digits.slice(-2 - (match[2] || "").length)}`;
  const plain = rate.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  return Number(plain) <= 1 ? plain : null;
}
