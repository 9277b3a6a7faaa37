from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.scan import GAP, LONGEST, SAME_WITHIN, Codes, ScanReader

CODES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=30).filter(
    lambda code: not code.startswith("]")
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The same bytes as they may arrive, in pieces."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(ends)]


@given(
    codes=st.lists(CODES, max_size=8, unique=True),
    suffix=st.sampled_from([b"\r", b"\n", b"\r\n"]),
    places=st.lists(st.integers(0, 500)),
)
def test_every_code_comes_out_once_however_its_bytes_arrive(codes: list[str], suffix: bytes, places: list[int]) -> None:
    reader = ScanReader()
    stream = b"".join(code.encode() + suffix for code in codes)
    out = [code for piece in cut(stream, places) for code in reader.feed(piece, 0.0)]
    assert out == codes
    assert reader.rest(0.0) is None


@given(codes=st.lists(CODES, max_size=5, unique=True))
def test_a_pause_ends_a_code_where_the_scanner_sends_no_suffix(codes: list[str]) -> None:
    reader = ScanReader()
    now = 0.0
    out: list[str] = []
    for code in codes:
        out += reader.feed(code.encode(), now)
        assert reader.idle(now + GAP / 2) == []
        rest = reader.rest(now)
        assert rest is not None
        now += rest + 1e-6
        out += reader.idle(now)
    assert out == codes


@given(st.lists(st.tuples(st.binary(max_size=200), st.floats(0, 1), st.booleans()), max_size=30))
def test_no_noise_breaks_the_reader_or_makes_it_grow(pieces: list[tuple[bytes, float, bool]]) -> None:
    reader = ScanReader(longest=100)
    now = 0.0
    for data, pause, reconnects in pieces:
        now += pause
        if reconnects:
            reader.reset()
        for code in reader.feed(data, now) + reader.idle(now):
            assert code.replace("\x1d", "").isprintable()
            assert 0 < len(code) <= 100
    reader.reset()
    assert reader.feed(b"after the noise\r", now + 10) == ["after the noise"]


def test_identical_codes_within_a_second_and_a_half_are_one_scan() -> None:
    reader = ScanReader()
    assert reader.feed(b"A\r", 10.0) == ["A"]
    assert reader.feed(b"A\r", 10.5) == []
    assert reader.feed(b"B\r", 10.6) == ["B"]
    assert reader.feed(b"A\rB\r", 10.0 + SAME_WITHIN - 0.01) == []
    assert reader.feed(b"A\r", 10.0 + SAME_WITHIN) == ["A"]
    assert reader.counters["repeated"] == 3


def test_an_endless_code_is_dropped_and_counted_and_the_next_one_is_read() -> None:
    reader = ScanReader()
    for _ in range(1000):
        assert reader.feed(b"x" * 1000, 0.0) == []
    assert reader.feed(b"\rTICKET\r", 0.0) == ["TICKET"]
    assert reader.counters["too_long"] == 1
    assert reader.feed(b"y" * LONGEST + b"\r", 0.0) == ["y" * LONGEST]


def test_half_a_code_is_discarded_when_the_line_reconnects() -> None:
    reader = ScanReader()
    reader.feed(b"BK1:HALF", 0.0)
    reader.reset()
    assert reader.feed(b"BK1:WHOLE\r", 0.1) == ["BK1:WHOLE"]
    assert reader.counters["partial"] == 1


@pytest.mark.parametrize("aim", ["]Q1", "]C0", "]E0", "]d1", "]d2", "]Q3"])
def test_the_aim_identifier_is_not_part_of_the_code(aim: str) -> None:
    assert ScanReader().feed(f"{aim}BK1:X\r".encode(), 0.0) == ["BK1:X"]


def test_a_gs1_code_keeps_its_group_separators() -> None:
    code = "0104012345123456\x1d10LOT7"
    assert ScanReader().feed(f"]d2{code}\r".encode(), 0.0) == [code]


def test_what_is_not_text_is_counted_and_dropped() -> None:
    reader = ScanReader()
    assert reader.feed(b"\xff\xfe\xfd\r\x1b@TICKET\r\r\n\r\n]Q1\r", 0.0) == []
    assert reader.counters["unreadable"] == 2


def test_a_code_that_rests_in_sight_is_one_scan_until_it_has_been_away() -> None:
    counters: Counter[str] = Counter()
    codes = Codes(counters, resting=True)
    sightings = [codes.accept(b"A", 10 + n / 8) for n in range(80)]
    assert sightings == ["A"] + [None] * 79
    last = 10 + 79 / 8
    assert codes.accept(b"A", last + SAME_WITHIN - 0.01) is None
    assert codes.accept(b"A", last + 2 * SAME_WITHIN) == "A"
    assert counters == {"codes": 2, "repeated": 80}
