// The lines of a cart, with tools where it can be changed.

import { openLine } from "./cart.js";
import { nameOf } from "./catalogue.js";
import { el, fill } from "./draw.js";
import { words } from "./words-sell.js";

const byId = (id) => document.getElementById(id);

export function drawLines(list, rows, tools, money) {
  fill(
    list,
    rows.map((row, index) => {
      const li = byId("line").content.firstElementChild.cloneNode(true);
      const [count, amount] = li.querySelectorAll(".n");
      const name = li.querySelector(".lname");
      count.textContent = row.line.qty;
      amount.textContent = row.item ? money.write(row.full - row.own) : "";
      name.textContent = row.name;
      fill(li.querySelector(".more"), about(row, money));
      if (tools) drawTools(li, row, index);
      else {
        name.replaceWith(el("b", {}, row.name));
        li.querySelector(".tools").remove();
      }
      return li;
    }),
  );
}

// What stands below a line: its weight, its parts, the price before a discount, how much is left.
function about(row, money) {
  const found = [];
  if (!row.item) return [el("span", { class: "stop-ink" }, words.gone)];
  if (row.line.grams) found.push(words.weighed(row.line.grams, money.write(row.item.price)));
  if (row.item.contains) found.push(words.contains(row.item.contains.map(({ sku, qty }) => [qty, nameOf({ sku })])));
  if (row.own) {
    const { percent } = row.line.discount;
    found.push(el("s", {}, money.write(row.full)), words.lineOff(percent && money.percent(percent), money.write(row.own)));
  }
  for (const item of row.lacking) found.push(el("b", { class: "stop-ink" }, words.lacking(item.name, item.left)));
  if (!row.lacking.length && row.item.left !== null && row.line.qty >= row.item.left) found.push(words.allLeft(row.item.left));
  return found.flatMap((one, at) => (at ? [" ", one] : [one]));
}

function drawTools(li, row, index) {
  const [less, more, remove] = li.querySelectorAll("[data-step]");
  const field = li.querySelector("input");
  const off = li.querySelector("[data-off]");
  li.dataset.line = index;
  li.classList.toggle("open", openLine() === index + 1);
  li.querySelector(".lname").setAttribute("aria-expanded", String(openLine() === index + 1));
  less.setAttribute("aria-label", words.oneLess(row.name));
  more.setAttribute("aria-label", words.oneMore(row.name));
  remove.setAttribute("aria-label", words.remove(row.name));
  off.setAttribute("aria-label", words.discountOn(row.name));
  off.hidden = row.deposit || !row.item;
  field.setAttribute("aria-label", words.quantity(row.name));
  field.value = row.line.qty;
}
