// Redrawing that leaves alone what is the same: a tap that has begun, the focus, a half-typed number, a picture.

// Make `old` like `fresh`, which is used up. Children with an id are found again by it, the others by their place.
// Left to the person: what is folded open, a field while somebody types in it, and with data-own the value of a field
// and whether a thing is hidden.
export function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !isTheirs(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !isTheirs(old, name)) old.setAttribute(name, value);
  }
  if (old.nodeName === "INPUT" && !old.hasAttribute("data-own")) {
    old.checked = fresh.checked;
    if (!isTypedIn(old)) old.value = fresh.value;
  }
  morphChildren(old, fresh);
}

function isTheirs(node, name) {
  return name === "open" || (name === "hidden" && node.hasAttribute("data-own"));
}

function isTypedIn(field) {
  return field === document.activeElement && !field.matches("[type=range], [type=radio], [type=checkbox]");
}

function morphChildren(old, fresh) {
  const named = new Map([...old.children].filter((node) => node.id).map((node) => [node.id, node]));
  let place = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const twin = node.id ? named.get(node.id) : place && !place.id && isAlike(place, node) ? place : null;
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

function isAlike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName;
}
