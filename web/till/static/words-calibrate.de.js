// Was die Seite schreibt, auf der die Linien einer Kamera gelegt werden.

import { sentence } from "./words.js";

export const words = {
  in: "rein",
  out: "raus",
  line: "Linie",
  zone: "Zone",
  firstLine: "eingang",
  lineName: "linie",
  firstZone: "saal",
  zoneName: "zone",
  corner: (n) => `Ecke ${n}`,
  handle: (place, item, x, y) => `${place} von ${item}: ${x} % von links, ${y} % von oben. Pfeiltasten bewegen den Griff.`,
  places: "Jeder Ort braucht zwei Zahlen von 0 bis 100.",
  refused: (problem) => (problem ? `${sentence(problem.detail)} ${problem.remedy || ""}`.trim() : ""),
  silent: "Die Box antwortet nicht. Noch einmal, sobald sie antwortet.",
};
