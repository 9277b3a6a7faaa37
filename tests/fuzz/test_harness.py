"""The harness finds what it is there for."""

import random
from collections.abc import Callable

import pytest

from tests.fuzz.harness import BATCH, Growth, Hang, Target, cut, fuzz, mutated

CORPUS = (b"CODE-1\r", b"\x02\0\0\x01\0\x33\x31", b"another code\r\n")


def harmless() -> Callable[[bytes], object]:
    return len


def test_a_parser_that_raises_is_found_and_the_note_says_how_to_see_it_again() -> None:
    def run() -> Callable[[bytes], object]:
        seen = bytearray()

        def feed(data: bytes) -> None:
            seen.extend(data)
            del seen[:-64]
            if b"\r\r\xff" in seen:
                raise KeyError("found")

        return feed

    target = Target(CORPUS, run, magic=(b"\r\r",))
    with pytest.raises(KeyError) as first:
        fuzz(target, 100 * BATCH)
    note = first.value.__notes__[0]
    batch = int(note.partition("batch=")[2].split()[0])
    with pytest.raises(KeyError) as again:
        fuzz(target, BATCH, batches=[batch])
    assert again.value.__notes__ == [note]


def test_a_parser_that_keeps_what_it_gets_is_found() -> None:
    def run() -> Callable[[bytes], object]:
        kept: list[bytes] = []
        return kept.append

    with pytest.raises(Growth, match="keeps"):
        fuzz(Target(CORPUS, run, holds=20_000), BATCH)


def test_a_parser_that_never_returns_is_found() -> None:
    def run() -> Callable[[bytes], object]:
        def feed(data: bytes) -> None:
            while b"\xff" in data:
                pass

        return feed

    with pytest.raises(Hang) as found:
        fuzz(Target(CORPUS, run), BATCH, hang=0.05)
    assert "input=" in found.value.__notes__[0]
    with pytest.raises(Hang) as found:
        fuzz(Target((b"\xff",), run), BATCH, hang=0.05)
    assert "sample=0" in found.value.__notes__[0]


def test_the_same_seed_feeds_the_same_bytes_and_another_seed_others() -> None:
    def fed(seed: int) -> list[bytes]:
        seen: list[bytes] = []
        fuzz(Target(CORPUS, lambda: seen.append, holds=10_000_000), 200, seed=seed)
        return seen

    assert fed(1) == fed(1)
    assert fed(1) != fed(2)


def test_pieces_are_the_input_and_no_input_is_longer_than_the_target_says() -> None:
    chance = random.Random(7)
    target = Target(CORPUS, harmless, longest=300)
    for _ in range(5000):
        data = mutated(target, chance)
        assert len(data) <= 300
        assert b"".join(cut(data, chance)) == data
    assert fuzz(target, 1).inputs == 1
