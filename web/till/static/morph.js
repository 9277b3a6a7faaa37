// Redrawing that leaves alone what is the same: a tap that has begun, the focus, an opened part, a half-typed number.

// Make `old` like `fresh`, node by node; `fresh` is used up.
export function morph(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.nodeName === "INPUT" && old !== document.activeElement) old.value = fresh.value;
  const theirs = [...fresh.childNodes];
  const ours = [...old.childNodes];
  theirs.forEach((node, i) => {
    if (!ours[i]) old.append(node);
    else if (ours[i].nodeName === node.nodeName && node.nodeType !== Node.COMMENT_NODE) morph(ours[i], node);
    else ours[i].replaceWith(node);
  });
  ours.slice(theirs.length).forEach((node) => node.remove());
}

// Give `place` these children.
export function fill(place, nodes) {
  const fresh = place.cloneNode(false);
  fresh.append(...nodes);
  morph(place, fresh);
}

// An element with classes, attributes and children in one line.
export function el(name, attributes = {}, ...children) {
  const found = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  found.append(...children);
  return found;
}
