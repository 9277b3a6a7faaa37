// What this tablet remembers: the cart, a payment that has begun, sales on their way to the box. One entry in
// localStorage, written whole, so that a sale leaves the cart and enters the outbox in one step.

const KEY = "boothkit-till-1";
const EMPTY = { cart: [], cleared: null, pay: null, outbox: [], sent: [], slips: 0, done: null, door: null };

let memory = null; // only where the browser keeps nothing

export function read() {
  try {
    const text = memory === null ? localStorage.getItem(KEY) : memory;
    return { ...EMPTY, ...(text ? JSON.parse(text) : {}) };
  } catch {
    return { ...EMPTY };
  }
}

// True while a reload finds what was written.
export function kept() {
  return memory === null;
}

// Read, let `alter` change it, write, tell every listener. Returns what `alter` returns.
export function change(alter) {
  const state = read();
  const result = alter(state);
  const text = JSON.stringify(state);
  try {
    localStorage.setItem(KEY, text);
    memory = null;
  } catch {
    memory = text;
  }
  document.dispatchEvent(new Event("boothkit:state"));
  return result;
}

// Called now and whenever the state changes, here or in another tab.
export function onChange(listener) {
  document.addEventListener("boothkit:state", () => listener(read()));
  listener(read());
}

// A fresh identity: 128 random bits.
export function mint() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return "t-" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

addEventListener("storage", (event) => {
  if (event.key === KEY) document.dispatchEvent(new Event("boothkit:state"));
});
