"""What a request carries: hostile bytes in, plain values or a ``validation`` problem out."""

import json
import re
from typing import Any

from appliance.errors import Problem, invalid

_KEY = re.compile(r'"?([A-Za-z0-9_.:-]{1,80})"?')
_AMOUNT = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]*))?", re.ASCII)
LARGEST = 2**53 - 1
"""RFC 7493: what every JSON reader holds exactly."""


def json_object(raw: bytes) -> dict[str, Any]:
    """The object of a body. Numbers are whole and below 2^53, keys are there once, texts are Unicode.

    Raises ``validation`` with the place of the first fault.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid(f"byte {error.start} of the body is not UTF-8") from None
    try:
        value = json.loads(
            text, parse_float=_no_float, parse_constant=_no_float, parse_int=_whole, object_pairs_hook=_once
        )
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise invalid(f"line {error.lineno}, column {error.colno} of the body: {error.msg}") from None
    except UnicodeEncodeError:
        raise invalid("the body holds half a surrogate pair, which is no character") from None
    except RecursionError:
        raise invalid("the body is nested too deeply") from None
    if not isinstance(value, dict):
        raise invalid(f"the body is an object {{…}}, not {_named(value)}")
    return value


def text_of(value: dict[str, Any], key: str) -> str:
    """A text that has to be there; raises ``validation``."""
    found = value.get(key)
    if not isinstance(found, str):
        raise invalid(f"{key}: wants a text, found {_named(found)}")
    return found


def command_key(header: str | None) -> str:
    """``Idempotency-Key``, plain or as a quoted string; raises ``key-missing`` or ``validation``."""
    if not header:
        remedy = "Send an Idempotency-Key that you made up, and the same one again when you repeat the request."
        raise Problem("key-missing", "this write needs an Idempotency-Key", remedy)
    match = _KEY.fullmatch(header)
    if match is None or (header[0] == '"') != (header[-1] == '"'):
        raise invalid("Idempotency-Key: wants 1 to 80 of letters, digits and _ . : -")
    return match[1]


def whole(text: str | None, name: str, default: int) -> int:
    """A number of a query; raises ``validation``."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise invalid(f"{name}: wants a whole number from 0, found {text[:40]!r}")
    return int(text)


def amount(text: str, digits: int) -> int | None:
    """What somebody typed, as ``12.50`` or ``12,50``, in minor units of a currency with so many ``digits``; none is 0,
    None: it is no amount."""
    if not (text := text.strip()):
        return 0
    match = _AMOUNT.fullmatch(text)
    if match is None or len(match[2] or "") > digits:
        return None
    return int(match[1] + (match[2] or "").ljust(digits, "0"))


def typed(minor: int, digits: int) -> str:
    """Minor units as somebody would type them for ``amount``: 350 → 3.50."""
    text = str(minor).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text


def _named(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", int: "a number", bool: "true or false"}
    return kinds.get(type(value), "nothing")


def _no_float(text: str) -> float:
    raise invalid(f'{text[:40]}: numbers are whole; money is in minor units, a rate is a text such as "0.10"')


def _whole(text: str) -> int:
    number = int(text) if len(text) <= 17 else LARGEST + 1
    if abs(number) > LARGEST:
        raise invalid(f"{text[:40]}: a number is at most {LARGEST}")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise invalid(f"{twice[:40]!r} is there twice in one object")
    return found
