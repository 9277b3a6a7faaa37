// The till: tiles, the cart, and the places of one page; each other part has its own module.

import { call } from "./api.js";
import { bringBack, clear, drawerNow, drawers, MOST_LINES, openLine, put, rail, setQty, stopped, sum, unfold } from "./cart.js";
import { catalogue, nameOf, readTiles, tileOf, tiles } from "./catalogue.js";
import { startDiscount } from "./discount.js";
import { startDone } from "./done.js";
import { el, fill } from "./draw.js";
import { renew } from "./frame.js";
import { startKeys } from "./keys.js";
import { drawLines } from "./lines.js";
import { purse } from "./money.js";
import { panels } from "./panels.js";
import { startParked } from "./parked.js";
import { begin, startPayment } from "./pay.js";
import { change, mint, onChange, read } from "./store.js";
import { startWaiting } from "./waiting.js";
import { sentence } from "./words.js";
import { words } from "./words-sell.js";

const TAP_MS = 350; // a second tap of the same finger is not meant for what has just appeared

const byId = (id) => document.getElementById(id);
const every = (selector) => [...document.querySelectorAll(selector)];
const money = purse(document.body.dataset.currency, document.documentElement.lang);

let asked = null; // the item whose price or weight is being typed
let group = null; // the thing whose variants are shown
let view = "";
let viewSince = 0;

// ---- into the cart

function tap(tile) {
  if (tile.disabled) return;
  say("");
  if (tile.dataset.group) return showGroup(tile.dataset.group);
  const item = catalogue().get(tile.dataset.sku);
  if (!item) return;
  const n = keys.takeTimes();
  byId("q").value = "";
  if (item.kind === "open" || item.kind === "weight") ask(item, n);
  else add(item.sku, { n, ...("returned" in tile.dataset ? { returned: true } : {}) });
  if (group) showGroup(null);
  else filterTiles();
}

function add(sku, more) {
  if (!put(sku, more)) say(words.noRoom(MOST_LINES));
}

// The variants of one thing in place of all tiles; null: all again.
function showGroup(name) {
  const from = group;
  group = name;
  filterTiles();
  const tile = name
    ? every(".tile[data-sku]:not([disabled])").find((one) => one.parentElement.dataset.of === name)
    : every(".tile[data-group]").find((one) => one.dataset.group === from);
  if (tile) tile.focus();
}

// ---- price or weight of one item

function ask(item, n) {
  asked = { ...item, n };
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
  add(asked.sku, { n: asked.n, ...(asked.kind === "open" ? { price } : { grams }) });
  byId("ask").hidden = true;
}

// ---- drawing

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
  const counts = new Map();
  for (const tile of every(".tile")) {
    const { sku } = tile.dataset;
    const returned = "returned" in tile.dataset;
    const lines = sku ? cart.filter((line) => line.sku === sku && Boolean(line.returned) === returned) : [];
    const count = lines.reduce((all, line) => all + line.qty, 0);
    const { of } = tile.parentElement.dataset;
    if (of) counts.set(of, (counts.get(of) || 0) + count);
    if (sku) drawCount(tile, count);
  }
  for (const tile of every(".tile[data-group]")) drawCount(tile, counts.get(tile.dataset.group) || 0);
}

function drawCount(tile, count) {
  const mark = tile.querySelector(".c");
  tile.classList.toggle("in", count > 0);
  mark.hidden = !count;
  if (count) fill(mark, [el("span", { class: "vh" }, words.inCart), String(count)]);
}

// What the cart as a whole has: a discount, a note, a lead's word that is wanted or given.
function drawAbout({ about, pay }, now) {
  byId("cart-note").hidden = !about.note;
  byId("cart-note").textContent = about.note ? words.noted(about.note) : "";
  const cartOff = now.rows.reduce((all, row) => all + row.share, 0);
  byId("cart-off").hidden = !now.reduced;
  const offs = [];
  if (about.discount) offs.push([words.cartOff(about.discount.percent && money.percent(about.discount.percent)), -cartOff]);
  fill(byId("cart-off"), [
    ...offs.flatMap(([name, amount]) => [el("dt", {}, name), el("dd", {}, money.write(amount))]),
    ...(about.reason && now.reduced ? [el("dt", { class: "small soft" }, reasonWord(about.reason)), el("dd", {}, "")] : []),
  ]);
  const taken = pay ? pay.tenders.length : 0;
  byId("taken-note").hidden = !taken;
  byId("taken-word").textContent = words.takenNote(taken);
  const given = now.beyond && now.approved && about.approval;
  byId("approve").hidden = !now.beyond || (now.approved && !given);
  byId("approve").classList.toggle("stop", !now.approved);
  byId("approve").classList.toggle("go", now.approved);
  byId("approve-open").hidden = now.approved;
  byId("approve-open").textContent = now.barred ? words.lowerOff : words.leadsPin;
  const { lead, policy } = rail();
  const wanted = now.barred ? words.barred(money.percent(lead), policy) : words.beyondCart;
  byId("approve-word").textContent = given ? words.approvedBy(about.approval.name) : wanted;
}

function reasonWord(reason) {
  const key = document.querySelector(`[name=off-reason][value="${reason}"]`);
  return key ? words.because(key.nextElementSibling.textContent) : reason;
}

function drawDrawer(state) {
  const meant = drawers();
  const drawer = drawerNow(state);
  const which = byId("which");
  if (which) which.hidden = Boolean(drawer);
  byId("drawer-now").hidden = !drawer || meant.length < 2;
  byId("drawer-name").textContent = drawer ? words.drawer(drawer.name, drawer.by) : "";
  const training = view === "done" ? state.done && state.done.training : view === "pay" ? state.pay && state.pay.training : drawer && drawer.training;
  byId("training").hidden = !training;
  byId("main").classList.toggle("training", Boolean(training));
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
  const category = chosen ? chosen.value : "";
  const fits = ({ name, sku, category: own }) =>
    (!text || name.toLocaleLowerCase().includes(text) || sku.toLocaleLowerCase() === text) && (!category || own === category);
  let found = 0;
  const groups = new Set();
  for (const tile of tiles()) {
    const { of } = tile.parentElement.dataset;
    if (of && fits(tile.dataset)) groups.add(of);
    // Who searches sees the variants at once; else they are behind their tile.
    const shown = group ? of === group : fits(tile.dataset) && (!of || text !== "");
    tile.parentElement.hidden = !shown;
    if (shown) found += 1;
  }
  for (const tile of every(".tile[data-group]")) {
    tile.parentElement.hidden = Boolean(group) || text !== "" || !groups.has(tile.dataset.group);
    tile.setAttribute("aria-expanded", String(group === tile.dataset.group));
  }
  byId("kinds").hidden = !group;
  byId("kinds-name").textContent = group || "";
  if (byId("cats")) byId("cats").hidden = Boolean(group);
  byId("none").hidden = found > 0 || !text;
  byId("none").textContent = words.nothingFound(byId("q").value.trim());
}

function draw(state) {
  const now = sum(state);
  const drawer = drawerNow(state);
  show(state.done ? "done" : location.hash === "#pay" && now.known ? "pay" : "cart");
  drawLines(byId("lines"), now.rows, true, money);
  drawTiles(state.cart);
  drawVat(byId("vat"), now.vat);
  drawAbout(state, now);
  drawDrawer(state);
  byId("empty").hidden = state.cart.length > 0;
  byId("count").textContent = state.cart.length ? words.linesItems(state.cart.length, now.items) : "";
  byId("total-word").textContent = now.total < 0 ? words.toGiveBack : words.toPay;
  byId("total").textContent = money.write(Math.abs(now.total));
  byId("dock-count").textContent = words.items(now.items);
  for (const button of every("[data-do=charge]")) {
    button.textContent = chargeWord(state, now, drawer);
    button.disabled = !now.known || now.lacking || !now.approved || !drawer || stopped();
  }
  const taken = Boolean(state.pay && state.pay.tenders.length);
  for (const name of ["park", "note", "off", "clear"]) {
    every(`#cart-tools [data-do=${name}]`).forEach((button) => (button.hidden = !state.cart.length || (taken && name !== "note")));
  }
  every("[data-do=undo]").forEach((button) => (button.hidden = !state.cleared || state.cart.length > 0));
  const service = byId("service") && document.querySelector(`#service [value=${state.service}]`);
  if (service) service.checked = true;
  drawRefusal(state);
}

function chargeWord(state, now, drawer) {
  if (!state.cart.length) return words.noCharge;
  if (now.lacking) return words.lackingCharge;
  if (now.barred) return words.barredCharge;
  if (!now.approved) return words.beyondCharge;
  if (!drawer && !stopped()) return words.drawerFirst;
  return now.total < 0 ? words.giveBack(money.write(-now.total)) : words.charge(money.write(now.total));
}

// Something that whoever stands here should know; it stays until it is seen, or the next item is put in.
function say(text) {
  byId("said").hidden = !text;
  byId("said-what").textContent = text;
}

// ---- places: cart, pay, done

function show(name) {
  if (view === name) return;
  view = name;
  viewSince = performance.now();
  for (const place of ["cart", "pay", "done"]) byId(`view-${place}`).hidden = place !== name;
  every(".dock").forEach((dock) => (dock.hidden = dock.dataset.view !== name));
  byId("state").hidden = byId("trouble-here").hidden = name !== "cart";
  if (name !== "cart") say("");
  panels.closeAll();
  scrollTo(0, 0);
  document.dispatchEvent(new CustomEvent("boothkit:view", { detail: name }));
}

// False for the second half of a double tap that opened this place.
function meant() {
  return performance.now() - viewSince > TAP_MS;
}

function act(name) {
  const { cart } = read();
  const key = every(`[data-do=${name}]`).find((one) => one.offsetParent);
  if (key && key.disabled) return;
  if (name === "charge" && cart.length && key) {
    begin();
    location.hash = "#pay";
  } else if (name === "finish") payment.take();
  else if (name === "next" && meant()) change((state) => (state.done = null));
  else if (name === "back") location.hash = "";
  else if (name === "clear") clear();
  else if (name === "undo") bringBack();
  else if (name === "park" && cart.length) parked.ask();
  else if (name === "off" && cart.length) discount.open(null);
  else if (name === "note" && cart.length) {
    byId("note-text").value = read().about.note || "";
    panels.open("note");
    byId("note-text").focus();
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
  error.textContent = status === 200 ? "" : data ? `${sentence(data.detail)} ${data.remedy}` : words.boxSilent;
  renew();
}

// ---- hands

byId("tiles").addEventListener("click", (event) => {
  const tile = event.target.closest(".tile");
  if (tile) tap(tile);
});
byId("kinds-back").addEventListener("click", () => showGroup(null));
byId("lines").addEventListener("click", (event) => {
  const li = event.target.closest("li");
  const step = event.target.closest("[data-step]");
  const index = li ? Number(li.dataset.line) : 0;
  if (step) {
    const { qty } = read().cart[index] || { qty: 0 };
    setQty(index, step.dataset.step === "0" ? 0 : qty + Number(step.dataset.step));
  } else if (event.target.closest("[data-off]")) discount.open(index);
  else if (li && event.target.closest(".lname")) {
    unfold(openLine() === index + 1 ? 0 : index + 1);
    draw(read());
  }
});
byId("lines").addEventListener("change", (event) => {
  const index = Number(event.target.closest("li").dataset.line);
  if (/^\d{1,4}$/.test(event.target.value.trim())) setQty(index, Number(event.target.value));
  else draw(read());
});
byId("q").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.defaultPrevented) return;
  event.preventDefault();
  const code = byId("q").value.trim();
  if (!code) return keys.setOpenLine();
  const seen = tiles().filter((tile) => !tile.parentElement.hidden && !tile.disabled);
  const hit = tileOf(code) || (seen.length === 1 ? seen[0] : null);
  if (!hit) return seen.length && seen[0].focus();
  tap(hit);
});
if (byId("cats")) byId("cats").addEventListener("change", filterTiles);
if (byId("service")) byId("service").addEventListener("change", (event) => change((state) => (state.service = event.target.value)));
byId("ask").addEventListener("submit", answerAsk);
byId("ask-cancel").addEventListener("click", () => (byId("ask").hidden = true));
byId("note").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("note-text").value.trim();
  change((state) => {
    if (text) state.about.note = text;
    else delete state.about.note;
  });
  panels.close("note");
});
byId("state").addEventListener("submit", (event) => event.target.id === "drawer" && openDrawer(event));
byId("state").addEventListener("click", (event) => {
  const button = event.target.closest("[data-drawer]");
  if (button) change((state) => (state.drawer = button.dataset.drawer));
});
byId("drawer-other").addEventListener("click", () => change((state) => (state.drawer = null)));
byId("said-seen").addEventListener("click", () => say(""));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && !button.disabled && !["finish", "unknown"].includes(button.dataset.do)) act(button.dataset.do);
});
document.addEventListener("boothkit:part", (event) => {
  if (event.target.id === "tiles") readTiles();
  draw(read());
  parked.draw(read());
  filterTiles();
});
addEventListener("hashchange", () => draw(read()));

readTiles();
const lines = (list, rows, tools) => drawLines(list, rows, tools, money);
const payment = startPayment({ money, meant, drawLines: lines });
const discount = startDiscount({ money, panels });
const parked = startParked({ money, panels, say });
const filter = (name) => (name === undefined ? filterTiles() : showGroup(name));
const keys = startKeys({ tap, act, view: () => view, filter, panels, payment, discount, say });
startDone({ money });
startWaiting({ money });
onChange(draw);
filterTiles();
