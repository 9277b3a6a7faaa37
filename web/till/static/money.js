// Money in whole minor units; the only place where the page calculates. The box's answer is the truth.

const NOTES_AND_COINS = {
  EUR: [20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1],
  CHF: [20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5],
  GBP: [5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1],
  USD: [10000, 5000, 2000, 1000, 500, 100, 25, 10, 5, 1],
};
const NOTE_STEPS = [1, 5, 10, 50, 100];

// Nearest whole number to n / d, halves away from zero: the box's own rule. Exact beyond 2^53.
export function halfUp(n, d) {
  const up = n < 0n ? -n : n;
  const whole = (2n * up + d) / (2n * d);
  return Number(n < 0n ? -whole : whole);
}

// What one line costs before discounts. item: {price, kind}; line: {qty, price?, grams?, returned?}.
export function lineTotal(item, line) {
  if (item.kind === "weight") return line.qty * halfUp(BigInt(item.price) * BigInt(line.grams), 1000n);
  const price = item.kind === "open" ? line.price : item.price;
  return (line.returned ? -line.qty : line.qty) * price;
}

// [[rate, gross], …] → [{rate, gross, tax}] summed per rate, highest first; tax = gross·r/(1+r).
export function vatLines(parts) {
  const gross = new Map();
  for (const [rate, amount] of parts) gross.set(rate, (gross.get(rate) || 0) + amount);
  return [...gross]
    .sort((a, b) => Number(b[0]) - Number(a[0]))
    .map(([rate, amount]) => {
      const [r, one] = ratio(rate);
      return { rate, gross: amount, tax: halfUp(BigInt(amount) * r, one + r) };
    });
}

// "0.19" → [19n, 100n]
export function ratio(rate) {
  const [whole, part = ""] = rate.split(".");
  return [BigInt(whole + part), 10n ** BigInt(part.length)];
}

// The amount as coins can pay it, as the box rounds it. `coin`: minor units of the smallest one.
export function inCoins(amount, coin) {
  return halfUp(BigInt(amount), BigInt(coin)) * coin;
}

// What somebody who owes `due` may hand over: exactly, then the next round amounts. `unit`: minor units in a major one.
export function suggestions(due, unit) {
  const found = [due];
  for (const step of NOTE_STEPS) {
    const size = step * unit;
    const next = Math.ceil(due / size) * size;
    if (!found.includes(next)) found.push(next);
  }
  return found.sort((a, b) => a - b).slice(0, 4);
}

// An amount in notes and coins, largest first: [[coin, how many], …]; empty when the currency is not known here.
export function coins(amount, currency) {
  const found = [];
  for (const coin of NOTES_AND_COINS[currency] || []) {
    const n = Math.floor(amount / coin);
    if (n > 0) found.push([coin, n]);
    amount -= n * coin;
  }
  return amount === 0 ? found : [];
}

// Writing and reading amounts of one currency, as the box writes them.
export function purse(currency, language) {
  const writer = new Intl.NumberFormat(language, { style: "currency", currency: currency || "XXX" });
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 2 });
  const whole = new Intl.NumberFormat(language, {
    style: "currency",
    currency: currency || "XXX",
    minimumFractionDigits: 0,
    maximumFractionDigits: 0,
  });
  const digits = writer.resolvedOptions().maximumFractionDigits;
  const point = (1.5).toLocaleString(language).charAt(1);

  // 4450 → "44.50", without a float in between.
  function decimal(minor, separator) {
    const text = String(Math.abs(minor)).padStart(digits + 1, "0");
    const cut = text.length - digits;
    const sign = minor < 0 ? "-" : "";
    return sign + text.slice(0, cut) + (digits ? separator + text.slice(cut) : "");
  }

  return {
    unit: 10 ** digits,
    write: (minor) => writer.format(Number(decimal(minor, "."))).replace("-", "\u2212"),
    plain: (minor) => decimal(minor, point),
    // As on a key: whole amounts without their noughts.
    short: (minor) => (minor % 10 ** digits ? writer : whole).format(Number(decimal(minor, "."))).replace("-", "\u2212"),
    symbol: writer.formatToParts(0).find((part) => part.type === "currency").value,
    percent: (rate) => percent.format(Number(rate)).replace(/\s*%/, "\u00a0%"),
    // "0.125" → "12.5", as somebody types it.
    percentPlain: (rate) => (Number(rate) * 100).toLocaleString(language, { maximumFractionDigits: 4, useGrouping: false }),
    // What somebody typed → minor units; null when it is no amount.
    read: (text) => {
      const match = /^(\d{1,9})(?:[.,](\d*))?$/.exec(text.replace(/[\s\u00a0]/g, ""));
      if (!match || (match[2] || "").length > digits) return null;
      return Number(match[1] + (match[2] || "").padEnd(digits, "0"));
    },
  };
}
