// What is due and what it takes to finish, from the cart's total and the tenders so far.

import { inCoins } from "./money.js";

export const MOST_TENDERS = 10; // as many as one sale has

const add = (tenders) => tenders.reduce((all, tender) => all + tender.amount, 0);

// total: minor units; tenders: [{kind, amount}, …]; coin: minor units of the smallest one; kind: what comes next.
// → exact: what is left to the last minor unit; due: what is left by this kind, in coins when it is cash; over: more
// than there is to pay was taken by what gives no change.
export function dues(total, tenders, coin, kind) {
  const cash = add(tenders.filter((tender) => tender.kind === "cash"));
  const token = add(tenders.filter((tender) => tender.kind === "token"));
  const other = add(tenders) - cash - token;
  const rest = total - token - other; // what cash pays, all of it
  const due = (kind === "cash" ? inCoins(rest, coin) : rest) - cash;
  return { exact: rest - cash, due, over: other > Math.max(total - token, 0) };
}

// The next of `shares` even parts of what is due; the first ones are larger by what does not go even. In coins when
// it is cash, and the last one is what is left.
export function nextShare(due, shares, coin, kind) {
  if (shares < 2) return due;
  const part = Math.ceil(due / shares);
  return kind === "cash" ? Math.min(due, Math.ceil(part / coin) * coin) : part;
}
