// What the scripts of the drawer's pages write, in German.

export const words = {
  notAnAmount: (sample) => `Betrag eingeben, etwa ${sample}.`,
  chooseReason: "Einen Grund wählen.",
  pinMissing: "Die Leitung gibt ihre PIN ein.",
  silent: "Box antwortet nicht.",
  full: "Die Karte der Box ist voll. Die Leitung schafft Platz.",
  stay: "Diese Seite bleibt so lange stehen; alles Eingetippte ist aufgehoben.",
  putIn: (amount) => `${amount} einlegen`.trim(),
  takeOut: (amount) => `${amount} entnehmen`.trim(),
  openWith: (amount) => (amount ? `Mit ${amount} öffnen` : "Lade öffnen"),
  keptAt: (time) => `Diese Zahlen sind von ${time}. Seitdem etwas verkauft? Dann neu zählen.`,
  begun: (amount, time) => `Eine Zählung liegt auf diesem Tablet: ${amount}, von ${time}.`,
  waits: {
    open: "Das Öffnen der Lade wartet; es wird einmal gesendet.",
    move: "Einlage oder Entnahme wartet; sie wird einmal gesendet.",
    unlock: "Dann öffnet sich die Lade.",
    count: "Die Zählung wartet; sie wird einmal gesendet.",
    close: "Das Schließen wartet; es gibt genau einen Z-Bericht.",
    x: "Der X-Bericht wartet.",
    reprint: "Die Kopie wartet; es wird eine gedruckt.",
  },
  rests: {
    unlock: "Die Box hat nicht geantwortet. Noch einmal drücken; antwortet sie spät, öffnet sich die Lade einmal.",
    x: "Die Box hat nicht geantwortet. Noch einmal drücken.",
    reprint: "Die Box hat nicht geantwortet. Noch einmal drücken; es wird eine Kopie gedruckt.",
  },
  done: {
    open: "Die Lade ist offen.",
    move: "Einlage oder Entnahme ist aufgezeichnet.",
    unlock: "Das Öffnen ohne Verkauf ist aufgezeichnet.",
    count: "Die Zählung ist aufgezeichnet.",
    close: "Die Lade ist geschlossen; ihr Z-Bericht steht unten.",
    x: "Der X-Bericht wird gedruckt.",
    reprint: "Die Kopie wird gedruckt.",
  },
};
