// What the scripts of every staff screen write; each screen has its own file of words beside this one.

// "no drawer is open" → "No drawer is open."
export function sentence(text) {
  const rest = text || "";
  return rest.charAt(0).toUpperCase() + rest.slice(1) + (!rest || /[.!?]$/.test(rest) ? "" : ".");
}

export const words = {
  silent: "Box not answering",
  waiting: (n) => (n === 1 ? "1 waiting" : `${n} waiting`),
  refusedCount: (n) => (n === 1 ? "1 refused" : `${n} refused`),
  notLive: (since) => `Not live: as of ${since}`,
  stayHere: "The box is not answering. This screen stays here until it does; nothing is lost.",
  keptAtLogin: (n) => `${n === 1 ? "1 sale waits" : `${n} sales wait`} safely on this tablet. They go to the box after you unlock.`,
  seconds: (n) => `${n} s`,
  span: (seconds) => {
    const h = Math.floor(seconds / 3600);
    const m = Math.floor(seconds / 60) % 60;
    const s = Math.floor(seconds) % 60;
    const parts = h ? [[h, "h"], [m, "min"]] : m ? [[m, "min"]] : [[s, "s"]];
    return parts.filter(([n]) => n || !h).map(([n, unit]) => `${n}\u00a0${unit}`).join("\u00a0");
  },
};
