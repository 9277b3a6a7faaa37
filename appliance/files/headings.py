"""What the words of ticket shops' exports mean: headings and states in en, de, fr, es, it, nl."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, Literal, get_args

Role = Literal["code", "holder", "order", "product", "session", "status", "note", "includes"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Columns = dict[Role, tuple[str, ...]]
"""Headings by role. holder may have several ("First name", "Last name"), includes too; the others have one."""
Status = Literal["paid", "pending", "cancelled"]
Row = Sequence[str]

EDGES = "\0\ufeff\u200b\u200e\u200f\u2060" + "".join(
    chr(c) for c in range(0x3001) if chr(c).isspace() and not 0x1C <= c <= 0x1F
)
"""White space of every kind, and what does not print but comes along when text is copied."""


def _list(text: str) -> tuple[str, ...]:
    """What stands between commas; what follows a # is said to the reader: the shop that writes the heading so."""
    return tuple(" ".join(part.split()) for part in re.sub("#.*", "", text).split(",") if part.strip())


# Headings as `key_of` leaves them: lower case, no accents, no punctuation; "#", "No.", "Nummer", "n°" are "nr".
# Within a role the first that a file has is taken, so what is surer stands first.
CODE = _list(
    """
    ticket secret, secret,                                              # pretix
    barcode nr,                                                         # Eventbrite
    barcode, bar code, ticket barcode, barcodes, qr code, qrcode, qr, ticket qr code, qr code text, barcode text,
    strichcode, qr code inhalt, code barres, code barre, code a barres, code qr, codigo de barras, codigo qr,
    codice a barre, codice qr, streepjescode,
    ticket code, ticketcode, scan code, check in code, checkin code, entry code, admission code, access code,
    eintrittscode, einlasscode, code d acces, code billet, code du billet, codigo de entrada, codigo de acceso,
    codice biglietto, codice di accesso, toegangscode, kaartcode,
    security code,                                                      # Event Tickets (WordPress)
    unique code, code, codigo, codice,
    ticket reference,                                                   # Tito
    ticket nr, ticket id, ticketnr, ticketnummer, ticketid, kartennummer, eintrittskartennummer, nr de billet,
    nr du billet, nr billet, nr de ticket, id billet, nr de entrada, nr entrada, id de entrada, nr biglietto,
    nr di biglietto, nr del biglietto, id biglietto, kaartnummer, e ticket nr
"""
)
CODE_PARTS = frozenset(("barcode", "barcodes", "qr", "qrcode", "strichcode", "streepjescode"))
WEAK_CODE = _list(
    """
    attendee nr,                                                        # Eventbrite, without its barcodes
    voucher code,                                                       # Cooltix
    ticket, billet, biglietto, entrada, kaart, eintrittskarte, reference, nr, id, guid, uuid, token, hash
"""
)
"""Taken for the code only when the cells look like codes: elsewhere these are kinds of tickets, or row numbers."""
HOLDER = tuple(
    tuple(part.split(" + "))
    for part in _list(
        """
    attendee name + attendee last name,                                 # FooEvents
    attendee name, attendee first name + attendee last name, ticket full name,      # pretix; –; Tito
    ticket first name + ticket last name, ticket holder name, ticket holder, holder name, holder, name on ticket,
    guest name, participant name, visitor name, teilnehmername, name des teilnehmers, ticketinhaber, karteninhaber,
    inhaber, nom du participant, titulaire, nombre del asistente, titular, nome partecipante, intestatario, titolare,
    naam deelnemer, tickethouder, naam bezoeker,
    first name + last name, firstname + lastname, first name + surname, given name + family name, forename + surname,
    vorname + nachname, vorname + name, vorname + familienname, prenom + nom, prenom + nom de famille,
    nombre + apellidos, nombre + apellido, nome + cognome, voornaam + achternaam, voornaam + naam,
    full name, fullname, name surname, name vorname, nachname vorname, attendee, guest, participant, visitor,
    vollstandiger name, vor und nachname, teilnehmer, gast, besucher, nom complet, nom et prenom, nom prenom,
    nombre completo, nombre y apellidos, asistente, participante, nome completo, nome e cognome, cognome e nome,
    nominativo, partecipante, volledige naam, deelnemer, bezoeker, name, nom, nombre, nome, naam,
    buyer first name + buyer last name, buyer name, buyer, purchaser first name + purchaser last name, purchaser name,
    first name, last name, vorname, nachname, prenom, apellidos, cognome, voornaam, achternaam,
    billing first name + billing last name, customer name, customer, order name, contact name,
    kaufer, kaufername, besteller, kunde, kundenname, acheteur, nom de l acheteur, client, comprador, cliente,
    acquirente, koper, klant
"""
    )
)
ONE: Final[dict[Role, tuple[str, ...]]] = {
    "order": _list("""
        order code, order nr, order id, order reference, order, ordernumber, orderid, booking reference, booking nr,
        booking id, booking code, booking, transaction id, reservation nr, reservation,
        bestellnummer, bestellnr, bestell nr, bestellcode, bestellung, auftragsnummer, auftrags nr, auftrag,
        buchungsnummer, buchungs nr, buchungscode, buchung, vorgangsnummer, reservierungsnummer,
        nr de commande, nr commande, id commande, reference de commande, reference commande, commande,
        nr de reservation, nr de pedido, nr pedido, id de pedido, id pedido, pedido, nr de orden, orden, localizador,
        nr de reserva, reserva, nr ordine, nr d ordine, nr di ordine, id ordine, codice ordine, ordine,
        nr prenotazione, prenotazione, bestelnummer, ordernummer, bestelling, boekingsnummer, reserveringsnummer
    """),
    "product": _list("""
        ticket type, ticket type name, type of ticket, product, product name, ticket name, ticket class,
        ticket category, price category, item, item name, type name, admission type, ticketart, tickettyp, ticket art,
        ticket typ, kartenart, kartentyp, ticketkategorie, preiskategorie, produkt, produktname, artikel, kategorie,
        type de billet, type de ticket, nom du tarif, tarif, produit, categorie, formule, billet,
        tipo de entrada, tipo de ticket, tipo de boleto, producto, tarifa, categoria, entrada,
        tipo di biglietto, tipo biglietto, tipologia biglietto, tipologia, tariffa, prodotto, biglietto,
        tickettype, ticketsoort, soort ticket, kaartsoort, kaarttype, ticket, category, type, tipo, soort
    """),
    "session": _list("""
        session, session name, time slot, timeslot, slot, showtime, performance, performance date, event date,
        date attending, occasion start date, start date, event start, zeitfenster, einlasszeit, vorstellung, termin,
        veranstaltungsdatum, seance, date de la seance, creneau, creneau horaire, representation,
        date de l evenement, sesion, franja horaria, funcion, fecha del evento, sessione, turno, fascia oraria,
        spettacolo, data evento, data dell evento, sessie, tijdslot, tijdvak, voorstelling, datum evenement
    """),
    "status": _list("""
        attendee status, ticket status, void status, ticket invalidated, admission status, registration status, paid,
        payment status, order status, status, state, ticketstatus, bezahlt, zahlungsstatus, bestellstatus, storniert,
        zustand, statut du billet, statut, etat, paye, payee, statut du paiement, statut de la commande,
        statut commande, annule, estado de la entrada, estado, estatus, pagado, estado del pago, estado del pedido,
        anulado, stato del biglietto, stato biglietto, stato, pagato, stato pagamento, stato ordine,
        stato dell ordine, annullato, betaald, betaalstatus, bestelstatus, orderstatus, geannuleerd, cancelled,
        canceled, void, refunded
    """),
    "note": _list("""
        note, notes, internal note, internal notes, comment, comments, order comment, remark, remarks, notiz, notizen,
        kommentar, bemerkung, bemerkungen, anmerkung, anmerkungen, hinweis, hinweise, commentaire, commentaires,
        remarque, remarques, nota, notas, comentario, comentarios, observaciones, commento, commenti, osservazioni,
        annotazioni, opmerking, opmerkingen, notitie, notities
    """),
}
INCLUDES = frozenset(
    _list("""
    includes, included, add on, add ons, addon, addons, extra, extras, options, inklusive, enthalten, zusatz,
    zusatze, zusatzleistungen, optionen, inclus, supplement, supplements, option, complementos, incluye, incluido,
    opciones, include, incluso, supplementi, opzioni, inclusief, opties
""")
)
OTHER = frozenset(
    _list("""
    email, e mail, email address, e mail address, mail, attendee email, ticket email, order email, e mail adresse,
    adresse e mail, courriel, correo, correo electronico, indirizzo email, e mailadres, phone, phone nr, cell phone,
    mobile, telephone, telefon, telefonnummer, telefono, telefoon, mobil, company, organisation, organization, firma,
    societe, empresa, azienda, bedrijf, price, total, amount, total paid, ticket price, currency, fee, fees, preis,
    betrag, prix, montant, precio, importe, prezzo, prijs, bedrag, date, time, order date, order time, created at,
    purchase date, datum, uhrzeit, bestelldatum, kaufdatum, date de commande, date d achat, fecha, fecha de compra,
    data, data acquisto, quantity, qty, menge, anzahl, quantite, cantidad, quantita, aantal, address, adresse,
    city, stadt, ort, ville, ciudad, citta, plaats, zip, zip code, postal code, postcode, plz, code postal,
    codigo postal, cap, country, land, pays, pais, paese, seat, seat id, seat name, seat nr, seat row, seat zone,
    row, section, sitzplatz, reihe, place, rang, asiento, fila, posto, stoel, rij, event, event name, event slug,
    event id, veranstaltung, evenement, evento, event nr, checked in, check in, checked out, eingecheckt, list,
    position id, pseudonymization id, item id, product id, user id, customer id, payment id, vat id, invoice nr,
    rechnungsnummer, unique ticket url, unique order url, url, variation, payment method, zahlungsart, tax rate
""")
)
"""Known, and none of ours: they tell that a line has headings, and are never guessed from their cells."""
_NUMBER = frozenset(("number", "no", "num", "nummer", "numero", "numer", "n", "nbr", "nro"))
KNOWN = frozenset(
    (
        *CODE,
        *WEAK_CODE,
        *(part for parts in HOLDER for part in parts),
        *(w for words in ONE.values() for w in words),
    )
) | (INCLUDES | OTHER)

# States as `plain` leaves them.
STATES: Final[dict[Status, tuple[str, ...]]] = {
    "paid": _list("""
        paid, valid, complete, completed, confirmed, active, approved, success, successful, succeeded, sold, issued,
        placed, free, complimentary, ok,
        attending, checked in, not checked in,                          # Eventbrite, FooEvents
        processing,                                                     # WooCommerce: paid, not yet sent
        bezahlt, gultig, gueltig, abgeschlossen, fertiggestellt, bestatigt, bestaetigt, aktiv, erfolgreich, verkauft,
        kostenlos, eingecheckt, nicht eingecheckt, paye, payee, valide, validee, termine, terminee, confirme,
        confirmee, actif, vendu, gratuit, pagado, pagada, valido, valida, completado, completada, confirmado,
        confirmada, activo, activa, vendido, vendida, gratis, pagato, pagata, completato, completata, confermato,
        confermata, attivo, attiva, venduto, gratuito, betaald, geldig, voltooid, afgerond, bevestigd, actief, verkocht
    """),
    "pending": _list("""
        pending, unpaid, not paid, open, awaiting, awaiting payment, waiting, waiting for payment, pending payment,
        payment pending, outstanding, due, overdue, on hold, reserved, partially paid, draft,
        offline,                                                        # Eventbrite: to be paid at the door
        pending overdue, approval pending,                              # pretix
        offen, ausstehend, zahlung ausstehend, unbezahlt, nicht bezahlt, wartend, warten auf zahlung, in wartestellung,
        uberfallig, ueberfaellig, teilbezahlt, reserviert, en attente, en attente de paiement, impaye, impayee,
        non paye, non payee, ouvert, reserve, reservee, pendiente, pendiente de pago, impagado, impagada, no pagado,
        no pagada, en espera, abierto, reservado, reservada, in attesa, in attesa di pagamento, in sospeso, sospeso,
        non pagato, non pagata, aperto, riservato, prenotato, openstaand, onbetaald, niet betaald, in afwachting,
        wacht op betaling, wachtend op betaling, in de wacht, gereserveerd
    """),
    "cancelled": _list("""
        cancelled, canceled, refunded, refunded canceled, refunded cancelled, void, voided, invalid, invalidated,
        expired, failed, deleted, abandoned, declined, denied, rejected, revoked, blocked, charged back, chargeback,
        not attending,                                                  # Eventbrite
        storniert, erstattet, zuruckerstattet, zurueckerstattet, ruckerstattet, rueckerstattet, ungultig, ungueltig,
        abgelaufen, abgebrochen, abgesagt, fehlgeschlagen, geloscht, geloescht, gesperrt, annulliert, widerrufen,
        annule, annulee, rembourse, remboursee, expire, expiree, invalide, echoue, echouee, echec, supprime, supprimee,
        refuse, refusee, cancelado, cancelada, anulado, anulada, reembolsado, reembolsada, devuelto, devuelta,
        caducado, caducada, fallido, fallida, invalido, invalida, no valido, rechazado, rechazada, annullato,
        annullata, cancellato, cancellata, rimborsato, rimborsata, scaduto, scaduta, fallito, fallita, non valido,
        non valida, rifiutato, rifiutata, geannuleerd, terugbetaald, ongeldig, verlopen, mislukt, verwijderd,
        geweigerd, ingetrokken
    """),
}
_STATE: Final[dict[str, Status]] = {word: state for state, words in STATES.items() for word in words}
USUAL: Final[dict[Status, str]] = {
    "paid": "paid, valid, completed, bezahlt, gültig, payé, validé, pagado, válido, pagato, valido, betaald, geldig",
    "pending": "pending, unpaid, open, offen, ausstehend, unbezahlt, en attente, impayé, pendiente, impagado, "
    "in attesa, non pagato, openstaand, onbetaald",
    "cancelled": "cancelled, refunded, void, expired, storniert, erstattet, ungültig, annulé, remboursé, cancelado, "
    "anulado, reembolsado, annullato, rimborsato, geannuleerd, terugbetaald",
}
"""For a person who has to write one."""
_YES = frozenset(_list("yes, y, true, 1, x, ja, j, wahr, oui, o, vrai, si, s, verdadero, vero, waar"))
_NO = frozenset(("", *_list("no, n, false, 0, nein, falsch, non, faux, falso, nee, onwaar")))
_ANSWERS = _YES | _NO
_PAID = frozenset(_list("paid, is paid, bezahlt, paye, payee, pagado, pagato, betaald"))
_CANCELLED = frozenset(
    _list("""
    cancelled, canceled, void, voided, refunded, invalidated, ticket invalidated, storniert, annule, cancelado, anulado,
    annullato, geannuleerd,
    void status                                                         # Tito
""")
)
"""Headings that ask a question: yes and no are answers below them, and nothing is a no."""

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile("(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TICKS = str.maketrans({"✓": "x", "✔": "x", "☑": "x"})
_SPOILED = re.compile(r"\d(?:[.,]\d+)?[Ee]\+\d{1,3}")
_LONGEST_KEY = 60


def plain(text: str) -> str:
    """The words of a text without case, accents and punctuation."""
    spelled = text.casefold()
    if not spelled.isascii():
        apart = unicodedata.normalize("NFKD", spelled.translate(_TICKS))
        spelled = "".join(char for char in apart if not unicodedata.combining(char))
    return " ".join(_WORD.findall(spelled))


def key_of(heading: str) -> str:
    """A heading as the tables have it: "TicketID" is "ticket id", "Order #" is "order nr"."""
    if len(heading) > _LONGEST_KEY:
        return ""
    words = plain(_CAMEL.sub(" ", heading.replace("#", " nr ").replace("№", " nr "))).split()
    return " ".join("nr" if word in _NUMBER else word for word in words)


def spoiled(code: str) -> bool:
    """Whether a spreadsheet took a long number for a quantity and kept its first digits only: 1.23457E+12."""
    return _SPOILED.fullmatch(code) is not None


def yes_or_no(cell: str) -> bool | None:
    """None: neither."""
    word = plain(cell)
    return True if word in _YES else False if word in _NO else None


def state(cell: str, heading: str) -> Status | None:
    """What a cell below this heading says of a ticket; nothing said is paid. None: the word is not known."""
    word = plain(cell).removeprefix("wc ")  # WooCommerce's own names of its states: wc-completed
    if not word and cell.strip(" -–—"):
        return None
    key = key_of(heading)
    if key in _PAID and word in _ANSWERS:
        return "paid" if word in _YES else "pending"
    if key in _CANCELLED and word in _ANSWERS:
        return "cancelled" if word in _YES else "paid"
    return _STATE.get(word) if word else "paid"


def known(row: Row, others: Sequence[Row] = ()) -> int:
    """How many cells of a row are headings of shops, and are not said again below in ``others``, as a cell would be,
    unless all of the row is said again."""
    keys = [key_of(cell) for cell in row]
    others = [other for other in others if other != row]
    found = [
        key
        for place, key in enumerate(keys)
        if key in KNOWN and not any(place < len(other) and other[place] == row[place] for other in others)
    ]
    return 0 if all(key in _STATE for key in found) else len(found)


def heading_row(rows: Sequence[Row]) -> int | None:
    """Which of a file's first rows, none of them empty, has the headings; None: none has."""
    hits = [known(row, rows[place + 1 :]) for place, row in enumerate(rows)]
    best = max(hits)
    if best:
        place = next(place for place, count in enumerate(hits) if 2 * count >= best)
        # One word alone may be a cell: "Guest" in a list without headings.
        return place if best > 1 or not _like_below(rows[place], rows[place + 1 :]) else None
    filled = [sum(1 for cell in row if cell.strip(EDGES)) for row in rows]
    place = next(place for place, count in enumerate(filled) if 3 * count > 2 * max(filled))
    row, below = rows[place], rows[place + 1 :]
    if any(has_digit(cell) or "@" in cell or not cell.strip(EDGES) for cell in row):
        return None
    return place if any(_digits_below(column, below) for column in range(len(row))) else None


def _like_below(row: Row, below: Sequence[Row]) -> bool:
    """Whether a cell has digits as those below it have."""
    return any(has_digit(cell) and _digits_below(place, below) for place, cell in enumerate(row))


def _digits_below(place: int, below: Sequence[Row]) -> bool:
    told = [has_digit(row[place]) for row in below if place < len(row)]
    return 5 * sum(told) >= 4 * len(told) > 0


def has_digit(cell: str) -> bool:
    return any(char.isdigit() for char in cell)
