// Counting coins and notes: sums that run along, Enter for the next one, and numbers that stay on the tablet until the
// drawer has its Z.

import { clock } from "./frame.js";
import { shelf } from "./shelf.js";
import { words } from "./words-drawer.js";

const KEY = "boothkit-counts-1";
const MOST = 100_000;
const byId = (id) => document.getElementById(id);

const tablet = shelf(KEY);
const kept = () => tablet.read() || {};

// What was counted of a drawer: {coins: [[worth, pieces], …], at}, or null to forget it.
export function keepCount(drawer, count) {
  const all = kept();
  if (count) all[drawer] = count;
  else delete all[drawer];
  tablet.write(all);
}

export function startSheet({ money, send, amounts, state }) {
  drawKept(money);
  const sheet = byId("sheet");
  if (!sheet) return;
  const form = sheet.closest("form") || sheet.parentElement;
  const drawer = form.dataset.about; // only where a drawer is counted; else the sum goes into a field
  const fields = () => [...sheet.querySelectorAll("[data-pieces]")];
  const rowOf = (field) => field.closest("li");

  // Minor units; null where it is typed and is none yet.
  function worth(row) {
    if (row.dataset.worth) return Number(row.dataset.worth);
    const typed = money.read(row.querySelector("[data-worth-of]").value);
    return typed || null;
  }

  const pieces = (row) => row.querySelector("[data-pieces]").value;
  const rows = () => [...sheet.querySelectorAll("li")];
  const filled = () => rows().filter((row) => pieces(row) !== "");

  function sums() {
    const all = { notes: 0, coins: 0 };
    for (const row of filled()) all[row.closest("fieldset").dataset.kind] += (worth(row) || 0) * Number(pieces(row));
    return { ...all, total: all.notes + all.coins };
  }

  function draw() {
    for (const row of rows()) {
      const text = pieces(row);
      const lacking = text !== "" && worth(row) === null;
      row.querySelector("[data-sum]").textContent = text === "" ? "" : money.write((worth(row) || 0) * Number(text));
      const typed = row.querySelector("[data-worth-of]");
      if (typed) typed.setAttribute("aria-invalid", String(lacking));
    }
    const now = sums();
    for (const place of document.querySelectorAll("[data-total]")) place.textContent = money.write(now[place.dataset.total]);
    const ready = filled().length > 0 && filled().every((row) => worth(row) !== null);
    const busy = Boolean(drawer) && ["asked", "silent", "full"].includes(state(`count ${drawer}`));
    document.querySelectorAll("[data-confirm]").forEach((button) => (button.disabled = !ready || busy));
    if (!drawer && filled().length) {
      document.querySelector("[name=float]").value = money.plain(now.total);
      amounts();
    }
  }

  function keep() {
    if (!drawer) return;
    const coins = filled().map((row) => [worth(row), pieces(row)]);
    keepCount(drawer, coins.length ? { coins, at: Date.now() } : null);
  }

  function step(field, by) {
    const before = field.value === "" ? 0 : Number(field.value);
    field.value = String(Math.min(Math.max(before + by, 0), MOST));
    draw();
    keep();
  }

  function restore({ coins, at }) {
    for (const [value, n] of coins) {
      let row = rows().find((one) => worth(one) === value);
      if (!row && byId("typed")) {
        row = rows().find((one) => worth(one) === null && pieces(one) === "") || another();
        if (value) row.querySelector("[data-worth-of]").value = money.plain(value);
      }
      if (row) row.querySelector("[data-pieces]").value = n;
    }
    byId("kept").hidden = false;
    byId("kept-at").textContent = words.keptAt(clock(at));
  }

  function another() {
    const row = byId("typed").content.firstElementChild.cloneNode(true);
    sheet.querySelector("ul").append(row);
    return row;
  }

  function clear() {
    for (const field of sheet.querySelectorAll("input")) field.value = "";
    byId("kept").hidden = true;
    draw();
    keep();
    sheet.querySelector("input").focus();
  }

  sheet.addEventListener("input", (event) => {
    if ("pieces" in event.target.dataset) event.target.value = event.target.value.replace(/\D/g, "").slice(0, 5);
    draw();
    keep();
  });
  sheet.addEventListener("focusin", (event) => event.target.select && event.target.select());
  sheet.addEventListener("keydown", (event) => {
    if (event.target.nodeName !== "INPUT") return;
    if (event.key === "Enter") {
      event.preventDefault(); // the next one, and behind the last what confirms
      const all = [...sheet.querySelectorAll("input")];
      const next = all[all.indexOf(event.target) + 1];
      const last = [...document.querySelectorAll("[data-confirm], [data-press]")].find((one) => one.checkVisibility());
      (next || last).focus();
    } else if ("pieces" in event.target.dataset && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      step(event.target, event.key === "ArrowUp" ? 1 : -1);
    }
  });
  sheet.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.step) step(rowOf(button).querySelector("[data-pieces]"), Number(button.dataset.step));
    else another().querySelector("input").focus();
  });
  if (drawer) {
    form.addEventListener("submit", () => {
      const button = [...document.querySelectorAll("[data-confirm]")].find((one) => one.checkVisibility());
      if (button.disabled) return;
      const coins = {};
      for (const row of filled()) coins[worth(row)] = (coins[worth(row)] || 0) + Number(pieces(row));
      send(`count ${drawer}`, form.dataset.path, { coins, drawer }, form);
    });
    byId("again").addEventListener("click", clear);
    const before = kept()[drawer];
    if (before) restore(before);
  }
  document.addEventListener("boothkit:errands", draw);
  addEventListener("storage", (event) => {
    if (event.key === KEY && drawer && !sheet.contains(document.activeElement) && kept()[drawer]) {
      restore(kept()[drawer]); // counted on in another tab
      draw();
    }
  });
  if (byId("typed") && !rows().length) another();
  draw();
  const first = fields().find((field) => field.value === "") || fields()[0];
  if (drawer && first && matchMedia("(min-width: 42rem)").matches) first.focus(); // a phone's keyboard would hide all
}

// On the drawer's own page: a count that was begun here.
function drawKept(money) {
  const place = byId("begun");
  if (!place) return;
  const before = kept()[place.dataset.about];
  place.hidden = !before;
  if (!before) return;
  const total = before.coins.reduce((all, [worth, n]) => all + (worth || 0) * Number(n), 0);
  byId("begun-words").textContent = words.begun(money.write(total), clock(before.at));
}
