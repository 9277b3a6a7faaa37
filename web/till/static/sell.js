// The till: tiles and the cart; payment, done and waiting have their own modules on the same page.

import { call } from "./api.js";
import { startDone } from "./done.js";
import { renew } from "./frame.js";
import { lineTotal, purse, vatLines } from "./money.js";
import { el, fill } from "./draw.js";
import { startPayment } from "./pay.js";
import { change, mint, onChange, read } from "./store.js";
import { startWaiting } from "./waiting.js";
import { sentence, words } from "./words.js";

const MOST = 9999;
const TAP_MS = 350; // a second tap of the same finger is not meant for what has just appeared

const byId = (id) => document.getElementById(id);
const every = (selector) => [...document.querySelectorAll(selector)];
const money = purse(document.body.dataset.currency, document.documentElement.lang);

let catalogue = new Map();
let openLine = 0; // from 1; 0 = none
let asked = null; // the item whose price or weight is being typed
let view = "";
let viewSince = 0;

// ---- what is for sale

function readTiles() {
  catalogue = new Map();
  for (const tile of every(".tile[data-sku]:not([data-returned])")) {
    const { sku, name, price, kind, vat, left, age } = tile.dataset;
    catalogue.set(sku, { sku, name, kind, vat, price: Number(price), age: Number(age), left: left === "" ? null : Number(left) });
  }
}

// Lines with their items and amounts. An item that has left the catalogue counts nothing and says so.
function priced(cart) {
  return cart.map((line) => {
    const item = catalogue.get(line.sku);
    return { line, item, total: item ? lineTotal(item, line) : 0, name: nameOf(line, item) };
  });
}

function nameOf(line, item) {
  if (!item) return line.sku;
  const tile = line.returned && document.querySelector(`.tile[data-returned][data-sku="${CSS.escape(line.sku)}"]`);
  return tile ? tile.dataset.name : item.name;
}

// What the payment and the outbox need to know of a cart.
function sum(cart) {
  const rows = priced(cart);
  return {
    rows,
    total: rows.reduce((all, row) => all + row.total, 0),
    items: cart.reduce((all, line) => all + line.qty, 0),
    vat: vatLines(rows.filter((row) => row.item).map((row) => [row.item.vat, row.total])),
    age: Math.max(0, ...rows.map((row) => (row.item && !row.line.returned ? row.item.age : 0))),
    complete: cart.length > 0 && rows.every((row) => row.item),
  };
}

// ---- the cart

function put(sku, returned, more = {}) {
  change((state) => {
    const same = (line) => line.sku === sku && Boolean(line.returned) === returned && !("price" in line || "grams" in line);
    const found = Object.keys(more).length ? null : state.cart.find(same);
    if (found) found.qty = Math.min(found.qty + 1, MOST);
    else state.cart.push({ sku, qty: 1, ...(returned ? { returned } : {}), ...more });
    state.cleared = null;
    openLine = found ? state.cart.indexOf(found) + 1 : state.cart.length;
  });
}

function setQty(index, qty) {
  change((state) => {
    if (!state.cart[index]) return;
    if (qty > 0) state.cart[index].qty = Math.min(qty, MOST);
    else state.cart.splice(index, 1);
    if (qty <= 0) openLine = 0;
  });
}

function tap(tile) {
  const item = catalogue.get(tile.dataset.sku);
  if (!item || tile.disabled) return;
  if (item.kind === "open" || item.kind === "weight") ask(item);
  else put(item.sku, "returned" in tile.dataset);
}

// ---- price or weight of one item

function ask(item) {
  asked = item;
  byId("ask-name").textContent = item.name;
  byId("ask-label").textContent = item.kind === "open" ? words.priceLabel : words.gramsLabel;
  byId("ask-value").inputMode = item.kind === "open" ? "decimal" : "numeric";
  byId("ask-value").value = item.kind === "open" && item.price ? money.plain(item.price) : "";
  byId("ask-error").textContent = "";
  byId("ask").hidden = false;
  byId("ask").scrollIntoView({ block: "nearest" });
  byId("ask-value").select();
  byId("ask-value").focus();
}

function answerAsk(event) {
  event.preventDefault();
  const text = byId("ask-value").value;
  const price = asked.kind === "open" ? money.read(text) : null;
  const grams = asked.kind === "weight" && /^[1-9]\d{0,6}$/.test(text.trim()) ? Number(text) : null;
  if (price === null && (grams === null || grams > 1000000)) {
    byId("ask-error").textContent = asked.kind === "open" ? words.badPrice(money.plain(350)) : words.badGrams;
    return;
  }
  put(asked.sku, false, asked.kind === "open" ? { price } : { grams });
  byId("ask").hidden = true;
}

// ---- drawing

function drawLines(list, rows, tools) {
  fill(
    list,
    rows.map((row, index) => {
      const li = byId("line").content.firstElementChild.cloneNode(true);
      const [count, amount] = li.querySelectorAll(".n");
      const name = li.querySelector(".lname");
      const more = li.querySelector(".more");
      count.textContent = row.line.qty;
      amount.textContent = row.item ? money.write(row.total) : "";
      name.textContent = row.name;
      if (!row.item) more.textContent = words.gone;
      else if (row.line.grams) more.textContent = words.weighed(row.line.grams, money.write(row.item.price));
      else if (row.item.left !== null && row.line.qty >= row.item.left) more.textContent = words.allLeft(row.item.left);
      if (tools) drawTools(li, row, index);
      else {
        name.replaceWith(el("b", {}, row.name));
        li.querySelector(".tools").remove();
      }
      return li;
    }),
  );
}

function drawTools(li, row, index) {
  const [less, more, remove] = li.querySelectorAll("[data-step]");
  const field = li.querySelector("input");
  li.dataset.line = index;
  li.classList.toggle("open", openLine === index + 1);
  li.querySelector(".lname").setAttribute("aria-expanded", String(openLine === index + 1));
  less.setAttribute("aria-label", words.oneLess(row.name));
  more.setAttribute("aria-label", words.oneMore(row.name));
  remove.setAttribute("aria-label", words.remove(row.name));
  field.setAttribute("aria-label", words.quantity(row.name));
  field.value = row.line.qty;
}

function drawVat(list, vat) {
  fill(
    list,
    vat.flatMap(({ rate, gross, tax }) => [
      el("dt", {}, words.vatIn(money.percent(rate), money.write(gross))),
      el("dd", {}, money.write(tax)),
    ]),
  );
}

function drawTiles(cart) {
  for (const tile of every(".tile[data-sku]")) {
    const returned = "returned" in tile.dataset;
    const lines = cart.filter((line) => line.sku === tile.dataset.sku && Boolean(line.returned) === returned);
    const count = lines.reduce((all, line) => all + line.qty, 0);
    const mark = tile.querySelector(".c");
    tile.classList.toggle("in", count > 0);
    mark.hidden = !count;
    if (count) fill(mark, [el("span", { class: "vh" }, words.inCart), String(count)]);
  }
}

// Why the box did not take the last sale; it stays until the next payment begins.
function drawRefusal({ pay, done }) {
  const problem = !done && pay && pay.problem;
  byId("refused").hidden = !problem;
  if (problem) fill(byId("refused-why"), [el("b", {}, sentence(problem.detail)), ` ${problem.remedy || ""}`]);
}

function filterTiles() {
  const text = byId("q").value.trim().toLocaleLowerCase();
  const chosen = document.querySelector("#cats :checked");
  let found = 0;
  for (const tile of every(".tile[data-sku]")) {
    const { name, sku, category } = tile.dataset;
    const named = !text || name.toLocaleLowerCase().includes(text) || sku.toLocaleLowerCase() === text;
    const here = !chosen || !chosen.value || category === chosen.value;
    tile.parentElement.hidden = !(named && here);
    if (named && here) found += 1;
  }
  byId("none").hidden = found > 0 || !text;
  byId("none").textContent = words.nothingFound(byId("q").value.trim());
}

function draw(state) {
  const now = sum(state.cart);
  drawLines(byId("lines"), now.rows, true);
  drawTiles(state.cart);
  drawVat(byId("vat"), now.vat);
  byId("empty").hidden = state.cart.length > 0;
  byId("count").textContent = state.cart.length ? words.linesItems(state.cart.length, now.items) : "";
  byId("total-word").textContent = now.total < 0 ? words.toGiveBack : words.toPay;
  byId("total").textContent = money.write(Math.abs(now.total));
  byId("dock-count").textContent = words.items(now.items);
  const text = now.total < 0 ? words.giveBack(money.write(-now.total)) : words.charge(money.write(now.total));
  for (const button of every("[data-do=charge]")) {
    button.textContent = state.cart.length ? text : words.noCharge;
    button.disabled = !now.complete || Boolean(document.querySelector("[data-stopped]"));
  }
  every("[data-do=clear]").forEach((button) => (button.hidden = !state.cart.length));
  every("[data-do=undo]").forEach((button) => (button.hidden = !state.cleared || state.cart.length > 0));
  drawRefusal(state);
  show(state.done ? "done" : location.hash === "#pay" && now.complete ? "pay" : "cart");
}

// ---- places: cart, pay, done

function show(name) {
  if (view === name) return;
  view = name;
  viewSince = performance.now();
  for (const place of ["cart", "pay", "done"]) byId(`view-${place}`).hidden = place !== name;
  every(".dock").forEach((dock) => (dock.hidden = dock.dataset.view !== name));
  byId("state").hidden = byId("trouble-here").hidden = name !== "cart";
  scrollTo(0, 0);
  document.dispatchEvent(new CustomEvent("boothkit:view", { detail: name }));
}

// False for the second half of a double tap that opened this place.
function meant() {
  return performance.now() - viewSince > TAP_MS;
}

function act(name) {
  if (name === "charge") {
    change((state) => {
      const { id, tenders } = state.pay || {};
      state.pay = { id: id || mint(), tenders: tenders || [] };
    });
    location.hash = "#pay";
  } else if (name === "back") location.hash = "";
  else if (name === "clear") {
    openLine = 0;
    change((state) => {
      state.cleared = state.cart;
      state.cart = [];
    });
  } else if (name === "undo") {
    change((state) => {
      state.cart = state.cleared || [];
      state.cleared = null;
    });
  }
}

// ---- the drawer

async function openDrawer(event) {
  event.preventDefault();
  const form = event.target;
  const float = money.read(form.elements.float.value);
  const error = byId("drawer-error");
  if (float === null) {
    error.textContent = words.badFloat(money.plain(100 * money.unit));
    return;
  }
  form.dataset.key = form.dataset.key || mint();
  const { status, data } = await call("POST", "/api/v1/drawer/open", { body: { float }, key: form.dataset.key });
  if (status && status < 500) delete form.dataset.key;
  error.textContent = status === 200 ? "" : data ? `${sentence(data.detail)} ${data.remedy}` : words.silent;
  renew();
}

// ---- hands

byId("tiles").addEventListener("click", (event) => {
  const tile = event.target.closest(".tile");
  if (tile) tap(tile);
});
byId("lines").addEventListener("click", (event) => {
  const li = event.target.closest("li");
  const step = event.target.closest("[data-step]");
  const index = li ? Number(li.dataset.line) : 0;
  if (step) {
    const { qty } = read().cart[index] || { qty: 0 };
    setQty(index, step.dataset.step === "0" ? 0 : qty + Number(step.dataset.step));
  } else if (li && event.target.closest(".lname")) {
    openLine = openLine === index + 1 ? 0 : index + 1;
    draw(read());
  }
});
byId("lines").addEventListener("change", (event) => {
  const index = Number(event.target.closest("li").dataset.line);
  if (/^\d{1,4}$/.test(event.target.value.trim())) setQty(index, Number(event.target.value));
  else draw(read());
});
byId("q").addEventListener("input", filterTiles);
byId("q").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const code = byId("q").value.trim().toLocaleLowerCase();
  const tiles = every(".tile[data-sku]").filter((tile) => !tile.parentElement.hidden);
  const hit = tiles.find((tile) => tile.dataset.sku.toLocaleLowerCase() === code) || (tiles.length === 1 ? tiles[0] : null);
  if (!hit) return;
  tap(hit);
  byId("q").value = "";
  filterTiles();
});
if (byId("cats")) byId("cats").addEventListener("change", filterTiles);
byId("ask").addEventListener("submit", answerAsk);
byId("ask-cancel").addEventListener("click", () => (byId("ask").hidden = true));
byId("state").addEventListener("submit", (event) => event.target.id === "drawer" && openDrawer(event));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && !button.disabled) act(button.dataset.do);
});
document.addEventListener("boothkit:part", (event) => {
  if (event.target.id === "tiles") readTiles();
  draw(read());
  filterTiles();
});
addEventListener("hashchange", () => draw(read()));

readTiles();
startPayment({ money, sum, meant, drawLines });
startDone({ money, meant });
startWaiting({ money });
onChange(draw);
filterTiles();
