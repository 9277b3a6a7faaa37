"""Identities: random, short, safe in a URL, a file name and a QR code."""

import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case: no i, l, o, u


def new_id(prefix: str = "", chars: int = 16) -> str:
    """A fresh identity of ``chars`` × 5 random bits (80 by default), after ``prefix``."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(chars))
