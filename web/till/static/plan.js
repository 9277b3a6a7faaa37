// Lines and zones over a camera's picture. The fields of the form say where they are; a finger at a handle writes them.

import { fill } from "./draw.js";
import { words } from "./words-calibrate.js";

const SVG = "http://www.w3.org/2000/svg";
const HAND = 24; // half of what a finger meets, in CSS pixels
const KNOB = 13;
const ARROW = 34;
const STEP = 0.5; // percent, of an arrow key; with shift ten times that
const MOST = 8;
const MOST_CORNERS = 12;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function svg(name, attributes, ...children) {
  const found = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  found.append(...children);
  return found;
}

const rounded = (value) => Math.round(Math.min(100, Math.max(0, value)) * 10) / 10;
const field = (place, name) => place.querySelector(`[data-f=${name}]`);
const percent = (input) => (input.value.trim() === "" ? Number.NaN : Number(input.value));

// `onChange(settled)`: something was changed; settled: the hand let go of it.
export function editPlan({ form, items, drawing, templates, onChange }) {
  let held = null;

  const lines = () => [...items.querySelectorAll("[data-item=line]")];
  const zones = () => [...items.querySelectorAll("[data-item=zone]")];
  const all = () => [...lines(), ...zones()];

  // The pairs of fields of an item that a handle can move, each with its name.
  function places(item) {
    if (item.dataset.item === "line") {
      return ["a", "b"].map((end) => ({ name: end.toUpperCase(), x: field(item, `${end}x`), y: field(item, `${end}y`) }));
    }
    return [...item.querySelectorAll("[data-corner]")].map((corner, n) => ({
      name: words.corner(n + 1),
      x: field(corner, "x"),
      y: field(corner, "y"),
    }));
  }

  function at(place) {
    const { width, height } = drawing.getBoundingClientRect();
    return [(percent(place.x) / 100) * width, (percent(place.y) / 100) * height];
  }

  function nameOf(item) {
    return field(item, "name").value.trim() || words[item.dataset.item];
  }

  function handle(item, n, place) {
    const [x, y] = at(place);
    const label = words.handle(place.name, nameOf(item), place.x.value, place.y.value);
    const group = svg("g", {
      "data-h": `${all().indexOf(item)}.${n}`,
      tabindex: 0,
      role: "button",
      "aria-label": label,
      transform: `translate(${x} ${y})`,
    });
    group.append(svg("circle", { class: "hand", r: HAND }), svg("circle", { class: "knob", r: KNOB }));
    if (item.dataset.item === "line") group.append(svg("text", { "text-anchor": "middle", y: 5, class: "end" }, place.name));
    return group;
  }

  function word(text, x, y) {
    const { width, height } = drawing.getBoundingClientRect();
    const inside = [Math.min(width - 24, Math.max(24, x)), Math.min(height - 8, Math.max(18, y))];
    return svg("text", { x: inside[0], y: inside[1], "text-anchor": "middle" }, text);
  }

  // From the left to the right of somebody who looks from A to B lies the way in.
  function drawLine(item) {
    const [[ax, ay], [bx, by]] = places(item).map(at);
    const [dx, dy] = [bx - ax, by - ay];
    const long = Math.hypot(dx, dy) || 1;
    const [nx, ny] = [-dy / long, dx / long];
    const [mx, my] = [(ax + bx) / 2, (ay + by) / 2];
    const [tx, ty] = [mx + nx * ARROW, my + ny * ARROW];
    const head = (side) => `L${tx - nx * 11 + side * ny * 9} ${ty - ny * 11 - side * nx * 9}`;
    const line = `M${ax} ${ay}L${bx} ${by}`;
    const arrow = `M${mx} ${my}L${tx} ${ty}${head(1)}M${tx} ${ty}${head(-1)}`;
    return [
      svg("path", { class: "casing", d: line + arrow }),
      svg("path", { class: "core", d: line + arrow }),
      word(words.in, mx + nx * (ARROW + 16), my + ny * (ARROW + 16) + 5),
      word(words.out, mx - nx * 20, my - ny * 20 + 5),
      ...(all().length > 1 ? [word(nameOf(item), mx + dx * 0.3 + nx * 20, my + dy * 0.3 + ny * 20 + 5)] : []),
    ];
  }

  function drawZone(item) {
    const corners = places(item).map(at);
    const points = corners.map((corner) => corner.join(",")).join(" ");
    const middle = corners.reduce((sum, [x]) => sum + x, 0) / corners.length;
    const lowest = Math.max(...corners.map(([, y]) => y));
    return [
      svg("polygon", { class: "casing zone", points }),
      svg("polygon", { class: "core zone", points }),
      word(nameOf(item), middle, lowest - 12),
    ];
  }

  const isWhole = (item) => places(item).every((place) => at(place).every(Number.isFinite));

  function draw() {
    const { width, height } = drawing.getBoundingClientRect();
    if (!width || !height) return;
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const drawable = all().filter(isWhole);
    const zonesFirst = [...drawable].reverse();
    fill(drawing, [
      ...zonesFirst.flatMap((item) => (item.dataset.item === "zone" ? drawZone(item) : drawLine(item))),
      ...drawable.flatMap((item) => places(item).map((place, n) => handle(item, n, place))),
    ]);
    const more = { line: lines().length, zone: zones().length };
    for (const button of form.querySelectorAll("#more [data-do]")) button.disabled = more[button.dataset.do] >= MOST;
  }

  function placeOf(mark) {
    const [item, n] = mark.dataset.h.split(".").map(Number);
    return places(all()[item])[n];
  }

  function put(place, x, y) {
    place.x.value = String(rounded(x));
    place.y.value = String(rounded(y));
    draw();
    onChange(false);
  }

  drawing.addEventListener("pointerdown", (event) => {
    const mark = event.target.closest("[data-h]");
    if (!mark || event.button !== 0) return;
    event.preventDefault();
    mark.focus({ preventScroll: true });
    const box = drawing.getBoundingClientRect();
    const place = placeOf(mark);
    const [x, y] = at(place);
    held = { place, dx: event.clientX - box.left - x, dy: event.clientY - box.top - y };
    drawing.setPointerCapture(event.pointerId);
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!held) return;
    const box = drawing.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - held.dx, event.clientY - box.top - held.dy];
    put(held.place, (x / box.width) * 100, (y / box.height) * 100);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    drawing.addEventListener(end, () => {
      if (held) onChange(true);
      held = null;
    });
  }
  drawing.addEventListener("keydown", (event) => {
    const mark = event.target.closest("[data-h]");
    const way = KEYS[event.key];
    if (!mark || !way) return;
    event.preventDefault();
    const place = placeOf(mark);
    const far = event.shiftKey ? STEP * 10 : STEP;
    put(place, percent(place.x) + way[0] * far, percent(place.y) + way[1] * far);
    onChange(true);
  });

  function unused(kind) {
    const taken = new Set(all().map((item) => field(item, "name").value));
    const first = kind === "line" ? words.firstLine : words.firstZone;
    if (!taken.has(first)) return first;
    for (let n = 2; ; n += 1) if (!taken.has(`${words[`${kind}Name`]}-${n}`)) return `${words[`${kind}Name`]}-${n}`;
  }

  function fresh(kind) {
    const item = templates[kind].content.firstElementChild.cloneNode(true);
    reveal(item);
    return item;
  }

  function reveal(place) {
    for (const node of place.querySelectorAll("[data-script]")) node.hidden = false;
  }

  function add(kind) {
    const item = fresh(kind);
    field(item, "name").value = unused(kind);
    items.append(item);
    return field(item, "name");
  }

  // A line to begin with, when there is nothing yet.
  function first() {
    if (all().length) return;
    add("line");
    draw();
  }

  function turn(item) {
    for (const axis of ["x", "y"]) {
      const [a, b] = [field(item, `a${axis}`), field(item, `b${axis}`)];
      [a.value, b.value] = [b.value, a.value];
    }
  }

  // A new corner lies in the middle between the last and the first.
  function corner(item) {
    const own = places(item);
    if (own.length >= MOST_CORNERS) return;
    const one = fresh("corner");
    for (const axis of ["x", "y"]) {
      field(one, axis).value = String(rounded((percent(own.at(-1)[axis]) + percent(own[0][axis])) / 2));
    }
    item.querySelector("ol").append(one);
  }

  function uncorner(button, item) {
    if (places(item).length > 3) button.closest("[data-corner]").remove();
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    const item = button.closest("[data-item]");
    const does = {
      line: () => add("line").focus(),
      zone: () => add("zone").focus(),
      turn: () => turn(item),
      remove: () => item.remove(),
      corner: () => corner(item),
      uncorner: () => uncorner(button, item),
    };
    does[button.dataset.do]();
    draw();
    onChange(true);
  });
  form.addEventListener("input", () => {
    draw();
    onChange(false);
  });
  form.addEventListener("change", () => onChange(true));
  new ResizeObserver(draw).observe(drawing);
  reveal(items);
  draw();

  // What the form says now, in ten-thousandths; null: some place has no number.
  function plan() {
    const pair = (place) => [percent(place.x), percent(place.y)].map((value) => Math.round(value * 100));
    const found = {
      lines: lines().map((item) => {
        const [a, b] = places(item).map(pair);
        return { name: field(item, "name").value.trim(), a, b, entrance: field(item, "entrance").checked };
      }),
      zones: zones().map((item) => ({
        name: field(item, "name").value.trim(),
        corners: places(item).map(pair),
        whole: field(item, "whole").checked,
      })),
    };
    const numbers = [...found.lines.flatMap((line) => [line.a, line.b]), ...found.zones.flatMap((zone) => zone.corners)];
    return numbers.flat().every(Number.isFinite) ? found : null;
  }

  return { plan, draw, first };
}
