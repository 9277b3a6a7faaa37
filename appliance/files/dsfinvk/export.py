"""The archive: closings become rows, rows become files, and a text says what all of it is and what it is not."""

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from appliance.domain.money import half_up, rate
from appliance.files.dsfinvk import schema
from appliance.files.dsfinvk.schema import Amount, Cell
from appliance.files.dsfinvk.vouchers import FINE, Books, Line, Voucher, net_and_tax, vouchers

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same books, the same bytes
_PIECE = 64 * 1024
_FINE_PLACES = 3
_KEYS = {"0.19": 1, "0.07": 2, "0.107": 3, "0.055": 4, "0": 5}
_WORDS = {
    1: "Allgemeiner Steuersatz",
    2: "Ermäßigter Steuersatz",
    3: "Durchschnittsatz (§ 24 Abs. 1 Nr. 3 UStG)",
    4: "Durchschnittsatz (§ 24 Abs. 1 Nr. 1 UStG)",
    5: "Nicht steuerbar",
}
_UNTAXED = 5
_FIRST_OWN = 1000


@dataclass(frozen=True)
class Closing:
    """A Z: its log and number in it, when (RFC 3339), the drawer as people call it, its turnover in minor units, and
    (pos, body) of all that is the drawer's; ``training``: all of it is."""

    log: int
    n: int
    at: str
    drawer: str
    turnover: int
    training: bool
    facts: Iterable[tuple[int, dict[str, Any]]]


@dataclass(frozen=True)
class Open:
    """A drawer without a Z, which is left out: as people call it, and how many receipts stand in it."""

    name: str
    receipts: int


@dataclass(frozen=True)
class Head:
    """What the files say of the place. ``precision``: decimal places of the currency; ``day``: the only one that is in
    it, "" = all of the event."""

    event: str
    name: str
    currency: str
    precision: int
    box: str
    version: str
    day: str = ""


class _File:
    """A file that grows while other files do, kept compressed: a till has little memory."""

    def __init__(self, table: schema.Table) -> None:
        self.table = table
        self.rows = 0
        self._packer, self._packed = zlib.compressobj(1), io.BytesIO()
        self._put(schema.heading(table))

    def _put(self, text: str) -> None:
        self._packed.write(self._packer.compress(text.encode()))

    def write(self, cells: dict[str, Cell]) -> None:
        """One row."""
        self._put(schema.row(self.table, cells))
        self.rows += 1

    def read(self) -> Iterator[bytes]:
        """All of it, once."""
        self._packed.write(self._packer.flush())
        self._packed.seek(0)
        unpacker = zlib.decompressobj()
        while piece := self._packed.read(_PIECE):
            yield unpacker.decompress(piece)


class _Rates:
    """The standard's keys of VAT rates, and from 1000 on those of rates that it has no key for, as they come."""

    def __init__(self) -> None:
        self._own: dict[str, int] = {}

    def key(self, text: str | None) -> int:
        """Of a rate; None is no business of the VAT's."""
        if text is None:
            return _UNTAXED
        exact = format(Decimal(text).normalize(), "f")
        if exact in _KEYS:
            return _KEYS[exact]
        return self._own.setdefault(exact, _FIRST_OWN + len(self._own))

    def share(self, key: int) -> str:
        """The rate of a key, as it is written in a catalogue."""
        return next(text for text, own in (*_KEYS.items(), *self._own.items()) if own == key)


@dataclass
class _Sums:
    """Of one closing, in fine units but for payments, which are minor units."""

    first: str = ""
    last: str = ""
    count: int = 0
    keys: set[int] = field(default_factory=lambda: {_UNTAXED})
    business: dict[tuple[str, str, int], list[int]] = field(default_factory=dict)
    payments: dict[tuple[str, str], int] = field(default_factory=dict)


class _Export:
    def __init__(self, head: Head, books: Books) -> None:
        self._head, self._books = head, books
        self._files = {name: _File(table) for name, table in schema.TABLES.items()}
        self._rates = _Rates()

    def add(self, closing: Closing) -> None:
        """All rows of one Z."""
        register = self._register(closing.log)
        key: dict[str, Cell] = {"Z_KASSE_ID": register, "Z_ERSTELLUNG": closing.at, "Z_NR": closing.n}
        sums = _Sums()
        for voucher in vouchers(closing.facts, self._books):
            sums.count += 1
            sums.first, sums.last = sums.first or voucher.id, voucher.id
            self._voucher({**key, "BON_ID": voucher.id}, voucher, sums, closing, register)
        self._closed(key, sums, register)

    def _register(self, log: int) -> str:
        """Z numbers are gap-free within a log, so each log of a box is a cash register of its own."""
        return f"{self._head.box}-{log}"

    def _money(self, minor: int) -> Amount:
        return Amount(minor, self._head.precision)

    def _fine(self, value: int) -> Amount:
        return Amount(value, self._head.precision + _FINE_PLACES)

    def _put(self, file: str, *cells: Mapping[str, Cell]) -> None:
        found: dict[str, Cell] = {}
        for some in cells:
            found.update(some)
        self._files[file].write(found)

    def _voucher(self, key: dict[str, Cell], one: Voucher, sums: _Sums, closing: Closing, register: str) -> None:
        self._put(
            "transactions.csv",
            key,
            {
                "BON_NR": sums.count,
                "BON_TYP": "AVTraining" if one.training else "Beleg",
                "TERMINAL_ID": register,
                "BON_STORNO": "1" if one.void else "0",
                "BON_START": one.at,
                "BON_ENDE": one.at,
                "BEDIENER_ID": one.by.removeprefix("staff:"),
                "UMS_BRUTTO": self._money(one.gross),
            },
        )
        self._put("allocation_groups.csv", key, {"ABRECHNUNGSKREIS": closing.drawer})
        if one.of is not None:
            log, _, n = (one.of.z or "").partition("-")
            self._put(
                "references.csv",
                key,
                {
                    "REF_TYP": "Transaktion",
                    "REF_DATUM": one.of.at,
                    "REF_BON_ID": one.of.number,
                    **({"REF_Z_KASSE_ID": self._register(int(log)), "REF_Z_NR": int(n)} if n else {}),
                },
            )
        for kind, name, amount in one.payments:
            means: dict[str, Cell] = {"ZAHLART_TYP": kind, "ZAHLART_NAME": name}
            money = {"ZAHLWAEH_BETRAG": self._money(amount), "BASISWAEH_BETRAG": self._money(amount)}
            self._put("datapayment.csv", key, means, {"ZAHLWAEH_CODE": self._head.currency}, money)
            if not one.training:
                sums.payments[kind, name] = sums.payments.get((kind, name), 0) + amount
        for place, line in enumerate(one.lines, 1):
            self._line({**key, "POS_ZEILE": str(place)}, line, register)
            vat_key = self._rates.key(line.rate)
            sums.keys.add(vat_key)
            if not one.training:
                business = sums.business.setdefault((line.kind, line.name, vat_key), [0, 0, 0])
                for at, value in enumerate((line.gross * FINE, line.net, line.tax)):
                    business[at] += value
        for vat_key, (gross, net, tax) in sorted(self._vat(one).items()):
            amounts = {"BON_BRUTTO": self._money(gross), "BON_NETTO": self._money(net), "BON_UST": self._money(tax)}
            self._put("transactions_vat.csv", key, {"UST_SCHLUESSEL": vat_key}, amounts)

    def _vat(self, one: Voucher) -> dict[int, tuple[int, int, int]]:
        """By key: gross, net and tax of the whole voucher in minor units, as they are on the receipt."""
        found: dict[int, tuple[int, int, int]] = {}
        untaxed = [(line.gross, line.gross, 0) for line in one.lines if line.rate is None]
        taxed = [(self._rates.key(line.rate), (line.gross, line.net, line.tax)) for line in one.vat]
        for key, more in [*taxed, *((_UNTAXED, amounts) for amounts in untaxed)]:
            gross, net, tax = found.get(key, (0, 0, 0))
            found[key] = (gross + more[0], net + more[1], tax + more[2])
        return found

    def _line(self, key: dict[str, Cell], line: Line, register: str) -> None:
        vat: dict[str, Cell] = {"UST_SCHLUESSEL": self._rates.key(line.rate)}
        self._put(
            "lines.csv",
            key,
            {
                "ARTIKELTEXT": line.text,
                "POS_TERMINAL_ID": register,
                "GV_TYP": line.kind,
                "GV_NAME": line.name,
                "INHAUS": line.here,
                "P_STORNO": "0",
                "AGENTUR_ID": 0,
                "ART_NR": line.sku,
                "WARENGR_ID": line.category,
                "WARENGR": line.category,
                "MENGE": Amount(line.qty, 3),
                "FAKTOR": 1,
                "EINHEIT": line.unit,
                "STK_BR": self._fine(line.price),
            },
        )
        amounts: dict[str, Cell] = {
            "POS_BRUTTO": self._fine(line.gross * FINE),
            "POS_NETTO": self._fine(line.net),
            "POS_UST": self._fine(line.tax),
        }
        self._put("lines_vat.csv", key, vat, amounts)
        if line.base is None:
            return
        for kind, gross in (("base_amount", line.base), ("discount", line.price - line.base)):
            net, tax = net_and_tax(gross, line.rate)
            price = {"PF_BRUTTO": self._fine(gross), "PF_NETTO": self._fine(net), "PF_UST": self._fine(tax)}
            self._put("itemamounts.csv", key, {"TYP": kind}, vat, price)

    def _closed(self, key: dict[str, Cell], sums: _Sums, register: str) -> None:
        head, cash = self._head, sum(amount for (kind, _), amount in sums.payments.items() if kind == "Bar")
        self._put(
            "cashpointclosing.csv",
            key,
            {
                "TAXONOMIE_VERSION": schema.VERSION,
                "Z_START_ID": sums.first,
                "Z_ENDE_ID": sums.last,
                "Z_SE_ZAHLUNGEN": self._money(sum(sums.payments.values())),
                "Z_SE_BARZAHLUNGEN": self._money(cash),
            },
        )
        self._put("location.csv", key, {"LOC_NAME": head.name})
        self._put(
            "cashregister.csv",
            key,
            {
                "KASSE_BRAND": "Boothkit",
                "KASSE_MODELL": "Boothkit",
                "KASSE_SERIENNR": register,
                "KASSE_SW_BRAND": "Boothkit",
                "KASSE_SW_VERSION": head.version,
                "KASSE_BASISWAEH_CODE": head.currency,
                "KEINE_UST_ZUORDNUNG": "0",
            },
        )
        for vat_key in sorted(sums.keys):
            share = rate(self._rates.share(vat_key))
            percent = half_up(share.numerator * 10_000, share.denominator)
            words = _WORDS.get(vat_key) or f"Steuersatz {schema.number(Amount(int(share * 1_000_000), 4), 4)} %"
            cells: dict[str, Cell] = {"UST_SATZ": Amount(percent, 2), "UST_BESCHR": words}
            self._put("vat.csv", key, {"UST_SCHLUESSEL": vat_key}, cells)
        for (kind, name, vat_key), (gross, net, tax) in sums.business.items():
            business: dict[str, Cell] = {"GV_TYP": kind, "GV_NAME": name, "AGENTUR_ID": 0, "UST_SCHLUESSEL": vat_key}
            amounts = {"Z_UMS_BRUTTO": self._fine(gross), "Z_UMS_NETTO": self._fine(net), "Z_UST": self._fine(tax)}
            self._put("businesscases.csv", key, business, amounts)
        for (kind, name), amount in sums.payments.items():
            means: dict[str, Cell] = {"ZAHLART_TYP": kind, "ZAHLART_NAME": name}
            self._put("payment.csv", key, means, {"Z_ZAHLART_BETRAG": self._money(amount)})
        money = {"ZAHLART_BETRAG_WAEH": self._money(cash)}
        self._put("cash_per_currency.csv", key, {"ZAHLART_WAEH": head.currency}, money)

    def files(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Every file with its bytes."""
        for name, file in self._files.items():
            yield name, file.read()


def archive(head: Head, closings: Iterable[Closing], left_out: Iterable[Open], books: Books) -> bytes:
    """The zip. The same books give the same bytes."""
    export, told = _Export(head, books), []
    for closing in closings:
        export.add(closing)
        turnover = schema.number(Amount(closing.turnover, head.precision), head.precision)
        sum_ = "training, in no sum" if closing.training else f"{turnover} {head.currency}"
        told.append(f"Z {closing.log}-{closing.n}  {closing.at}  drawer {closing.drawer}: {sum_}")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        texts = {"README.txt": _readme(head, told, list(left_out)), "index.xml": schema.index()}
        whole = ((name, [text.encode()]) for name, text in texts.items())
        for name, pieces in (*whole, *export.files()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with out.open(entry, "w") as file:
                for piece in pieces:
                    file.write(piece)
    return packed.getvalue()


_README = """\
Books of {name} ({event}), {when}, of box {box}

These files are named, and their columns are named, as in DSFinV-K {version}, the "Digitale Schnittstelle der
Finanzverwaltung für Kassensysteme" of the Bundeszentralamt für Steuern. They carry the box's books to whoever keeps
yours. They are NOT a certified export, and the box is NOT connected to a certified technical security device (TSE):
nothing in here was signed by one, and tse.csv and transactions_tse.csv are not there. The box's own journal is signed
by the box: boothkit journal verify.

Name, address and tax number of the company are not known to the box; those columns are empty. People who worked here
appear by their number only (BEDIENER_ID).
index.xml wants the file gdpdu-01-09-2004.dtd beside it, which the Bundeszentralamt für Steuern hands out.
How each column comes about: docs/books.md of the box.

Z reports in here:
{closed}

Left out, because their drawers have no Z yet:
{open}
"""


def _readme(head: Head, closed: list[str], left_out: list[Open]) -> str:
    open_ = [f"drawer {one.name}, receipts: {one.receipts}" for one in left_out]
    text = _README.format(
        name=head.name,
        event=head.event,
        when=head.day or "all days",
        box=head.box,
        version=schema.VERSION,
        closed="\n".join(f"  {line}" for line in closed) or "  none",
        open="\n".join(f"  {line}" for line in open_) or "  none",
    )
    return text.replace("\n", "\r\n")
