// Was die Skripte aller Seiten des Teams schreiben; jede Seite hat daneben ihre eigene Wortdatei.

// "keine Lade ist offen" → "Keine Lade ist offen."
export function sentence(text) {
  const rest = text || "";
  return rest.charAt(0).toUpperCase() + rest.slice(1) + (!rest || /[.!?]$/.test(rest) ? "" : ".");
}

export const words = {
  silent: "Box antwortet nicht",
  waiting: (n) => (n === 1 ? "1 wartet" : `${n} warten`),
  refusedCount: (n) => (n === 1 ? "1 abgelehnt" : `${n} abgelehnt`),
  notLive: (since) => `Nicht live: Stand ${since}`,
  stayHere: "Die Box antwortet nicht. Diese Seite bleibt, bis sie es tut; nichts geht verloren.",
  keptAtLogin: (n) => `${n === 1 ? "1 Verkauf wartet" : `${n} Verkäufe warten`} sicher auf diesem Tablet und ${n === 1 ? "geht" : "gehen"} nach dem Entsperren an die Box.`,
  seconds: (n) => `${n} s`,
  span: (seconds) => {
    const h = Math.floor(seconds / 3600);
    const m = Math.floor(seconds / 60) % 60;
    const s = Math.floor(seconds) % 60;
    const parts = h ? [[h, "Std."], [m, "Min."]] : m ? [[m, "Min."]] : [[s, "s"]];
    return parts.filter(([n]) => n || !h).map(([n, unit]) => `${n}\u00a0${unit}`).join("\u00a0");
  },
};
