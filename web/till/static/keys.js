// Selling by keyboard: typing finds, digits and * say how many, arrows go from tile to tile, and a scanner that is a
// keyboard works wherever the cursor stands.

import { openLine, setQty } from "./cart.js";
import { nameOf, tileOf } from "./catalogue.js";
import { read } from "./store.js";
import { isToken } from "./token.js";
import { words } from "./words-sell.js";

const byId = (id) => document.getElementById(id);
const SHORTEST = 3;
const LONG = 6;
const SHORT_MS = 80; // nobody types letters so fast,
const LONG_MS = 150; // nor so many of them
const MOST_DIGITS = 4;

const isEditable = (node) => node.matches("input:not([type=radio]):not([type=checkbox]), textarea, select");

// `till`: {tap(tile), act(name), view(), filter(), money, panels, payment, discount, parked, say}
export function startKeys(till) {
  let times = ""; // how many of the next item: digits
  let isTimes = false; // said to be meant so, by ×
  let burst = { text: "", last: 0, slowest: 0, field: null, before: "" };

  // ---- how many

  function drawTimes() {
    const { cart } = read();
    const line = cart[openLine() - 1];
    byId("times-word").textContent = isTimes ? `${times}\u00a0×` : "×";
    byId("times").classList.toggle("ink", isTimes);
    byId("times").setAttribute("aria-label", isTimes ? words.timesIs(times) : words.howMany);
    byId("pad-shows").textContent = times ? `${times}\u00a0×` : words.howMany;
    byId("pad-line").hidden = !times || !line;
    if (times && line) byId("pad-line").textContent = words.setQty(Number(times), nameOf(line));
  }

  // How many of the next item, once.
  function takeTimes() {
    const n = isTimes && times ? Number(times) : 1;
    forget();
    return n;
  }

  function forget() {
    times = "";
    isTimes = false;
    till.panels.close("pad");
    drawTimes();
  }

  function press(key) {
    if (key === "×") isTimes = Number(times) > 0;
    else if (key === "") times = times.slice(0, -1);
    else if ((times + key).length <= MOST_DIGITS) times = String(Number(times + key) || "");
    if (!times) isTimes = false;
    if (key === "×" && isTimes) till.panels.close("pad");
    drawTimes();
  }

  function setOpenLine() {
    if (!openLine() || !times) return false;
    setQty(openLine() - 1, Number(times));
    forget();
    return true;
  }

  // "3*" in the search field; what follows is searched for.
  function readTimes() {
    const match = /^([1-9]\d{0,3})[*×]/.exec(byId("q").value);
    if (!match) return;
    times = match[1];
    isTimes = true;
    byId("q").value = byId("q").value.slice(match[0].length);
    drawTimes();
  }

  // ---- a scanner

  // A code that came from a scanner, wherever the cursor stood. True when it was one of ours.
  function scanned(code) {
    if (isToken(code)) {
      if (till.view() === "pay") till.payment.scan(code);
      else till.say(words.tokenInPayment);
      return true;
    }
    const tile = tileOf(code);
    if (!tile) return false;
    if (till.view() === "pay") till.say(words.scanInPayment(tile.dataset.name), true);
    else {
      if (till.view() === "done") till.act("next");
      till.tap(tile);
    }
    return true;
  }

  // Collect what comes faster than a hand types. True when Enter has ended a code: the field is as it was before.
  function collect(event) {
    const pause = event.timeStamp - burst.last;
    if (event.key === "Enter") {
      const { text, field, before, slowest } = burst;
      const most = text.length < LONG ? SHORT_MS : LONG_MS;
      burst.text = "";
      if (text.length < SHORTEST || Math.max(pause, slowest) > most || !scanned(text)) return false;
      if (field && field.isConnected) {
        field.value = before;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      return true;
    }
    if (event.key.length !== 1) return false;
    if (pause > LONG_MS || !burst.text) {
      const field = isEditable(document.activeElement) ? document.activeElement : byId("q");
      burst = { text: "", last: 0, slowest: 0, field, before: field.value };
    } else burst.slowest = Math.max(burst.slowest, pause);
    burst.text += event.key;
    burst.last = event.timeStamp;
    return false;
  }

  // ---- moving

  // From one tile to its neighbour on the screen.
  function move(from, key) {
    const rows = [...document.querySelectorAll(".tile:not([disabled])")].filter((tile) => tile.offsetParent);
    if (!from) return rows[0] && rows[0].focus();
    const here = from.getBoundingClientRect();
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const to = rows[rows.indexOf(from) + (key === "ArrowRight" ? 1 : -1)];
      if (to) to.focus();
      return;
    }
    const down = key === "ArrowDown";
    const ahead = rows
      .map((tile) => [tile, tile.getBoundingClientRect()])
      .filter(([, box]) => (down ? box.top > here.top + 4 : box.top < here.top - 4))
      .sort(([, a], [, b]) => Math.abs(a.top - here.top) - Math.abs(b.top - here.top) || Math.abs(a.left - here.left) - Math.abs(b.left - here.left));
    if (ahead.length) ahead[0][0].focus();
    else if (!down) byId("q").focus();
  }

  // ---- one key

  const everywhere = { F9: () => till.act({ cart: "charge", pay: "finish", done: "next" }[till.view()]) };
  const inCart = {
    F2: () => byId("q").select(),
    F4: () => discount(),
    F8: () => (read().cart.length ? till.act("park") : till.panels.toggle("parked")),
  };
  const inPayment = Object.fromEntries(
    Object.entries({ F2: "cash", F4: "card", F7: "voucher", F8: "token" }).map(([key, kind]) => [
      key,
      () => {
        till.payment.choose(kind);
        document.querySelector(`#kind [value=${kind}]`).focus();
        if (kind === "token") byId("token").focus();
        if (kind === "voucher") byId("reference").focus();
      },
    ]),
  );

  function discount() {
    const { cart } = read();
    if (!cart.length) return;
    const onLine = openLine() && !till.panels.isOpen("off");
    till.discount.open(onLine ? openLine() - 1 : null);
  }

  function escape() {
    if (till.panels.anyOpen()) till.panels.closeAll();
    else if (!byId("ask").hidden) byId("ask").hidden = true;
    else if (till.view() === "pay") till.act("back");
    else {
      byId("q").value = "";
      forget();
      till.filter(null);
    }
  }

  function loose(event) {
    const line = read().cart[openLine() - 1];
    if (event.key === "?") return till.panels.toggle("help");
    if ((event.key === "*" || event.key === "×") && byId("q").value === "" && times) return press("×");
    if (event.key === "Enter" && setOpenLine()) return true;
    if (line && event.key === "+") return setQty(openLine() - 1, line.qty + 1);
    if (line && (event.key === "-" || event.key === "−")) return setQty(openLine() - 1, line.qty - 1);
    if (line && event.key === "Delete") return setQty(openLine() - 1, 0);
    return false;
  }

  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (collect(event)) return event.preventDefault();
    const view = till.view();
    const named = everywhere[event.key] || (view === "cart" ? inCart : view === "pay" ? inPayment : {})[event.key];
    if (named) {
      event.preventDefault();
      return named();
    }
    if (event.key === "Escape") return escape();
    const at = document.activeElement || document.body;
    if (isEditable(at) && !(at.id === "q" && !at.value)) return;
    if (view === "cart") cartKey(event, at);
    if (view === "pay") payKey(event, at);
  }

  function cartKey(event, at) {
    const tile = at.closest(".tile");
    if (/^Arrow/.test(event.key) && (tile || at === document.body)) {
      event.preventDefault();
      return move(tile, event.key);
    }
    if (event.key === "Enter" && at.matches("button, a, summary")) return;
    if (loose(event) !== false) return event.preventDefault();
    if (event.key.length === 1 && event.key !== " ") byId("q").focus(); // the letter lands there
  }

  // Digits begin a new amount; Enter takes it.
  function payKey(event, at) {
    if (/^[\d.,]$/.test(event.key) && byId("amount").offsetParent) {
      byId("amount").value = "";
      byId("amount").focus();
    } else if (event.key === "Enter" && !at.matches("button, a")) {
      event.preventDefault();
      till.payment.take();
    }
  }

  document.addEventListener("keydown", onKey, true); // before any field: what a scanner types is not for it
  byId("q").addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    move(null);
  });
  byId("q").addEventListener("input", () => {
    readTimes();
    till.filter();
  });
  byId("pad").addEventListener("click", (event) => {
    const key = event.target.closest("[data-times]");
    if (key) press(key.dataset.times);
  });
  byId("pad-line").addEventListener("click", setOpenLine);
  document.addEventListener("boothkit:state", drawTimes);
  drawTimes();
  return { takeTimes, setOpenLine };
}
