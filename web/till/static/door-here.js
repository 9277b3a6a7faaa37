// This door: its gate, lists and direction, as the box defines them and as this tablet remembers them.

import { el, fill } from "./draw.js";
import { change, read } from "./store.js";
import { words } from "./words-door.js";

const OTHER = "";
const PLAIN = "door"; // the gate of a scan that names none
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_ .-]{0,39}$/u; // what the box takes for a gate's name

const byId = (id) => document.getElementById(id);
const way = (direction) => document.querySelector(`[name=d][value=${direction}]`);

// `direction` and `list` are null and "" until a person chooses: then those of the gate count.
export function settings() {
  return { gate: "", list: "", direction: null, others: true, sound: false, ...read().door };
}

// The lists and gates that the box has, and how many went in and out; renewed with the live part of the page.
export function shape() {
  const { shape: text, in: entered, out, hour } = byId("door-shape").dataset;
  return { ...JSON.parse(text), counts: words.counts(entered, out, hour) };
}

export function listNamed(name) {
  return shape().lists.find((one) => one.list === name);
}

// What a scan at this door says besides its code.
export function asked() {
  const { gate, list: chosen, direction } = settings();
  const list = listNamed(chosen) ? chosen : "";
  return { ...(direction ? { direction } : {}), ...(gate ? { gate } : {}), ...(list ? { list } : {}) };
}

// Which way people go here now.
export function direction() {
  const { gate, direction: chosen } = settings();
  const defined = shape().gates.find((one) => one.gate === (gate || PLAIN));
  return chosen || (defined ? defined.direction : "in");
}

export function isGateName(text) {
  return NAME.test(text);
}

function set(more) {
  change((state) => (state.door = { ...settings(), ...more }));
  draw();
}

// Another gate has its own direction and lists: what was chosen for the last one is over.
function setGate(gate) {
  set(gate === settings().gate ? {} : { gate, direction: null, list: "" });
}

let naming = false; // "Another door" was chosen and its name is being typed

export function draw() {
  const { gates, lists } = shape();
  const { gate, list, others, sound } = settings();
  const defined = gates.find((one) => one.gate === gate);
  const named = gates.map((one) => el("option", { value: one.gate, id: `gate-${one.gate}` }, one.gate));
  fill(byId("gates"), [...named, el("option", { value: OTHER, id: "gate-" }, words.gates.other)]);
  byId("gates").value = defined && !naming ? gate : OTHER;
  byId("gates").closest("label").hidden = !gates.length;
  byId("gate").closest("label").hidden = Boolean(defined) && !naming;
  if (document.activeElement !== byId("gate")) byId("gate").value = gate;
  const here = gates.find((one) => one.gate === (gate || PLAIN));
  const said = here && here.lists.length ? words.gates.lists(here.lists) : words.gates.all;
  byId("gate-lists").textContent = said;
  const choices = lists.map((one) => el("option", { value: one.list, id: `list-${one.list}` }, one.list));
  fill(byId("list"), [el("option", { value: "", id: "list-" }, words.everyList), ...choices]);
  byId("list").value = lists.some((one) => one.list === list) ? list : "";
  byId("list").closest("label").hidden = lists.length < 2 && !list;
  way(direction()).checked = true;
  byId("others").checked = others;
  byId("sound").checked = sound;
}

export function startHere({ back }) {
  byId("scan").addEventListener("change", ({ target }) => {
    if (target.id === "gates") {
      naming = target.value === OTHER;
      if (naming) {
        draw();
        byId("gate").value = "";
        byId("gate").focus();
        return;
      }
      setGate(target.value);
    }
    if (target.id === "gate") {
      naming = false;
      if (!target.value.trim() || isGateName(target.value.trim())) setGate(target.value.trim());
      target.value = settings().gate;
      draw();
      return;
    }
    if (target.id === "list") set({ list: target.value });
    if (target.name === "d") set({ direction: target.value });
    if (target.id === "others" || target.id === "sound") set({ [target.id]: target.checked });
    if (target.matches("[type=radio], [type=checkbox]")) back();
  });
  byId("gate").addEventListener("blur", () => {
    naming = false;
    draw();
  });
  document.addEventListener("boothkit:part", draw);
  draw();
}
