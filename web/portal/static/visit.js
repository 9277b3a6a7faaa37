// For how long this page is looked at; docs/privacy.md says what becomes of it. Nothing is kept in the browser.
"use strict";
(() => {
  const BEAT = 20, AWAY = 60, IDLE = 120, LONGEST = 1800;
  const { page } = document.currentScript.dataset, now = () => performance.now() / 1000;
  let id, seen, last, left, timer, touched = now();
  function say() {
    try {
      navigator.sendBeacon("/visit", `${id} ${page} ${Math.floor(seen)}`);
    } catch {
      // a browser that cannot say it is not counted
    }
  }
  function rest() {
    if (last === undefined) return;
    const gap = now() - last;
    seen = Math.min(LONGEST, seen + (gap < 2 * BEAT ? gap : BEAT)); // it slept: until when, nobody knows
    clearTimeout(timer);
    last = undefined;
    left = now();
    say();
  }
  function look() {
    if (document.visibilityState !== "visible" || last !== undefined) return;
    if (!id || now() - left > AWAY) {
      id = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
      seen = 0;
      say();
    }
    last = now();
    timer = setTimeout(beat, BEAT * 1000);
  }
  function beat() {
    rest();
    if (now() - touched < IDLE && seen < LONGEST) look();
  }
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? look() : rest()));
  addEventListener("pagehide", rest);
  for (const name of ["pageshow", "pointerdown", "keydown", "scroll"]) {
    addEventListener(name, () => {
      touched = now();
      if (id && seen < LONGEST) look();
    }, { passive: true });
  }
  look();
})();
