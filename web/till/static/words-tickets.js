// What the script of the Tickets page writes.

export const words = {
  number: (n) => n.toLocaleString("en"),
  roles: {
    code: "The ticket’s code",
    holder: "The guest’s name",
    order: "The order",
    product: "The kind of ticket",
    session: "The session",
    status: "Paid or cancelled",
    note: "A note for the door",
    includes: "What else it buys",
  },
  unused: "Not used",
  isThe: "This column is",
  firstRows: "In the first rows:",
  empty: "empty",
  about: (name, rows, encoding, delimiter) =>
    `${name} has ${rows === 1 ? "1 row" : `${rows.toLocaleString("en")} rows`}. Its letters are written as ${encoding}, ` +
    `its columns are separated by ${words.delimiters[delimiter] || `“${delimiter}”`}. ` +
    "Look whether the box took each column for the right thing.",
  delimiters: { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright strokes" },
  take: (n) => (n === 1 ? "Take 1 ticket" : `Take ${n.toLocaleString("en")} tickets`),
  noCode: "Say which column is the ticket’s code: what its QR code or barcode says.",
  twice: (role, names) => `${role}: ${names.join(" and ")} cannot both be it. Choose one, and set the other to “Not used”.`,
  listName: "Give the new list a name.",
  listRule: "A name has at most 40 small letters, digits and dashes, such as friday-night.",
  listThere: "There is a list of this name already: choose it above.",
  tooLarge: "This file is too large. Split it, and import the parts one after the other.",
  notRead: "The file did not reach the box, or has changed since it was chosen. Choose it again; nothing was imported.",
  silent: "The box is not answering. It goes on by itself when it does; nothing is doubled.",
  running: "Sales go on meanwhile. This page may be left open or loaded again.",
  count: (n, of) => `${n.toLocaleString("en")} of ${of.toLocaleString("en")}`,
  gone: (n) =>
    "The box no longer has this file: it restarted, or a quarter of an hour has passed. " +
    `${n ? "What was taken so far is on the list. " : ""}Choose the file again; nothing is doubled.`,
  left: (name, n, of, list) =>
    `${n.toLocaleString("en")} of ${of.toLocaleString("en")} rows of ${name} are on the list ${list}. Go on, and nothing is doubled.`,
  onList: (list) => `List ${list}`,
  taken: (n) => (n === 1 ? "1 new ticket" : `${n.toLocaleString("en")} new tickets`),
  imported: "New on the list",
  known: "Were on it already",
  changed: "Of these, changed",
  leftOut: "Rows left out",
  faults: (n) => (n === 1 ? "1 row was left out" : `${n.toLocaleString("en")} rows were left out`),
  line: (n) => `Line\u00a0${n.toLocaleString("en")}`,
  why: "What is wrong",
  remedy: "What to do",
  more: (n) => (n === 1 ? "And 1 more row." : `And ${n.toLocaleString("en")} more rows.`),
};
