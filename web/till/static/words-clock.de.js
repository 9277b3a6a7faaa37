// Was die Seite der Uhr schreibt.

import { sentence, words as shared } from "./words.js";

const LOCALE = "de-DE";
const DAY_S = 86400;

const write = (ms, zone, parts) => new Intl.DateTimeFormat(LOCALE, { timeZone: zone, ...parts }).format(ms);
const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { weekday: "long", day: "numeric", month: "long", year: "numeric" };

function gap(seconds) {
  const days = Math.floor(seconds / DAY_S);
  if (days >= 731) return `etwa ${Math.round(days / 365.25)} Jahre`;
  return days >= 2 ? `${days} Tage` : shared.span(seconds);
}

export const words = {
  time: (ms, zone) => write(ms, zone, TIME),
  day: (ms, zone) => write(ms, zone, DAY),
  full: (ms, zone) => write(ms, zone, { ...DAY, ...TIME }),
  apart: (seconds) => {
    if (Math.abs(seconds) < 2) return "Beide gehen gleich.";
    return `Die Box geht ${gap(Math.abs(seconds))} ${seconds < 0 ? "nach" : "vor"}.`;
  },
  before: (last, remedy) => `Die Box hat ${last} etwas aufgezeichnet; dahinter geht ihre Uhr nicht zurück. ${remedy}`,
  refused: (problem) => `${sentence(problem?.detail)} ${problem?.remedy || ""}`.trim(),
  silent: "Die Box antwortet nicht. Noch einmal, sobald sie antwortet.",
};
