// Writes that have to arrive once, each with an identity of its own. Kept on the tablet until the box has answered, so
// that a double press, a second tab, a reload and a lost reply change nothing: the same again, later.
//
// One errand of each name and person at a time: {key, path, body, at, until?, rests?}. `until`: from then on it is not
// asked for by itself any more, because it would come as a surprise; pressed again it is the same one.

import { call, reloadOnce, toLogin } from "./api.js";
import { shelf } from "./shelf.js";
import { mint } from "./store.js";

const KEY = "boothkit-errands-1";
const FIRST_MS = 500;
const LONGEST_MS = 8000;
const ADOPT_MS = 6000; // left behind by a tab that is gone
const FORGET_MS = 600_000; // of what rests: nobody presses it again

const running = new Set();
const tablet = shelf(KEY);
const read = () => tablet.read() || {};

function change(alter) {
  const all = read();
  alter(all);
  tablet.write(all);
  document.dispatchEvent(new Event("boothkit:errands"));
}

// `who`: the actor who is signed in; nobody sends what another has pressed.
export function errands(who) {
  const mine = (name) => `${who} ${name}`;

  // Why an errand waits: "asked" (on its way), "silent", "full" (the box's card), "rests"; null: there is none.
  function state(name) {
    const one = read()[mine(name)];
    return one ? (one.rests ? "rests" : one.why || "asked") : null;
  }

  // False when it is under way already.
  function begin(name, path, body, seconds) {
    const before = read()[mine(name)];
    if (before && !before.rests) return false;
    const same = before && before.path === path && JSON.stringify(before.body) === JSON.stringify(body);
    const until = seconds ? { until: Date.now() + seconds * 1000 } : {};
    change((all) => (all[mine(name)] = { key: same ? before.key : mint(), path, body, at: Date.now(), ...until }));
    run(name);
    return true;
  }

  async function run(name) {
    if (running.has(name)) return;
    running.add(name);
    let delay = FIRST_MS;
    try {
      let one;
      while ((one = read()[mine(name)]) && !one.rests) {
        if (one.until !== undefined && Date.now() > one.until) {
          note(name, one.key, { rests: true });
          return undefined;
        }
        const { status, data } = await call("POST", one.path, { body: one.body, key: one.key });
        if (status === 401) return toLogin();
        if (status === 403 && data && data.type === "/problems/csrf") return reloadOnce();
        if (status >= 200 && status < 300 && data) return ended(name, one.key, { data });
        if (data && status >= 400 && status < 500 && ![408, 429].includes(status)) {
          const twice = data.type === "/problems/key-reused"; // recorded before, by whoever was signed in then
          return ended(name, one.key, twice ? { data: null } : { problem: data });
        }
        note(name, one.key, { why: status === 507 ? "full" : "silent" });
        await new Promise((resolve) => setTimeout(resolve, delay));
        delay = Math.min(delay * 2, LONGEST_MS);
      }
    } finally {
      running.delete(name);
    }
    return undefined;
  }

  function note(name, key, more) {
    change((all) => {
      const one = all[mine(name)];
      if (one && one.key === key) Object.assign(one, more);
    });
  }

  function ended(name, key, result) {
    const { body } = read()[mine(name)] || {};
    change((all) => {
      if (all[mine(name)] && all[mine(name)].key === key) delete all[mine(name)];
    });
    document.dispatchEvent(new CustomEvent("boothkit:errand", { detail: { name, body, ...result } }));
  }

  // What was under way when a page was loaded, or in a tab that is gone.
  function resume(age) {
    for (const [place, one] of Object.entries(read())) {
      const [by, name] = [place.slice(0, place.indexOf(" ")), place.slice(place.indexOf(" ") + 1)];
      if (by === who && !one.rests && Date.now() - one.at >= age) run(name);
    }
  }

  change((all) => {
    for (const [place, one] of Object.entries(all)) if (one.rests && Date.now() - one.at > FORGET_MS) delete all[place];
  });
  addEventListener("storage", (event) => event.key === KEY && document.dispatchEvent(new Event("boothkit:errands")));
  addEventListener("online", () => resume(0));
  setInterval(() => resume(ADOPT_MS), ADOPT_MS);
  resume(0);
  const names = () => Object.keys(read()).filter((place) => place.startsWith(mine(""))).map((place) => place.slice(who.length + 1));
  return { begin, state, names };
}
