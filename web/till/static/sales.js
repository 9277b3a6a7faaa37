// The list of sales: searched while somebody types, live, the chosen one beside it where there is room. What is looked
// for may be a ticket's code or a card's reference, so it stays out of the address and the browser's history.

import { all, onOthers } from "./backs.js";
import { el, fill } from "./draw.js";
import { icon, renew } from "./frame.js";
import { words } from "./words-sales.js";

const KEY = "boothkit-sought";
const TYPING_MS = 200;
const wide = matchMedia("(min-width: 56rem)");

const at = (id) => document.getElementById(id);
const form = at("find");
const field = at("q");
const start = new URLSearchParams(location.search);
let sale = start.get("sale") || "";
let before = start.get("before") || "";
let focus = false; // the chosen one was asked for just now
let alone = false; // whoever scanned means the one that is found
let timer = 0;

const show = () => new FormData(form).get("show");

function address(path, more) {
  const asked = Object.entries({ show: show(), before, sale, ...more }).filter(([, value]) => value);
  return `${path}?${new URLSearchParams(asked)}`;
}

function go() {
  at("list").dataset.live = address("/sales/now", { q: field.value.trim() });
  at("chosen").dataset.live = address("/sales/beside", { show: "", before: "" });
  history.replaceState(null, "", address("/sales"));
  try {
    sessionStorage.setItem(KEY, field.value);
  } catch {
    // Then a reload begins with all of them.
  }
  renew();
}

function choose(id) {
  sale = id;
  focus = true;
  go();
}

// The list may still be that of what was typed before.
function settle() {
  if (!alone || at("list").querySelector("[data-q]").dataset.q !== field.value.trim()) return;
  alone = false;
  const rows = at("list").querySelectorAll("[data-sale]");
  if (rows.length === 1 && wide.matches) choose(rows[0].dataset.sale);
}

function seek(wait) {
  before = "";
  clearTimeout(timer);
  timer = setTimeout(go, wait);
}

field.addEventListener("input", () => seek(TYPING_MS));
form.addEventListener("change", (event) => event.target.name === "show" && seek(0));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  alone = true;
  field.select(); // the next scan takes its place
  seek(0);
  settle();
});
at("list").addEventListener("click", (event) => {
  const row = event.target.closest("[data-sale]");
  const page = event.target.closest("[data-before]");
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (row && plain && wide.matches) {
    event.preventDefault();
    choose(row.dataset.sale);
  } else if (page && plain) {
    event.preventDefault();
    before = page.dataset.before;
    go();
    scrollTo(0, 0);
  }
});
document.addEventListener("boothkit:part", ({ target }) => {
  if (target === at("list")) settle();
  if (target === at("chosen") && focus && at("ch")) {
    focus = false;
    at("ch").focus({ preventScroll: true });
  }
});

// Money that may have gone back or not is not forgotten because somebody left its form.
function remind() {
  const open = Object.entries(all()).filter(([, one]) => one.sent);
  const note = ([id]) =>
    el(
      "div",
      { class: "note wait" },
      icon("nolink"),
      el("div", {}, words.uncertain),
      el("a", { class: "btn", href: `/sales/${encodeURIComponent(id)}/back` }, words.askAgain),
    );
  fill(at("open"), open.map(note));
  at("open").hidden = !open.length;
}

onOthers(remind);
remind();
try {
  const sought = sessionStorage.getItem(KEY);
  if (!field.value && sought) {
    field.value = sought;
    go();
  }
} catch {
  // Nothing was kept.
}
