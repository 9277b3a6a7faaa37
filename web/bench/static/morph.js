// Redrawing that leaves alone what is the same: the focus, a key half pressed, a picture that is there already.

// Make `old` like `fresh`, which may be used up. Left to the person: fields marked data-own, and what is folded open.
export function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open" && !kept(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !kept(old, name)) old.setAttribute(name, value);
  }
  if (old.nodeName === "INPUT" && !old.hasAttribute("data-own")) {
    old.checked = fresh.checked;
    old.value = fresh.value;
  }
  morphChildren(old, fresh);
}

// What the script itself has switched on or off: see the first lines of bench.js.
function kept(node, name) {
  return name === "hidden" && (node.hasAttribute("data-plain") || node.hasAttribute("data-step"));
}

function morphChildren(old, fresh) {
  const named = new Map([...old.children].filter((node) => node.id).map((node) => [node.id, node]));
  let place = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const twin = node.id ? named.get(node.id) : place && !place.id && alike(place, node) ? place : null;
    if (!twin) {
      old.insertBefore(node, place);
      continue;
    }
    if (twin === place) place = place.nextSibling;
    else old.insertBefore(twin, place);
    morph(twin, node);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName;
}
