// Parked carts: the box keeps them, and any till takes one up again. A cart on its way to the box waits on this tablet
// under the identity that it was given, so that a lost reply neither loses nor doubles it.

import { call } from "./api.js";
import { empty, sum } from "./cart.js";
import { el, fill } from "./draw.js";
import { clock, renew, silent } from "./frame.js";
import { change, mint, onChange, read } from "./store.js";
import { sentence } from "./words.js";
import { words } from "./words-sell.js";

const byId = (id) => document.getElementById(id);
const AGAIN_MS = 2000;
const reason = (data) => `${sentence(data.detail)} ${data.remedy || ""}`;
const decided = (status, data) => data && status >= 400 && status < 500 && ![401, 408, 429].includes(status);

export function startParked({ money, panels, say }) {
  let running = false;
  let next = null; // the cart that is taken as soon as the present one is parked
  let dropping = null; // the cart that is to be dropped, if it is pressed once more

  const waiting = () => JSON.parse(byId("stand").dataset.parked);

  // ---- on the way to the box

  function ask() {
    if (silent()) return say(words.parkNeedsBox);
    byId("park").reset();
    byId("park-error").textContent = "";
    panels.open("park");
    byId("park-name").focus();
  }

  function park(name) {
    if (silent()) return say(words.parkNeedsBox);
    change((state) => {
      if (!state.cart.length || (state.pay && state.pay.tenders.length)) return;
      const { approval, ...about } = state.about; // a lead's word is for one sale, here and now
      const cart = sum(state).lines;
      state.parking.push({ key: mint(), cart, about, name, at: Date.now(), problem: null });
      empty(state);
    });
    panels.close("park");
    send();
  }

  const bodyOf = ({ cart, about, name }) => ({
    lines: cart,
    ...(about.discount ? { discount: about.discount } : {}),
    ...(about.reason ? { discount_reason: about.reason } : {}),
    ...(about.note ? { note: about.note } : {}),
    ...(name ? { name } : {}),
  });

  async function send() {
    if (running) return;
    running = true;
    let entry;
    while ((entry = read().parking.find((one) => !one.problem))) {
      let { status, data } = await call("POST", "/api/v1/carts", { body: bodyOf(entry), key: entry.key });
      if (status === 409 && data && data.type === "/problems/key-reused") ({ status, data } = await lookFor(entry, data));
      if (status === 201) leave(entry.key, null, data.name);
      else if (decided(status, data)) leave(entry.key, reason(data));
      else break;
    }
    running = false;
    renew();
    if (entry) setTimeout(send, AGAIN_MS);
    else if (next) take(next);
  }

  // It was asked for before, by whoever was unlocked then. Was it parked, or refused? Taking it tells.
  async function lookFor(entry, data) {
    const found = await call("GET", "/api/v1/carts");
    if (found.status !== 200) return { status: 0, data: null };
    const there = found.data.carts.find((one) => one.cart === entry.key);
    if (there) return { status: 201, data: there };
    const taken = await call("POST", `/api/v1/carts/${entry.key}/take`, { key: mint() });
    if (taken.status === 409) return { status: 201, data: { name: entry.name } };
    return taken.status === 0 ? taken : { status: 409, data };
  }

  // The box has it, or said why not: then it is the cart again, as soon as there is room.
  function leave(key, problem, name) {
    change((state) => {
      const entry = state.parking.find((one) => one.key === key);
      if (!entry) return;
      if (problem && state.cart.length) entry.problem = problem;
      else state.parking = state.parking.filter((one) => one !== entry);
      if (problem && !state.cart.length) unpack(state, entry.cart, entry.about);
    });
    if (problem) next = null;
    say(problem || words.parkedAs(name));
  }

  // ---- from the box

  function wish(id) {
    const { cart, taking } = read();
    if (taking) return;
    if (silent()) return say(words.takeNeedsBox);
    next = id;
    if (!cart.length) return take(id);
    byId("parked-ask").hidden = false;
    byId("parked-ask-word").textContent = words.parkFirst;
    byId("parked-ask-yes").disabled = Boolean((read().pay || { tenders: [] }).tenders.length);
    byId("parked-ask-yes").focus();
  }

  function take(id) {
    next = null;
    byId("parked-ask").hidden = true;
    const { name } = waiting().find((one) => one.cart === id) || { name: "" };
    change((state) => (state.taking = state.taking || { key: mint(), id, name }));
    fetchTaken();
  }

  // The answer holds the cart, also when it is asked for again.
  async function fetchTaken() {
    const { taking } = read();
    if (!taking) return;
    const { status, data } = await call("POST", `/api/v1/carts/${taking.id}/take`, { key: taking.key });
    if (status === 200) {
      change((state) => {
        if (!state.taking || state.taking.key !== taking.key) return;
        state.taking = null;
        unpack(state, data.lines, { discount: data.discount, reason: data.discount_reason, note: data.note });
      });
      panels.close("parked");
      say(words.tookUp(data.name));
    } else if (decided(status, data)) {
      change((state) => (state.taking = null));
      say(reason(data));
    } else setTimeout(fetchTaken, AGAIN_MS);
    renew();
  }

  // Lines come in beside what is there already.
  function unpack(state, lines, about) {
    const served = lines.find((line) => line.service);
    if (served) state.service = served.service;
    state.cart = [...state.cart, ...lines.map(({ service, ...line }) => line)];
    state.about = JSON.parse(JSON.stringify({ ...about, ...state.about }));
    state.cleared = null;
  }

  async function drop(id) {
    if (dropping !== id) {
      dropping = id;
      return draw(read());
    }
    dropping = null;
    const { status, data } = await call("POST", `/api/v1/carts/${id}/drop`, { key: mint() });
    if (status !== 200) say(decided(status, data) ? reason(data) : words.takeNeedsBox);
    renew();
  }

  // ---- drawing

  function draw(state) {
    const found = waiting();
    const mine = state.parking;
    byId("parked-count").textContent = found.length + mine.length;
    byId("parked-none").hidden = found.length + mine.length > 0;
    if (!state.cart.length) byId("parked-ask").hidden = true;
    fill(byId("parked-list"), [...mine.map((one) => pending(one, state)), ...found.map((one) => row(one, state))]);
  }

  const text = (name, more) => el("span", { class: "grow" }, el("b", {}, name), el("br"), el("span", { class: "small soft" }, more));

  function row(one, state) {
    const cart = sum({ cart: one.lines, about: { discount: one.discount }, service: state.service });
    const at = Date.parse(one.at);
    const more = [words.items(cart.items), money.write(cart.total), clock(at), one.by].filter(Boolean).join(" · ");
    const going = state.taking && state.taking.id === one.cart;
    const key = el("button", { type: "button", class: "btn ink", "data-take": one.cart }, going ? words.taking : words.takeUp);
    key.setAttribute("aria-label", words.takeUpOf(one.name));
    key.disabled = Boolean(state.taking);
    const word = dropping === one.cart ? words.dropSure(cart.items) : words.drop;
    const away = el("button", { type: "button", class: "btn stop", "data-drop": one.cart }, word);
    if (dropping !== one.cart) away.setAttribute("aria-label", words.dropOf(one.name));
    return el("li", {}, text(words.cartName(one.name), more), key, away);
  }

  function pending(one, state) {
    const name = one.name ? words.cartName(one.name) : words.thisCart;
    if (!one.problem) return el("li", {}, text(name, words.parkingNow(clock(one.at))));
    const key = el("button", { type: "button", class: "btn", "data-unpark": one.key }, words.toCart);
    key.disabled = state.cart.length > 0;
    return el("li", {}, text(name, one.problem), key);
  }

  byId("park").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = byId("park-name").value.trim();
    const fits = !name || /^[A-Za-z0-9](?:[A-Za-z0-9 .-]{0,18}[A-Za-z0-9])?$/.test(name);
    byId("park-error").textContent = fits ? "" : words.badCartName;
    if (fits) park(name || null);
  });
  byId("parked").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.disabled) return;
    const { take: id, drop: away, unpark } = button.dataset;
    if (id) wish(id);
    if (away) drop(away);
    if (unpark) {
      change((state) => {
        const entry = state.parking.find((one) => one.key === unpark);
        if (!entry || state.cart.length) return;
        state.parking = state.parking.filter((one) => one !== entry);
        unpack(state, entry.cart, entry.about);
      });
    }
  });
  byId("parked-ask-yes").addEventListener("click", () => park(null));
  byId("parked-ask-no").addEventListener("click", () => {
    next = null;
    byId("parked-ask").hidden = true;
  });
  onChange(draw);
  if (read().parking.some((one) => !one.problem)) send();
  if (read().taking) fetchTaken();
  return { ask, draw };
}
