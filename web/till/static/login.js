// The number pad, the wait after too many wrong PINs, and a word about what this tablet still keeps.

import { onChange } from "./store.js";
import { words } from "./words.js";

const form = document.getElementById("pin");
const field = form.elements.pin;
const kept = document.getElementById("kept");
const lock = document.querySelector("[data-left]");

form.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (!key) return;
  field.value = key.dataset.key ? (field.value + key.dataset.key).slice(0, field.maxLength) : "";
});

onChange(({ outbox }) => {
  kept.hidden = !outbox.length;
  kept.querySelector("div").textContent = words.keptAtLogin(outbox.length);
});

if (lock) {
  const end = performance.now() + Number(lock.dataset.left) * 1000;
  const controls = [...form.elements];
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    lock.querySelector("[data-clock]").textContent = words.seconds(left);
    controls.forEach((control) => (control.disabled = left > 0));
    if (left > 0) return;
    clearInterval(timer);
    lock.hidden = true;
    field.focus();
  };
  const timer = setInterval(tick, 250);
  tick();
}
