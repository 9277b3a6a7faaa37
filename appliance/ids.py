"""Identities: random, short, safe in a URL, a file name and a QR code."""

import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case: no i, l, o, u


def new_id(prefix: str = "", chars: int = 16) -> str:
    """A fresh identity of ``chars`` × 5 random bits (80 by default), after ``prefix``."""
    bits = secrets.randbits(5 * chars)  # asked of the kernel once: an import makes hundreds of thousands
    return prefix + "".join(_ALPHABET[bits >> 5 * place & 31] for place in range(chars))
