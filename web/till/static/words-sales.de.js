// Was die Skripte von Verkäufen und Rückgaben schreiben.

export const words = {
  silent: "Die Box antwortet nicht. Noch wurde nichts von ihr verlangt; noch einmal versuchen.",
  sending: "Unterwegs zur Box …",
  pinMissing: "Hier gibt die Leitung ihre PIN ein.",
  changed: "An diesem Verkauf hat sich inzwischen etwas geändert. Hier steht, wie es jetzt ist.",
  uncertain: "Noch ist nicht sicher, ob Geld aus einem Verkauf zurückgegeben wurde.",
  askAgain: "Die Box noch einmal fragen",
};
