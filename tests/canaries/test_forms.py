"""The search itself: it finds a canary in every disguise, wherever it lies, and none where there is none."""

import base64
import json
from urllib.parse import quote, quote_plus

import base45
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.canaries.forms import search

TEXT = "Zilpzalp042 Zoë"
STEM = "Zilpzalp"
DISGUISES = {
    "plain": lambda raw: raw,
    "lower case": bytes.lower,
    "upper case": bytes.upper,
    "hex": lambda raw: raw.hex().encode(),
    "hex in capitals": lambda raw: raw.hex().upper().encode(),
    "spaced hex": lambda raw: raw.hex(" ").encode(),
    "base64": base64.b64encode,
    "base64url": base64.urlsafe_b64encode,
    "base64 of lower case": lambda raw: base64.b64encode(raw.lower()),
    "base45": base45.b45encode,
    "URL": lambda raw: quote(raw).encode(),
    "form": lambda raw: quote_plus(raw).encode(),
    "URL, every byte": lambda raw: "".join(f"%{byte:02X}" for byte in raw).encode(),
    "bytes as Python shows them": lambda raw: repr(raw).encode(),
}


@pytest.mark.parametrize("disguise", DISGUISES)
@given(before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_a_stem_is_found_in_every_disguise_and_at_every_alignment(disguise: str, before: bytes, after: bytes) -> None:
    content = b"<" + DISGUISES[disguise](before + TEXT.encode() + after) + b">"
    assert search(content, [STEM]), content


@given(before=st.text(max_size=5), after=st.text(max_size=5))
def test_a_text_with_other_letters_is_found_in_json_and_in_other_character_sets(before: str, after: str) -> None:
    whole = f"{before}{TEXT}{after}"
    assert search(json.dumps(whole).encode(), [TEXT])
    assert search("".join(f"\\u{ord(letter):04X}" for letter in TEXT).encode(), [TEXT])
    for charset in ("utf-16-le", "utf-16-be", "cp858"):
        assert search(b"\x00" + TEXT.encode(charset), [TEXT])


@given(st.binary(max_size=200))
def test_what_holds_no_canary_is_left_alone(content: bytes) -> None:
    assert STEM.lower().encode() in content.lower() or not search(content, [STEM])
