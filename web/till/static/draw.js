// Elements made by a script, and places that are filled with them.

import { morph } from "./morph.js";

// Give `place` these children; what is there already and stays the same is left alone.
export function fill(place, nodes) {
  const fresh = place.cloneNode(false);
  fresh.append(...nodes);
  morph(place, fresh);
}

// An element with attributes and children in one line.
export function el(name, attributes = {}, ...children) {
  const found = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  found.append(...children);
  return found;
}
