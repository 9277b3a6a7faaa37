// Locking the screen: by its button, or by itself when nobody has touched this tablet for a while. What is in the cart
// and on its way stays. It never locks while money may be between two hands, nor while the box is silent, whose page
// could not come back.

import { call, lock, toPin } from "./api.js";
import { busy, read } from "./store.js";

const KEY = "boothkit-touched"; // when somebody last touched any tab of this tablet
const LOOK_MS = 1000;
const SEEN_MS = 2000;

let touched = Date.now();
let locking = false;

function touch() {
  const now = Date.now();
  if (now - touched < SEEN_MS && touched <= now) return;
  touched = now;
  try {
    localStorage.setItem(KEY, String(now));
  } catch {
    // Then each tab counts for itself.
  }
}

function last() {
  try {
    const told = Number(localStorage.getItem(KEY));
    return Math.max(touched, told <= Date.now() ? told : 0);
  } catch {
    return touched;
  }
}

// silent: whether the box answers; stay: keeps an event from leaving a page of a silent box.
export function startLock({ silent, stay }) {
  const form = document.getElementById("lock");
  const after = Number(document.body.dataset.lockAfter || 0) * 1000;

  async function leave() {
    locking = true;
    lock();
    const { status } = await call("POST", "/api/v1/logout");
    if (status === 204 || status === 401) return toPin();
    locking = false;
    lock(false);
    document.body.classList.remove("away");
  }

  // Woken up after its time, what stood here is covered before the box has answered.
  function look() {
    if (locking || !after || Date.now() - last() < after) return;
    if (silent() || location.hash === "#pay" || busy(read())) return;
    document.body.classList.add("away");
    leave();
  }

  form.addEventListener("submit", (event) => {
    stay(event);
    if (event.defaultPrevented) return;
    event.preventDefault();
    leave();
  });
  if (!after) return;
  for (const name of ["pointerdown", "keydown", "wheel", "touchmove"]) addEventListener(name, touch, { passive: true, capture: true });
  document.addEventListener("visibilitychange", look);
  setInterval(look, LOOK_MS);
}
