// What the page writes on which a camera's lines are laid.

import { sentence } from "./words.js";

export const words = {
  in: "in",
  out: "out",
  line: "line",
  zone: "zone",
  firstLine: "entrance",
  lineName: "line",
  firstZone: "hall",
  zoneName: "zone",
  corner: (n) => `Corner ${n}`,
  handle: (place, item, x, y) => `${place} of ${item}: ${x} % across, ${y} % down. Arrow keys move it.`,
  places: "Each place wants two numbers from 0 to 100.",
  refused: (problem) => (problem ? `${sentence(problem.detail)} ${problem.remedy || ""}`.trim() : ""),
  silent: "The box does not answer. Try again when it does.",
};
