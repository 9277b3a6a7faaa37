// What this tablet remembers: the cart, a payment that has begun, sales and parked carts on their way to the box. One
// entry in localStorage, written whole, so that a sale leaves the cart and enters the outbox in one step.

import { shelf } from "./shelf.js";

const KEY = "boothkit-till-1";
const EMPTY = {
  cart: [], // lines as they are sent
  about: {}, // of the cart: {discount, reason, approval: {id, name, of}, note}
  service: "takeaway", // where what is sold is consumed
  drawer: null, // the one that was chosen among several
  cleared: null, // {cart, about}, to bring back
  pay: null, // {id, drawer, training, tenders, shares}
  parking: [], // carts on their way to the box: {key, cart, about, name, at, problem}
  taking: null, // the parked cart that is being taken: {key, id, name}
  outbox: [],
  sent: [],
  slips: 0,
  done: null,
  door: null,
};

const tablet = shelf(KEY);

export function read() {
  return { ...EMPTY, ...tablet.read() };
}

// True while a reload finds what was written.
export const kept = tablet.kept;

// Read, let `alter` change it, write, tell every listener. Returns what `alter` returns.
export function change(alter) {
  const state = read();
  const result = alter(state);
  tablet.write(state);
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

// This tab, among those of the tablet, for as long as it shows this page.
export const tab = mint();

// True while money may have been taken for a sale that is not on its way yet, or a parked cart is on its way.
export function busy({ pay, parking, taking }) {
  return Boolean((pay && pay.tenders.length) || parking.some((one) => !one.problem) || taking);
}

addEventListener("storage", (event) => {
  if (event.key === KEY) document.dispatchEvent(new Event("boothkit:state"));
});
