// What the page of the clock writes.

import { sentence, words as shared } from "./words.js";

const LOCALE = "en-GB";
const DAY_S = 86400;

const write = (ms, zone, parts) => new Intl.DateTimeFormat(LOCALE, { timeZone: zone, ...parts }).format(ms);
const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { weekday: "long", day: "numeric", month: "long", year: "numeric" };

function gap(seconds) {
  const days = Math.floor(seconds / DAY_S);
  if (days >= 731) return `about ${Math.round(days / 365.25)} years`;
  return days >= 2 ? `${days} days` : shared.span(seconds);
}

export const words = {
  time: (ms, zone) => write(ms, zone, TIME),
  day: (ms, zone) => write(ms, zone, DAY),
  full: (ms, zone) => write(ms, zone, { ...DAY, ...TIME }),
  apart: (seconds) => {
    if (Math.abs(seconds) < 2) return "They agree.";
    return `The box is ${gap(Math.abs(seconds))} ${seconds < 0 ? "behind" : "ahead"}.`;
  },
  before: (last, remedy) => `The box recorded something on ${last}; its clock cannot go back behind that. ${remedy}`,
  refused: (problem) => `${sentence(problem?.detail)} ${problem?.remedy || ""}`.trim(),
  silent: "The box does not answer. Try again when it does.",
};
