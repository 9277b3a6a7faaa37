"""Catalogue files: TOML with ``[[item]]`` tables, or CSV with the same headers. An item's variants become items of a
group, each with a sku, and so a stock, of its own."""

import csv
import io
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from appliance.domain.catalogue import Item, item_fault, items_from
from appliance.errors import DataError, Problem, invalid

_PART = re.compile(r"([^\s:]+)(?::([0-9]{1,4}))?")
_NUMBERS = ("price", "stock", "cost", "min_age")
_COLUMNS = Item.__struct_fields__
_OF_VARIANTS = ("sku", "name", "price", "stock", "cost", "lot", "gtin")
_OF_EACH = frozenset({"stock", "lot", "gtin", "group"})
_SKU_PART = re.compile(r"[A-Za-z0-9._-]+")
_Placed = tuple[str, dict[str, Any]]
"""Where in its file a table stands, as an error says it after the file's name, and the table."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read(path: Path, *, currency: str | None) -> list[dict[str, Any]]:
    """The items of a file as ``catalogue.import`` takes them; raises DataError naming file, line or key.

    A TOML file may state ``currency``; it must be the event's.
    """
    rows, stated = read_stated(path)
    if stated is not None and currency is not None and stated != currency:
        raise DataError(f"{path}: currency is {stated!r}, the event's is {currency}")
    return rows


def read_stated(path: Path) -> tuple[list[dict[str, Any]], str | None]:
    """The items of a file, and the currency that it states; raises DataError as ``read``."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8", remedy="Save the file as UTF-8.") from error
    if path.suffix.lower() == ".csv":
        rows, stated = _csv(path, text), None
    else:
        rows, stated = _toml(path, text)
    items: list[Item] = []
    for number, (place, row) in enumerate(rows, 1):
        try:
            found = items_from((number, item) for item in _variants(number, row))
        except Problem as problem:
            raise DataError(f"{path}{place}: {problem.detail}") from problem
        for item in found:
            if fault := item_fault(item):
                raise DataError(f"{path}{place}: item {number} ({item.sku}): {fault}")
        items += found
    return [_row(item) for item in items], stated


def _toml(path: Path, text: str) -> tuple[list[_Placed], str | None]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path}: {error}") from error
    unknown = set(tables) - {"currency", "item"}
    if unknown:
        raise DataError(f"{path}: unknown key {min(unknown)!r}; allowed are currency and [[item]]")
    rows = tables.get("item", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{path}: item: wants [[item]] tables")
    stated = tables.get("currency")
    if stated is not None and not isinstance(stated, str):
        raise DataError(f'{path}: currency: wants text such as "EUR", found {stated!r}')
    return [("", row) for row in rows], stated


def _variants(number: int, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The items that a table stands for: itself, or one for each of its ``variants``, which are names or tables with
    what differs. Raises ``validation``."""
    where = f"item {number} ({row.get('sku', '?')})"
    if isinstance(row.get("contains"), str):
        row = {**row, "contains": _parts(where, row["contains"])}
    if "variants" not in row:
        return [row]
    common = {key: value for key, value in row.items() if key != "variants"}
    if found := _OF_EACH & set(common):
        raise invalid(f"{where}: {min(found)} belongs to each of its variants")
    asked = row["variants"]
    if not isinstance(asked, list) or not asked:
        raise invalid(f'{where}: variants: wants a list such as ["S", "M"] or [{{name = "S", stock = 5}}]')
    return [_variant(f"{where}, variant {place}", common, one) for place, one in enumerate(asked, 1)]


def _parts(where: str, text: str) -> list[dict[str, Any]]:
    """``COFFEE:1 CAKE:2`` as tables; a part without a number is there once. Raises ``validation``."""
    found = []
    for word in text.split():
        part = _PART.fullmatch(word)
        if part is None:
            raise invalid(f"{where}: contains: {word[:60]!r} is no part; they are written as COFFEE:1 CAKE:2")
        found.append({"sku": part[1], "qty": int(part[2] or 1)})
    return found


def _variant(where: str, common: dict[str, Any], asked: Any) -> dict[str, Any]:
    own = {"name": asked} if isinstance(asked, str) else asked
    if not isinstance(own, dict) or not isinstance(own.get("name"), str) or not own["name"].strip():
        raise invalid(f"{where}: wants a name")
    if unknown := set(own) - set(_OF_VARIANTS):
        raise invalid(f"{where}: unknown key {min(unknown)!r}; allowed are {', '.join(_OF_VARIANTS)}")
    name, part = own["name"].strip(), str(own.get("sku") or own["name"]).strip()
    if not _SKU_PART.fullmatch(part):
        raise invalid(f"{where}: {part!r} cannot end a sku: give the variant a sku of letters, digits, dot, dash")
    named = {"sku": f"{common.get('sku', '')}-{part}", "name": f"{common.get('name', '')} {name}"}
    return {**common, **own, **named, "group": common.get("name")}


def _csv(path: Path, text: str) -> list[_Placed]:
    lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    rows: list[_Placed] = []
    for row in lines:
        if None in row:
            raise DataError(f"{path}, line {lines.line_num}: more cells than headers")
        item: dict[str, Any] = {key: _unquoted(value) for key, value in row.items() if value not in (None, "")}
        for key in _NUMBERS:
            if key in item:
                try:
                    item[key] = int(item[key])
                except ValueError as error:
                    raise DataError(
                        f"{path}, line {lines.line_num}, {key}: {item[key]!r} is not a whole number of minor units"
                    ) from error
        if "variants" in item:
            item["variants"] = [name.strip() for name in item["variants"].split("|")]
        rows.append((f", line {lines.line_num}", item))
    return rows


def write(items: list[Item], suffix: str, *, currency: str) -> str:
    """A catalogue as the text of a file; CSV cells that a spreadsheet would take for a formula get a leading
    apostrophe."""
    rows = [_row(item) for item in items]
    if suffix.lower() == ".csv":
        out = io.StringIO(newline="")
        table = csv.DictWriter(out, _COLUMNS)
        table.writeheader()
        table.writerows({key: neutral(_cell(value)) for key, value in row.items()} for row in rows)
        return out.getvalue()
    parts = [f"currency = {json.dumps(currency)}\n"] if currency else []
    for row in rows:
        parts.append("\n[[item]]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in row.items()))
    return "".join(parts)


def _row(item: Item) -> dict[str, Any]:
    """What is said of an item, as JSON has it."""
    row: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(item))
    return row


def _cell(value: object) -> object:
    """The parts of a bundle as one cell says them."""
    return " ".join(f"{part['sku']}:{part['qty']}" for part in value) if isinstance(value, list) else value


def _value(value: object) -> str:
    """As TOML writes it: text, a number, or the parts of a bundle."""
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    tables = [", ".join(f"{key} = {_value(one)}" for key, one in part.items()) for part in value]
    return f"[{', '.join(f'{{{table}}}' for table in tables)}]"


def neutral(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _unquoted(value: str) -> str:
    """The cell that ``neutral`` wrote, as it was."""
    return value[1:] if value[:1] == "'" and value[1:].startswith(_FORMULA) else value
