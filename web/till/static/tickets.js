// A shop's file onto a list: chosen, looked at, taken part by part. What is under way is remembered without any name in
// it, so that a reload goes on where it was; a part that is asked for twice is carried out once.

import { call, toLogin } from "./api.js";
import { el, fill } from "./draw.js";
import "./frame.js";
import { mint } from "./store.js";
import { words } from "./words-tickets.js";
import { sentence } from "./words.js";

const KEY = "boothkit-import-1";
const UPLOAD_MS = 180_000;
const AGAIN_MS = 2000;
const VIEWS = ["left", "choose", "check", "run", "result"];
const ROLES = Object.keys(words.roles);
const SEVERAL = ["holder", "includes"];

const at = (id) => document.getElementById(id);
let file = null; // what the box said of the file
let listKey = null; // of the new list: the same name again is the same command

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function remember(run) {
  try {
    if (run) sessionStorage.setItem(KEY, JSON.stringify(run));
    else sessionStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing begins again after a reload; nothing is doubled by that.
  }
}

function show(view) {
  for (const name of VIEWS) at(name).hidden = name !== view;
  at("another").disabled = at("take").disabled = false;
  at("reading").hidden = true;
  at("file").disabled = false;
}

function say(text) {
  at("fault").lastElementChild.textContent = text;
  at("fault").hidden = !text;
  if (text) at("fault").scrollIntoView({ block: "nearest" });
}

function problem({ status, data }) {
  if (status === 401) toLogin();
  if (!data) return words.silent;
  return [sentence(data.detail), data.remedy].filter(Boolean).join(" ");
}

function begin(text = "") {
  remember(null);
  file = null;
  at("file").value = "";
  show("choose");
  say(text);
}

function drop(id) {
  return call("DELETE", `/api/v1/tickets/files/${id}`);
}

// The file goes as it is; a large one over a slow line takes its time.
async function upload(chosen) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), UPLOAD_MS);
  try {
    const answer = await fetch(`/api/v1/tickets/files?name=${encodeURIComponent(chosen.name)}`, {
      method: "POST",
      headers: {
        Accept: "application/json",
        "Content-Type": "application/octet-stream",
        "Idempotency-Key": mint(),
        "X-CSRF-Token": document.body.dataset.csrf,
      },
      body: await chosen.arrayBuffer(),
      signal: stop.signal,
    });
    return { status: answer.status, data: await answer.json() };
  } catch {
    return { status: 0, data: null };
  } finally {
    clearTimeout(timer);
  }
}

async function choose() {
  const [chosen] = at("file").files;
  if (!chosen) return;
  say("");
  if (chosen.size > Number(at("choose").dataset.largest)) {
    begin(words.tooLarge);
    return;
  }
  at("file").disabled = true;
  at("reading").hidden = false;
  const answer = await upload(chosen);
  if (answer.status !== 201) {
    begin(answer.status ? problem(answer) : words.notRead);
    return;
  }
  file = answer.data;
  draw();
  show("check");
  at("head").focus();
}

// What the box took for what: used columns first, in the order of their roles.
function draw() {
  const roles = new Map(Object.entries(file.guess).flatMap(([role, names]) => names.map((name) => [name, role])));
  const order = (name) => (roles.has(name) ? ROLES.indexOf(roles.get(name)) : ROLES.length);
  const sorted = [...file.headings].sort((a, b) => order(a) - order(b));
  at("about").textContent = words.about(file.name, file.rows, file.encoding, file.delimiter);
  at("columns").replaceChildren(...sorted.map((name, n) => column(name, n, roles.get(name) || "")));
  at("take").textContent = words.take(file.rows);
  error("check-error", "code" in file.guess ? "" : words.noCode);
}

function column(name, n, role) {
  const place = file.headings.indexOf(name);
  const choice = el("select", { "data-heading": name });
  for (const [value, text] of [["", words.unused], ...Object.entries(words.roles)]) {
    choice.append(el("option", value === role ? { value, selected: "" } : { value }, text));
  }
  const cells = file.sample.map((row) => row[place]).map((text) => el("li", text ? {} : { class: "soft" }, text || words.empty));
  return el(
    "section",
    { class: `sheet stack tight column${role ? " mark" : ""}`, "aria-labelledby": `c-${n}` },
    el("h3", { id: `c-${n}` }, name),
    el("label", { class: "field" }, el("span", {}, words.isThe), choice),
    el("p", { class: "small soft" }, words.firstRows),
    el("ul", { class: "small" }, ...cells),
  );
}

function chosenColumns() {
  const columns = {};
  for (const name of file.headings) {
    const role = [...at("columns").querySelectorAll("select")].find((one) => one.dataset.heading === name).value;
    if (role) (columns[role] = columns[role] || []).push(name);
  }
  return columns;
}

function error(id, text) {
  at(id).textContent = text;
  at(id).hidden = !text;
}

function wrong(columns) {
  if (!columns.code) return words.noCode;
  const twice = Object.keys(columns).find((role) => columns[role].length > 1 && !SEVERAL.includes(role));
  return twice ? words.twice(words.roles[twice], columns[twice]) : "";
}

async function take(event) {
  event.preventDefault();
  if (at("take").disabled) return;
  const columns = chosenColumns();
  error("name-error", "");
  error("check-error", wrong(columns));
  if (wrong(columns)) return;
  at("take").disabled = at("another").disabled = true;
  const list = at("list").value || (await newList());
  if (list === null) {
    at("take").disabled = at("another").disabled = false;
    return;
  }
  const { file: id, name, rows } = file;
  carryOut({ file: id, name, rows, list, columns, part: 1, done: 0 });
}

// The name of the list that was made, or null.
async function newList() {
  const list = at("name").value.trim();
  const there = [...at("list").options].some((one) => one.value && one.value === list);
  if (!list || there) {
    error("name-error", there ? words.listThere : words.listName);
    at("name").focus();
    return null;
  }
  const entry = document.querySelector("[name=entry]:checked").value;
  if (!listKey || listKey.of !== `${list} ${entry}`) listKey = { of: `${list} ${entry}`, key: mint() };
  const answer = await call("POST", "/api/v1/lists", { key: listKey.key, body: { list, entry } });
  if (answer.status === 200) return list;
  listKey = answer.status ? null : listKey;
  error("name-error", answer.status === 422 ? words.listRule : problem(answer));
  at("name").focus();
  return null;
}

// Part after part until there is none; silence and a busy box are waited out.
async function carryOut(run) {
  say("");
  show("run");
  progress(run, words.running);
  at("head").focus();
  for (;;) {
    remember(run);
    const { file: id, list, columns, part } = run;
    const answer = await call("POST", `/api/v1/tickets/files/${id}/import`, { key: `${id}-${part}`, body: { list, columns, part } });
    if (answer.status === 200) {
      run.done = answer.data.imported + answer.data.known + answer.data.left_out;
      progress(run, words.running);
      if (answer.data.next === null) {
        remember(null);
        finish(run, answer.data);
        return;
      }
      run.part = answer.data.next;
    } else if (answer.status === 0 || answer.status === 503) {
      progress(run, answer.status ? problem(answer) : words.silent);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    } else if (answer.status === 401) {
      toLogin();
      return;
    } else if (answer.data && answer.data.gone) {
      begin(words.gone(run.done));
      return;
    } else {
      // Another page went on with it, or the list cannot be: from the beginning, what is there already is counted.
      remember({ ...run, part: 1 });
      stopped(run, problem(answer));
      return;
    }
  }
}

function progress(run, text) {
  at("bar").max = run.rows;
  at("bar").value = run.done;
  at("count").textContent = words.count(run.done, run.rows);
  at("run-words").textContent = text;
}

function stopped(run, text) {
  at("left-words").textContent = words.left(run.name, run.done, run.rows, run.list);
  show("left");
  say(text);
}

function finish(run, sums) {
  show("result");
  at("res-list").textContent = words.onList(run.list);
  at("resh").textContent = words.taken(sums.imported);
  const rows = [["imported", sums.imported], ["known", sums.known], ["changed", sums.changed], ["leftOut", sums.left_out]];
  fill(at("sums"), rows.flatMap(([name, n]) => [el("dt", {}, words[name]), el("dd", {}, words.number(n))]));
  at("faults").hidden = !sums.left_out;
  at("fah").textContent = words.faults(sums.left_out);
  fill(at("rows"), sums.faults.map((fault) =>
    el("tr", {}, el("td", {}, el("b", {}, words.line(fault.line))),
      el("td", { "data-l": words.why }, el("span", {}, sentence(fault.why))),
      el("td", { "data-l": words.remedy }, el("span", {}, fault.remedy)))));
  const more = sums.left_out - sums.faults.length;
  at("more").hidden = !more;
  at("more").textContent = words.more(more);
  at("head").focus();
}

at("file").addEventListener("change", choose);
at("choose").addEventListener("submit", (event) => event.preventDefault());
at("check").addEventListener("submit", take);
at("columns").addEventListener("change", (event) => {
  event.target.closest(".column").classList.toggle("mark", event.target.value !== "");
  error("check-error", wrong(chosenColumns()));
});
at("list").addEventListener("change", () => { at("new").hidden = at("list").value !== ""; });
at("another").addEventListener("click", () => { drop(file.file); begin(); });
at("next").addEventListener("click", () => location.reload());
at("go-on").addEventListener("click", () => carryOut(remembered()));
at("forget").addEventListener("click", () => { drop(remembered().file); begin(); });
addEventListener("beforeunload", () => {
  // A file that was only looked at is of no use to the next page.
  if (!at("check").hidden && file) {
    fetch(`/api/v1/tickets/files/${file.file}`, { method: "DELETE", keepalive: true, headers: { "X-CSRF-Token": document.body.dataset.csrf } });
  }
});

const before = remembered();
if (before) stopped(before, "");
