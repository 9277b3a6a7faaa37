"""TOML files of people's own, as typed values: every fault names file, key, what was found, what is allowed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from appliance.errors import DataError

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]+)`(?: - at `\$\.?(?P<table>[^`]*)`)?")
_PART = re.compile(r"\[[^\]]*\]|[^.\[\]]+")


def read(path: Path) -> dict[str, Any]:
    """The tables of a file. DataError."""
    try:
        return parse(path.read_bytes(), path)
    except OSError as error:
        raise DataError(f"{path}: {error}") from error


def parse(raw: bytes, path: Path) -> dict[str, Any]:
    """The tables of what was read from ``path``; a byte order mark is fine. DataError."""
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8", remedy="Save the file as UTF-8.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"{path}: {error}") from error


def convert(path: Path, tables: dict[str, Any], wanted: Any) -> Any:
    """The tables as a value of the type ``wanted``. DataError."""
    try:
        return msgspec.convert(tables, wanted)
    except msgspec.ValidationError as error:
        raise DataError(f"{path}: {_explain(str(error), tables, wanted)}") from error


def _explain(text: str, tables: dict[str, Any], wanted: Any) -> str:
    """msgspec's message with the keys that are allowed, or what was found."""
    unknown = _UNKNOWN.match(text)
    if unknown is not None:
        allowed = _keys(wanted, unknown["table"] or "")
        place = f" in [{unknown['table']}]" if unknown["table"] else ""
        return f"unknown key {unknown['key']!r}{place}" + (f"; allowed are {', '.join(allowed)}" if allowed else "")
    path = re.search(r"at `\$\.?([^`]*)`", text)
    value: Any = tables
    for part in re.findall(r"[^.\[\]]+", path[1]) if path else ():
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return text
    return text.replace("`$.", "`") + (f"; found {value!r}"[:120] if path else "")


def _keys(wanted: Any, place: str) -> tuple[str, ...]:
    """The keys of the table at msgspec's ``place`` ("lead.rules[0]"); none where that is no table."""
    here: inspect.Type | None = inspect.type_info(wanted)
    for part in _PART.findall(place):
        here = _table(here)
        if part.startswith("["):
            continue  # one of many alike
        if isinstance(here, inspect.StructType):
            here = next((field.type for field in here.fields if field.encode_name == part), None)
        elif isinstance(here, inspect.DictType):
            here = here.value_type
    here = _table(here)
    return tuple(field.encode_name for field in here.fields) if isinstance(here, inspect.StructType) else ()


def _table(here: inspect.Type | None) -> inspect.Type | None:
    """Of several that may be there, and of many alike, the table."""
    match here:
        case inspect.UnionType():
            return next((_table(one) for one in here.types if isinstance(_table(one), inspect.StructType)), None)
        case inspect.ListType() | inspect.VarTupleType():
            return _table(here.item_type)
        case _:
            return here
