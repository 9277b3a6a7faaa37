"""Every place where a person can type into the product, and what may become of it.

The one table of free text and personal data. ``test_inventory`` compares it with the code: a command, an endpoint, an
argument or a key of the configuration that takes text and is not here fails. ``test_canaries`` puts a canary into every
place that is not public, and looks for it everywhere.
"""

from enum import StrEnum


class Kind(StrEnum):
    """What may become of a text."""

    PERSONAL = "personal"
    """About a person: in people.db (staff: secrets.db), and nowhere else."""
    FREE = "free"
    """Anything at all: nowhere."""
    SECRET = "secret"
    """Proves who somebody is: nowhere in clear but where its owner put it."""
    LABEL = "label"
    """A short name that is recorded by design. What is more than a name (a sentence, an address) is refused, and is
    nowhere."""
    PUBLIC = "public"
    """Business data: on paper, at central and in exports by design."""
    MACHINE = "machine"
    """Worded or minted by a program; nobody types it."""


Row = tuple[Kind, str]
"""The kind, and why."""

COMMANDS: dict[str, Row] = {
    "catalogue.import.items.sku": (Kind.PUBLIC, "the shop's number of an item, at most 40 letters, digits, dots"),
    "catalogue.import.items.name": (Kind.PUBLIC, "what guests buy: on tiles, receipts, the portal"),
    "catalogue.import.items.vat": (Kind.PUBLIC, "a rate; other text is refused"),
    "catalogue.import.items.category": (Kind.PUBLIC, "how the tiles are sorted"),
    "catalogue.import.items.maker": (Kind.PUBLIC, "whose work is sold: settled with at central"),
    "catalogue.import.items.ticket": (
        Kind.PUBLIC,
        "the list that its tickets are for, on paper; no list's name is refused",
    ),
    "catalogue.import.items.lot": (Kind.PUBLIC, "the maker's lot number, for recalls"),
    "crossings.count.line": (Kind.MACHINE, "the counter's name in the configuration"),
    "device.report.device": (Kind.MACHINE, "the device's name in the configuration"),
    "device.report.kind": (Kind.MACHINE, "the device's kind"),
    "device.report.reason": (Kind.MACHINE, "worded by drivers"),
    "device.adopt.device": (Kind.MACHINE, "a device's name: lower case, digits and dashes; other text is refused"),
    "device.adopt.uri": (Kind.MACHINE, "one that the box found itself; the page takes no other"),
    "device.drop.device": (Kind.MACHINE, "a device's name; other text is refused"),
    "device.learn.device": (Kind.MACHINE, "a device's name; other text is refused"),
    "event.plan.closes": (Kind.MACHINE, "a time; other text is refused"),
    "event.create.name": (Kind.PUBLIC, "what guests call the event"),
    "event.create.currency": (Kind.PUBLIC, "three capitals; other text is refused"),
    "event.create.timezone": (Kind.PUBLIC, "an IANA name; other text is refused"),
    "event.create.area_m2": (Kind.PUBLIC, "a decimal; other text is refused"),
    "kit.begin.presses.button": (Kind.MACHINE, "a button's name in the configuration"),
    "kit.ask.kit": (Kind.MACHINE, "the identity of a check"),
    "kit.ask.device": (Kind.MACHINE, "a device's name"),
    "kit.check.kit": (Kind.MACHINE, "the identity of a check"),
    "kit.check.device": (Kind.MACHINE, "a device's name"),
    "kit.scan.code": (Kind.MACHINE, "drawn by the box; any other is answered and kept nowhere"),
    "kit.scan.gate": (Kind.MACHINE, "the scanner's name in the configuration"),
    "kit.finish.kit": (Kind.MACHINE, "the identity of a check"),
    "kit.finish.devices": (Kind.MACHINE, "names of devices"),
    "kit.sheet.kit": (Kind.MACHINE, "the identity of a check"),
    "gate.define.gate": (Kind.LABEL, "a door's name"),
    "gate.define.lists": (Kind.LABEL, "check-in lists"),
    "list.define.list": (Kind.LABEL, "a check-in list"),
    "list.define.products": (Kind.PUBLIC, "what the shop calls its tickets"),
    "list.define.sessions": (Kind.PUBLIC, "what the shop calls its sessions"),
    "list.define.questions.text": (Kind.PUBLIC, "what every guest of the list is asked"),
    "power.change_level.shed": (Kind.MACHINE, "names of steps"),
    "power.change_step.step": (Kind.MACHINE, "the name of a step"),
    "power.veto.step": (Kind.MACHINE, "the name of a step; another is refused"),
    "receipt.reprint.sale": (Kind.MACHINE, "the identity of a sale"),
    "receipt.reprint.printer": (Kind.MACHINE, "the printer's name in the configuration; another is refused"),
    "receipt.settle.sale": (Kind.MACHINE, "the identity of a sale"),
    "slip.report.slip": (Kind.MACHINE, "the identity of a slip"),
    "slip.report.printer": (Kind.MACHINE, "the printer's name in the configuration"),
    "receipt.report.sale": (Kind.MACHINE, "the identity of a sale"),
    "receipt.report.printer": (Kind.MACHINE, "the printer's name in the configuration"),
    "sale.complete.lines.sku": (Kind.LABEL, "one of the catalogue's; what is not in the catalogue is refused"),
    "sale.complete.tenders.reference": (Kind.LABEL, "typed from the card slip, recorded for settling"),
    "admission.undo.scan": (Kind.MACHINE, "the identity of a scan"),
    "ticket.admit.code": (Kind.PERSONAL, "as ticket.scan.code"),
    "ticket.admit.ticket": (Kind.MACHINE, "the id of a ticket that was found by name"),
    "ticket.admit.list": (Kind.LABEL, "a check-in list"),
    "ticket.admit.gate": (Kind.LABEL, "a door's name"),
    "ticket.admit.answers.NAME": (Kind.FREE, "the name of a question; any other is ignored"),
    "ticket.admit.answers": (Kind.PERSONAL, "what a guest says; the names of questions are the box's"),
    "ticket.admit.by": (Kind.MACHINE, "the random id of a lead"),
    "ticket.admit.reason": (Kind.PERSONAL, "why the lead lets somebody in"),
    "ticket.print.ticket": (Kind.MACHINE, "the id of a ticket"),
    "ticket.print.printer": (Kind.MACHINE, "the printer's name in the configuration; another is refused"),
    "ticket.scan.code": (
        Kind.PERSONAL,
        "whoever has the code is let in as its holder; its HMAC or token id is recorded",
    ),
    "ticket.scan.list": (Kind.LABEL, "a check-in list"),
    "ticket.scan.gate": (Kind.LABEL, "the door's name, typed on the door's page"),
    "ticket.scan.answers.NAME": (Kind.FREE, "the name of a question; any other is ignored"),
    "ticket.scan.answers": (Kind.PERSONAL, "what a guest says; the names of questions are the box's"),
    "tickets.import.list": (Kind.LABEL, "a check-in list"),
    "tickets.import.import": (Kind.MACHINE, "the identity of an import"),
    "tickets.import.tickets.code": (Kind.PERSONAL, "as ticket.scan.code"),
    "tickets.import.tickets.holder": (Kind.PERSONAL, "who holds the ticket"),
    "tickets.import.tickets.order": (Kind.PERSONAL, "leads to a person in the shop's books"),
    "tickets.import.tickets.note": (Kind.PERSONAL, "what the shop says of a guest"),
    "tickets.import.tickets.includes": (Kind.PERSONAL, "what else a guest bought"),
    "tickets.import.tickets.product": (Kind.PUBLIC, "what the shop calls the ticket"),
    "tickets.import.tickets.session": (Kind.PUBLIC, "what the shop calls the session"),
    "tickets.issue.list": (Kind.LABEL, "a check-in list"),
    "tickets.issue.tickets.ticket": (Kind.MACHINE, "the token's id"),
    "tickets.issue.tickets.holder": (Kind.PERSONAL, "who holds the ticket"),
    "tickets.issue.tickets.order": (Kind.PERSONAL, "leads to a person in the shop's books"),
    "tickets.issue.tickets.note": (Kind.PERSONAL, "what the shop says of a guest"),
    "tickets.issue.tickets.includes": (Kind.PERSONAL, "what else a guest bought"),
    "tickets.issue.tickets.product": (Kind.PUBLIC, "what the ticket is called"),
    "tickets.issue.tickets.session": (Kind.PUBLIC, "what the session is called"),
    "tickets.mark.tickets": (Kind.MACHINE, "ids or HMACs of tickets, never their codes"),
    "tickets.mark.codes": (Kind.PERSONAL, "as ticket.scan.code"),
}
"""Texts in the data of commands, whoever sends them."""

FRAMES: dict[str, Row] = {
    "recorder frame": (Kind.FREE, "what no command is made of: unknown commands, keys and actors, no JSON at all"),
    "recorder id": (Kind.MACHINE, "minted by whoever starts a command (Idempotency-Key over HTTP); part of every fact"),
    "recorder actor": (Kind.MACHINE, "a role and a random id; names are in secrets.db"),
    "steward frame": (Kind.FREE, "what no verb is made of"),
}
"""Texts in frames on the box's own sockets, beside the data of commands and verbs."""

VERBS: dict[str, Row] = {
    "AdmitGuest.mac": (Kind.PERSONAL, "a guest's device"),
    "ApplyUpdate.name": (Kind.LABEL, "an update in DATA/updates"),
}
"""Texts in what the steward is asked for."""

ENDPOINTS: dict[str, str] = {
    "till GET /": "",
    "till GET /api/v1/catalogue": "",
    "till POST /api/v1/drawer/open": "",
    "till GET /api/v1/facts": "after, limit: numbers",
    "till GET /api/v1/follow": "after: a number",
    "till GET /api/v1/kpis": "",
    "till POST /api/v1/login": "the PIN",
    "till POST /api/v1/logout": "",
    "till GET /api/v1/openapi.json": "",
    "till POST /api/v1/sales": "sale.complete",
    "till GET /api/v1/kit": "",
    "till POST /api/v1/kit/{verb}": "kit.begin, ask, check, finish, sheet",
    "till POST /api/v1/devices/{name}/adopt": "a device that was found",
    "till POST /api/v1/devices/{name}/drop": "an adopted device",
    "till GET /api/v1/receipts": "",
    "till POST /api/v1/sales/{sale}/receipt": "receipt.settle",
    "till POST /api/v1/sales/{sale}/reprint": "receipt.reprint",
    "till POST /box/receipts": "a sale, a copy, a verb and a key",
    "till GET /kit": "step, device: names",
    "till GET /kit/now": "step, device: names",
    "till POST /kit/{verb}": "as /api/v1/kit/{verb}",
    "till POST /kit/devices": "a device that was found or adopted",
    "till GET /box/devices/{name}": "a device's name",
    "till GET /box/devices/{name}/now": "a device's name",
    "till GET /power": "",
    "till GET /power/now": "",
    "till POST /power/plan": "a time and a key",
    "till POST /power/veto": "a step and a key",
    "till GET /api/v1/sales/{sale}": "the identity of a sale",
    "till GET /api/v1/lists": "",
    "till POST /api/v1/lists": "list.define",
    "till POST /api/v1/gates": "gate.define",
    "till POST /api/v1/scans": "ticket.scan, ticket.admit, and a lead's PIN",
    "till POST /api/v1/scans/{scan}/undo": "the identity of a scan",
    "till GET /api/v1/tickets": "q: a name or an order",
    "till GET /api/v1/tickets/{ticket}": "the id of a ticket",
    "till POST /api/v1/tickets/mark": "tickets.mark",
    "till POST /api/v1/tickets/files": "a shop's file, and name: what it is called",
    "till DELETE /api/v1/tickets/files/{file}": "the identity of a file",
    "till POST /api/v1/tickets/files/{file}/import": "a list, and headings of the file",
    "till GET /tickets": "",
    "till GET /tickets/now": "",
    "till GET /tickets/list": "list: a check-in list",
    "till POST /tickets/list": "list.define",
    "till GET /tickets/gate": "gate: a door's name",
    "till POST /tickets/gate": "gate.define",
    "till GET /tickets/import": "",
    "till POST /tickets/find": "a name, an order or a code",
    "till GET /tickets/of/{ticket}": "the id of a ticket",
    "till POST /tickets/mark": "tickets.mark",
    "till POST /api/v1/tickets/{ticket}/print": "ticket.print",
    "till GET /ticket/{ticket}": "the id of a ticket",
    "till GET /ticket/{ticket}/now": "the id of a ticket",
    "till POST /ticket/{ticket}": "a key",
    "till GET /api/v1/status": "",
    "till GET /bar": "",
    "till GET /box": "",
    "till GET /box/now": "",
    "till GET /door": "",
    "till GET /door/now": "",
    "till GET /health": "",
    "till GET /lead": "",
    "till POST /lead/event": "a verb and a key",
    "till GET /lead/now": "",
    "till GET /login": "next: an address",
    "till POST /login": "the PIN",
    "till POST /logout": "",
    "till GET /sell": "",
    "till GET /sell/state": "",
    "till GET /sell/tiles": "",
    "till GET /static/{version}/{name}": "",
    "portal GET /": "",
    "portal GET /health": "",
    "portal GET /privacy": "",
    "portal GET /r/{token}": "a receipt's token: whoever has it reads the receipt",
    "portal GET /r/{token}/proof": "a receipt's token",
    "portal GET /verify": "",
    "portal GET /static/{version}/{name}": "",
    "bench GET /": "",
    "bench POST /bench/beam": "",
    "bench POST /bench/button": "",
    "bench GET /bench/state": "",
    "bench POST /bench/plug": "",
    "bench POST /bench/power": "",
    "bench POST /bench/printer": "",
    "bench GET /bench/printer/receipts": "",
    "bench GET /bench/printer/receipts/{number}.png": "",
    "bench POST /bench/scan": "a code in front of the real scanner driver",
    "bench POST /bench/unplug": "",
    "bench POST /hands/beam": "",
    "bench POST /hands/calm": "",
    "bench POST /hands/lead": "",
    "bench POST /hands/plugs": "",
    "bench POST /hands/power": "",
    "bench POST /hands/printer": "",
    "bench POST /hands/scanner": "a code",
    "bench GET /static/{version}/{name}": "",
    "bench GET /health": "",
    "bench GET /wire": "",
    "central GET /": "",
    "central GET /api/v1/boxes": "",
    "central GET /api/v1/boxes/{cell}/{box}/facts": "the names of a team and of a box",
    "central GET /api/v1/kpis": "",
    "central GET /api/v1/tasks": "",
    "central GET /static/{version}/{name}": "",
}
"""Every endpoint, and what is meant to be typed there. Each is asked with a canary in its path, its query, its body and
all of HEADERS; of a request nothing stays but what a command takes in."""

HEADERS = (
    "User-Agent",
    "Referer",
    "From",
    "Cookie",
    "X-Forwarded-For",
    "Forwarded",
    "Accept-Language",
    "If-None-Match",
    "Last-Event-ID",
    "X-CSRF-Token",
    "X-Canary",
)
"""Sent with every request; Host, Origin, Authorization and Idempotency-Key, which some have to be right, by turns."""

REQUESTS: dict[str, Row] = {
    "Authorization": (Kind.SECRET, "a bearer's token, or what somebody takes for one"),
    "Host": (Kind.FREE, "any text"),
    "Origin": (Kind.FREE, "any text"),
    "Idempotency-Key": (Kind.FREE, "80 letters and digits name a command; anything else is refused"),
    "cookie of the till": (Kind.SECRET, "a sign-in, or what somebody takes for one"),
    "wrong PIN": (Kind.SECRET, "somebody's PIN of elsewhere"),
    "PIN with letters": (Kind.SECRET, "a password in the wrong place"),
    "broken request": (Kind.FREE, "no HTTP, no JSON, no UTF-8, too much of it"),
    "request that ends in an error": (Kind.FREE, "whatever was being worked on when something broke"),
}
"""Texts around what a request asks for."""

ARGUMENTS: dict[str, Row] = {
    "central enrol cell": (Kind.PUBLIC, "a team's name"),
    "central enrol name": (Kind.PUBLIC, "a box's name"),
    "central enrol vkey": (Kind.PUBLIC, "a public key"),
    "central serve mqtt": (Kind.PUBLIC, "host and port"),
    "central serve dsn": (Kind.PUBLIC, "a database's place; a password belongs into libpq's own file (pgpass)"),
    "central report dsn": (Kind.PUBLIC, "a database's place; a password belongs into libpq's own file (pgpass)"),
    "central sign arch": (Kind.PUBLIC, "a processor, in an update's note"),
    "central sign scope": (Kind.PUBLIC, "boxes, in an update's note"),
    "central sign release": (Kind.PUBLIC, "a version, in an update's note"),
    "event create name": (Kind.PUBLIC, "event.create"),
    "event create currency": (Kind.PUBLIC, "event.create"),
    "event create timezone": (Kind.PUBLIC, "event.create"),
    "event create area_m2": (Kind.PUBLIC, "event.create"),
    "journal export target": (Kind.PUBLIC, "a file on this machine"),
    "staff add name": (Kind.PERSONAL, "a member of the staff"),
    "staff add pin": (Kind.SECRET, "proves who signs in"),
    "staff remove name": (Kind.PERSONAL, "a member of the staff"),
    "tickets define list_": (Kind.LABEL, "a check-in list"),
    "tickets define products": (Kind.PUBLIC, "list.define"),
    "tickets define sessions": (Kind.PUBLIC, "list.define"),
    "tickets define confirm": (Kind.PUBLIC, "list.define"),
    "tickets define ask": (Kind.PUBLIC, "list.define"),
    "tickets gate gate_": (Kind.LABEL, "a door's name"),
    "tickets gate names": (Kind.LABEL, "check-in lists"),
    "tickets keys remove kid": (Kind.PUBLIC, "the id of a public key"),
    "tickets mark shown": (Kind.PERSONAL, "ticket.scan.code"),
    "tickets mark columns": (Kind.FREE, "headers of somebody else's file"),
    "tickets search text": (Kind.PERSONAL, "a guest's name"),
    "tickets import list_": (Kind.LABEL, "a check-in list"),
    "tickets import columns": (Kind.FREE, "headers of somebody else's file"),
    "tickets issue list_": (Kind.LABEL, "a check-in list"),
    "tickets issue holders": (Kind.PERSONAL, "who holds a ticket"),
    "tickets issue product": (Kind.PUBLIC, "what the tickets are called"),
    "tickets issue session": (Kind.PUBLIC, "what the session is called"),
    "update name": (Kind.PUBLIC, "a file in DATA/updates"),
    "tickets revoke code": (Kind.PERSONAL, "ticket.scan.code"),
    "tickets show code": (Kind.PERSONAL, "ticket.scan.code"),
    "receipt verify text": (Kind.FREE, "whatever somebody takes for a receipt; whoever has the token reads it"),
    "receipt verify keys": (Kind.PUBLIC, "verifier keys and fingerprints"),
}
"""Texts on the command line. Paths are names of places on this machine and no data; what ``emulate`` takes is an
emulated device's and no box's."""

FILES: dict[str, Row] = {
    "code in a file of tickets": (Kind.PERSONAL, "ticket.scan.code"),
    "code of hexadecimal digits": (Kind.PERSONAL, "ticket.scan.code: it looks like a ticket's id, and is none"),
    "holder in a file of tickets": (Kind.PERSONAL, "tickets.import.tickets.holder"),
    "other column in a file of tickets": (Kind.PERSONAL, "nobody asked for it: not even in people.db"),
    "comment in a catalogue": (Kind.FREE, "a note to oneself"),
    "unknown key in a catalogue": (Kind.FREE, "the file is refused"),
    "wrong MQTT password": (Kind.SECRET, "the first line of password_file"),
    "right MQTT password": (Kind.SECRET, "the first line of password_file"),
}
"""Texts in files that people hand in."""

CONFIGURATION: dict[str, Row] = {
    "box.id": (Kind.PUBLIC, "in every fact"),
    "box.cell": (Kind.PUBLIC, "in every topic"),
    "devices.NAME": (Kind.PUBLIC, "a device's name, in facts"),
    "devices": (Kind.PUBLIC, "where a device is; no link takes a password"),
    "mqtt.broker": (Kind.PUBLIC, "host and port, on the board; one with a password in it is refused"),
    "mqtt.user": (Kind.SECRET, "half of what proves who the box is"),
    "mqtt.password_file": (Kind.PUBLIC, "a file's place"),
    "mqtt.ca": (Kind.PUBLIC, "a file's place"),
    "mqtt.cert": (Kind.PUBLIC, "a file's place"),
    "mqtt.key": (Kind.PUBLIC, "a file's place"),
    "staff.host": (Kind.PUBLIC, "an address of the box"),
    "portal.host": (Kind.PUBLIC, "an address of the box"),
    "portal.public_url": (Kind.PUBLIC, "on every receipt"),
    "central.key": (Kind.PUBLIC, "a public key"),
    "steward.guest_admit": (Kind.PUBLIC, "users of the system"),
    "steward.clock_set": (Kind.PUBLIC, "users of the system"),
    "steward.power_off": (Kind.PUBLIC, "users of the system"),
    "steward.update_apply": (Kind.PUBLIC, "users of the system"),
    "receipt.logo": (Kind.PUBLIC, "a file's place"),
    "update.slots": (Kind.PUBLIC, "partitions of the card"),
    "update.cmdline": (Kind.PUBLIC, "a file's place"),
}
"""Texts in boothkit.toml. Its resolved form, RUN/config.json, is theirs alone."""

PLACES: dict[str, Row] = {
    **COMMANDS,
    **FRAMES,
    **VERBS,
    **{endpoint: (Kind.FREE, words) for endpoint, words in ENDPOINTS.items()},
    **REQUESTS,
    **ARGUMENTS,
    **FILES,
    **CONFIGURATION,
}

HIDDEN = {place for place, (kind, _) in PLACES.items() if kind not in (Kind.PUBLIC, Kind.MACHINE)}
"""Where a canary is put that must not be seen again."""
