// What the script of the Tickets page writes.

export const words = {
  number: (n) => n.toLocaleString("de"),
  roles: {
    code: "Der Code des Tickets",
    holder: "Der Name des Gastes",
    order: "Die Bestellung",
    product: "Die Art des Tickets",
    session: "Der Termin",
    status: "Bezahlt oder storniert",
    note: "Eine Notiz für den Einlass",
    includes: "Was noch dazugehört",
  },
  unused: "Nicht verwendet",
  isThe: "Diese Spalte ist",
  firstRows: "In den ersten Zeilen:",
  empty: "leer",
  about: (name, rows, encoding, delimiter) =>
    `${name} hat ${rows === 1 ? "1 Zeile" : `${rows.toLocaleString("de")} Zeilen`}. Die Buchstaben sind als ${encoding} geschrieben, ` +
    `die Spalten durch ${words.delimiters[delimiter] || `„${delimiter}“`} getrennt. ` +
    "Nachsehen, ob die Box jede Spalte richtig verstanden hat.",
  delimiters: { ",": "Kommas", ";": "Semikolons", "\t": "Tabulatoren", "|": "senkrechte Striche" },
  take: (n) => (n === 1 ? "1 Ticket übernehmen" : `${n.toLocaleString("de")} Tickets übernehmen`),
  noCode: "Angeben, welche Spalte der Code des Tickets ist: was sein QR-Code oder Strichcode enthält.",
  twice: (role, names) => `${role}: ${names.join(" und ")} können es nicht beide sein. Eine wählen, die andere auf „Nicht verwendet“ stellen.`,
  listName: "Der neuen Liste einen Namen geben.",
  listRule: "Ein Name hat höchstens 40 Kleinbuchstaben, Ziffern und Striche, etwa friday-night.",
  listThere: "Eine Liste dieses Namens gibt es schon: oben auswählen.",
  tooLarge: "Diese Datei ist zu groß. Aufteilen und die Teile nacheinander einlesen.",
  notRead: "Die Datei kam nicht bei der Box an oder hat sich seit der Auswahl geändert. Noch einmal auswählen; nichts wurde eingelesen.",
  silent: "Die Box antwortet nicht. Es geht von selbst weiter, sobald sie es tut; nichts kommt doppelt.",
  running: "Verkäufe gehen währenddessen weiter. Diese Seite darf offen bleiben oder neu geladen werden.",
  count: (n, of) => `${n.toLocaleString("de")} von ${of.toLocaleString("de")}`,
  gone: (n) =>
    "Die Box hat diese Datei nicht mehr: sie wurde neu gestartet, oder eine Viertelstunde ist vergangen. " +
    `${n ? "Was bis dahin übernommen wurde, steht auf der Liste. " : ""}Die Datei noch einmal auswählen; nichts kommt doppelt.`,
  left: (name, n, of, list) =>
    `${n.toLocaleString("de")} von ${of.toLocaleString("de")} Zeilen aus ${name} stehen auf der Liste ${list}. Weitermachen; nichts kommt doppelt.`,
  onList: (list) => `Liste ${list}`,
  taken: (n) => (n === 1 ? "1 neues Ticket" : `${n.toLocaleString("de")} neue Tickets`),
  imported: "Neu auf der Liste",
  known: "Standen schon darauf",
  changed: "Davon geändert",
  leftOut: "Ausgelassene Zeilen",
  faults: (n) => (n === 1 ? "1 Zeile wurde ausgelassen" : `${n.toLocaleString("de")} Zeilen wurden ausgelassen`),
  line: (n) => `Zeile\u00a0${n.toLocaleString("de")}`,
  why: "Was nicht stimmt",
  remedy: "Was zu tun ist",
  more: (n) => (n === 1 ? "Und 1 weitere Zeile." : `Und ${n.toLocaleString("de")} weitere Zeilen.`),
};
