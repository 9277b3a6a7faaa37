"""Promises of reading a bundle: whatever the bytes are, it is one that central signed, or words say why it is none."""

import zlib
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import FakeClock
from appliance.errors import DataError, Problem
from appliance.files import bundle
from appliance.files import policy as policyfile
from appliance.files.bundle import HEADER, LONGEST, Reader
from tests.policy.conftest import CENTRAL, note

READER = Reader("quay", "box-7", CENTRAL.verifier)
NOW = FakeClock()()
WHOLE = note(13)
UNSIGNED = ("no-key", "too-large", "unreadable", "bad-signature")


def test_a_whole_note_is_read_and_no_shorter_one_is() -> None:
    """A stick that is pulled out at any byte."""
    assert policyfile.offered(WHOLE, READER, NOW).fault is None
    for length in range(len(WHOLE)):
        offered = policyfile.offered(WHOLE[:length], READER, NOW)
        assert offered.fault in ("unreadable", "bad-signature"), length
        assert offered.policy is None
        assert offered.version == 0


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_words(raw: bytes) -> None:
    offered = policyfile.offered(raw, READER, NOW)
    assert offered.fault in UNSIGNED
    assert offered.words
    assert offered.remedy
    assert (offered.signer, offered.policy) == ("", None)


@given(place=st.integers(0, len(WHOLE) - 1), bit=st.integers(0, 7))
def test_a_note_with_one_bit_turned_is_refused(place: int, bit: int) -> None:
    raw = bytearray(WHOLE)
    raw[place] ^= 1 << bit
    assert policyfile.offered(bytes(raw), READER, NOW).fault in UNSIGNED


@given(text=st.text(max_size=300))
def test_whatever_central_signs_is_read_or_refused_with_words(text: str) -> None:
    """A central with a fault in it, or a newer one."""
    for said in (f"{HEADER}\n{text}\n", f"{text}\n", f'{HEADER}\n{{"data":{text}}}\n'):
        try:
            raw = CENTRAL.sign(said).encode()
        except UnicodeEncodeError:
            continue
        offered = policyfile.offered(raw, READER, NOW)
        assert offered.fault in ("unreadable", "bad-signature")
        assert offered.policy is None


def test_nesting_without_end_is_no_crash() -> None:
    raw = CENTRAL.sign(f"{HEADER}\n" + '{"data":' * 20_000 + "}" * 20_000 + "\n").encode()
    assert policyfile.offered(raw, READER, NOW).fault == "unreadable"


@given(st.binary(max_size=3000))
def test_what_is_packed_is_unpacked(raw: bytes) -> None:
    assert bundle.unpack(bundle.pack(raw)) == raw


def test_what_unpacks_to_too_much_is_cut_where_its_size_is_known() -> None:
    bomb = b64encode(zlib.compress(bytes(50_000_000), 9)).decode()
    assert len(bundle.unpack(bomb)) == LONGEST + 1
    with pytest.raises(Problem, match="validation"):
        bundle.unpack("A" * (bundle.MOST_PACKED + 1))
    with pytest.raises(Problem, match="validation"):
        bundle.unpack("not packed")


def test_links_pipes_and_folders_are_no_files(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name in ("pipe", "link", ".", "missing"):
        with pytest.raises(DataError):
            bundle.read_file(tmp_path / name)
    (tmp_path / "huge").write_bytes(b"x" * (LONGEST * 2))
    assert len(bundle.read_file(tmp_path / "huge")) == LONGEST + 1
