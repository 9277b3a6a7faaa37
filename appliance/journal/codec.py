"""Bodies of facts as bytes: RFC 8785 canonical JSON, and the leaf that the tree is made of."""

import hashlib
import json
from typing import Any

MAX_INT = 2**53 - 1


class NotCanonical(ValueError):
    """A body that the journal does not take: a float, an integer beyond ±(2^53 − 1), bytes, or a key that is not
    ASCII."""


def encode(body: dict[str, Any]) -> bytes:
    """The RFC 8785 bytes of a body. Raises NotCanonical; floats are refused even where RFC 8785 knows them.

    Without floats and with ASCII keys, sorted compact JSON is the canonical form: sorting by code point is sorting by
    UTF-16 unit, and json escapes what RFC 8785 §3.2.2.2 escapes. Tests hold it against the rfc8785 package, which takes
    twenty times as long.
    """
    if not _fits(body):
        _explain(body, "")
    try:
        return _dumps(body).encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(f"half a surrogate pair is not text: {error.object!r:.60}") from error


_dumps = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def decode(text: str | bytes) -> dict[str, Any]:
    """The body that the bytes stand for; raises NotCanonical when they are not JSON, or not in canonical form."""
    raw = text.encode() if isinstance(text, str) else text
    try:
        body = _decode(raw.decode())
    except ValueError as error:
        raise NotCanonical(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise NotCanonical(f"a body is an object, this is a {type(body).__name__}")
    # The decoder refuses numbers that no fact holds; what it cannot see is a key beyond ASCII.
    if (_dumps(body).encode() if raw.isascii() else encode(body)) != raw:
        raise NotCanonical("not in the canonical form of RFC 8785")
    return body


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) < 18 else MAX_INT + 1
    if not -MAX_INT <= value <= MAX_INT:
        raise ValueError(f"the integer {digits[:30]} is beyond 2^53 - 1")
    return value


def _no_number(text: str) -> None:
    raise ValueError(f"{text[:30]} is a number that no fact holds")


_decode = json.JSONDecoder(parse_int=_integer, parse_float=_no_number, parse_constant=_no_number).decode


def leaf_hash(body: bytes) -> bytes:
    """RFC 6962 §2.1: SHA-256(0x00 ‖ body)."""
    return hashlib.sha256(b"\x00" + body).digest()


def _fits(value: object) -> bool:
    """Whether a fact may hold it; ``_explain`` says what is wrong when not."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -MAX_INT <= value <= MAX_INT  # type: ignore[operator]
    if kind is dict:
        return all(type(key) is str and key.isascii() and _fits(inner) for key, inner in value.items())  # type: ignore[attr-defined]
    return (kind is list or kind is tuple) and all(map(_fits, value))  # type: ignore[call-overload]


def _explain(value: object, where: str) -> None:
    """Find what does not fit, and say where."""
    match value:
        case None | bool() | str():
            return
        case int():
            if not -MAX_INT <= value <= MAX_INT:
                raise NotCanonical(f"{where or 'body'}: {value} is beyond ±(2^53 − 1)")
        case dict():
            for key, inner in value.items():
                if not isinstance(key, str) or not key.isascii():
                    raise NotCanonical(f"{where or 'body'}: key {key!r} is not ASCII text")
                _explain(inner, f"{where}.{key}" if where else key)
        case list() | tuple():
            for index, inner in enumerate(value):
                _explain(inner, f"{where}[{index}]")
        case _:
            raise NotCanonical(f"{where or 'body'}: a {type(value).__name__} does not belong into a fact")
