"""Promises of a backup on its way to central: whatever gets lost, it arrives whole or not at all, and only central's
word counts."""

import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from appliance.backup import check, make
from appliance.backup.contents import outbox
from appliance.backup.pieces import LARGEST, PIECE, Held, Piece
from appliance.backup.sealed import BadSeal
from appliance.central.backups import KEEP, Shelf
from appliance.central.keyring import Keyring
from appliance.central.places import Box, Rejected
from appliance.clock import FakeClock
from appliance.config import Config
from appliance.journal import notes
from appliance.journal.read import Reader
from appliance.projections import backups
from appliance.services.context import WorkerContext
from appliance.services.uplink.backups import Backups
from tests.backup.conftest import Sold

CENTRAL = notes.Signer("boothkit/central", bytes(range(32, 64)))
BOX = Box("cell", "box-7")


@pytest.fixture
def sent(sold: Sold) -> bytes:
    return made(sold)


def made(sold: Sold) -> bytes:
    folder = outbox(sold.data)
    folder.mkdir(exist_ok=True)
    make.to_folder(sold.place(), folder, sold.box.clock())
    return (folder / "sent.tar").read_bytes()


@pytest.fixture
def shelf(sold: Sold, tmp_path: Path) -> Shelf:
    keyring = Keyring(tmp_path / "central")
    keyring.enrol(BOX, sold.box.engine.store.keys.signer(1).verifier.vkey())
    return Shelf(tmp_path / "shelf", keyring)


def cut(raw: bytes, sha256: str, size: int = PIECE) -> list[Piece]:
    return [Piece(sha256, at, len(raw), raw[at : at + size]) for at in range(0, len(raw), size)]


def bring(shelf: Shelf, box: Box, pieces: list[Piece], at: int = 1) -> Held:
    return [shelf.take(box, piece, at) for piece in pieces][-1]


def name(raw: bytes, tmp_path: Path) -> str:
    file = tmp_path / "named.tar"
    file.write_bytes(raw)
    with file.open("rb") as opened:
        return check.outside(opened, parts=check.SENT).sha256


def test_pieces_make_a_backup_that_central_checked(sent: bytes, shelf: Shelf, tmp_path: Path) -> None:
    pieces = cut(sent, name(sent, tmp_path))
    assert len(pieces) > 2
    held = [shelf.take(BOX, Piece.parse(piece.pack()), 1) for piece in pieces]
    assert [one.whole for one in held] == [False] * (len(pieces) - 1) + [True]
    (kept,) = shelf.kept(BOX)
    assert kept.read_bytes() == sent
    assert kept.stat().st_mode & 0o777 == 0o600
    assert shelf.take(BOX, pieces[0], 2).whole  # the answer was lost: again, the same


def test_gaps_and_repeats_change_nothing(sent: bytes, shelf: Shelf, tmp_path: Path) -> None:
    first, second, third, *rest = cut(sent, name(sent, tmp_path))
    order = [second, first, third, first, second, second, third, *rest]
    held = [shelf.take(BOX, piece, 1).held for piece in order]
    assert held[:6] == [0, PIECE, PIECE, PIECE, 2 * PIECE, 2 * PIECE]
    assert held[-1] == len(sent)


def test_what_no_key_of_the_box_signed_is_not_kept(sent: bytes, sold: Sold, tmp_path: Path) -> None:
    stranger = notes.Signer("boothkit/box-7/1", bytes(32))
    keyring = Keyring(tmp_path / "other")
    keyring.enrol(BOX, stranger.verifier.vkey())
    shelf = Shelf(tmp_path / "shelf", keyring)
    with pytest.raises(Rejected, match="no enrolled key"):
        bring(shelf, BOX, cut(sent, name(sent, tmp_path)))
    assert list((tmp_path / "shelf" / "cell" / "box-7").iterdir()) == []


@pytest.mark.parametrize("bend", [lambda raw: raw[:-600] + b"x" + raw[-599:], lambda raw: b"x" * len(raw)])
def test_bent_bytes_are_not_kept_and_the_next_one_is(
    sent: bytes, shelf: Shelf, tmp_path: Path, bend: Callable[[bytes], bytes]
) -> None:
    sha256 = name(sent, tmp_path)
    with pytest.raises(Rejected):
        bring(shelf, BOX, cut(bend(sent), sha256))
    assert shelf.kept(BOX) == []
    assert bring(shelf, BOX, cut(sent, sha256)).whole


def test_another_boxs_backup_under_this_boxs_topic_is_not_kept(sent: bytes, shelf: Shelf, tmp_path: Path) -> None:
    other = Box("cell", "box-8")
    with pytest.raises(Rejected):
        bring(shelf, other, cut(sent, name(sent, tmp_path)))


def test_the_newest_three_are_kept(sold: Sold, shelf: Shelf, tmp_path: Path) -> None:
    every = []
    for at in range(KEEP + 2):
        sold.sell()
        every.append(made(sold))
        bring(shelf, BOX, cut(every[-1], name(every[-1], tmp_path)), at)
    assert [path.read_bytes() for path in shelf.kept(BOX)] == every[: -KEEP - 1 : -1]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}\nx",
        b'{"at":0,"sha256":"' + b"0" * 64 + b'","size":1}',
        b'{"at":0,"sha256":"' + b"0" * 64 + b'","size":1}\n',
        b'{"at":0,"sha256":"' + b"0" * 64 + b'","size":1}\nxy',
        b'{"at":-1,"sha256":"' + b"0" * 64 + b'","size":9}\nx',
        b'{"at":0,"sha256":"../../../../etc/passwd","size":9}\nx',
        b'{"at":0,"sha256":"' + b"0" * 64 + b'","size":%d}\nx' % (LARGEST + 1),
        b'{"at":0,"sha256":"' + b"0" * 64 + b'","size":9,"more":1}\nx',
        b'{"at":0,"sha256":"' + b"0" * 64 + b'","size":%d}\n' % LARGEST + b"x" * (PIECE + 1),
    ],
)
def test_what_is_no_piece_is_refused(payload: bytes) -> None:
    with pytest.raises(BadSeal):
        Piece.parse(payload)


def test_only_centrals_own_word_counts() -> None:
    held = Held("box-7", "0" * 64, 5, 9)
    assert Held.parse(CENTRAL.sign(held.text()), CENTRAL.verifier) == held
    other = notes.Signer("boothkit/central", bytes(32))
    for note in (other.sign(held.text()), CENTRAL.sign(held.text().replace("\n9\n", "\n4\n")), CENTRAL.sign("x\n"), ""):
        with pytest.raises(notes.BadNote):
            Held.parse(note, CENTRAL.verifier)


@pytest.mark.parametrize("seed", range(4))
def test_over_a_line_that_loses_half_of_everything_it_arrives_and_becomes_a_fact(
    sold: Sold, shelf: Shelf, tmp_path: Path, run_folder: Path, worker: Callable[[str], object], seed: int
) -> None:
    sent = made(sold)
    sold.box.engine.close()
    worker("recorder")
    chance, now = random.Random(seed), [0.0]
    config = msgspec.convert({"central": {"key": CENTRAL.verifier.vkey()}}, Config)
    reader = Reader(sold.data)
    uplink = Backups(
        WorkerContext("uplink", config, sold.data, run_folder, FakeClock(), "box-7"), reader, lambda: now[0]
    )
    answers: list[str] = []

    def publish(payload: bytes) -> bool:
        if chance.random() < 0.5:
            held = shelf.take(BOX, Piece.parse(payload), 1)
            if chance.random() < 0.5:
                answers.append(CENTRAL.sign(held.text()))
        return True

    try:
        for _ in range(400):
            now[0] += 11
            uplink.turn(publish)
            while answers:
                uplink.kept(answers.pop(0).encode())
            if chance.random() < 0.1:
                uplink.connected()
            if noted := backups.newest(reader.db()):
                break
        else:
            pytest.fail("it never arrived")
        (kept,) = shelf.kept(BOX)
        assert kept.read_bytes() == sent
        assert [(one.kind, one.bytes) for one in noted] == [("uplink", len(sent))]
        uplink.turn(lambda payload: pytest.fail("nothing more is to be sent"))
    finally:
        uplink.close()
        reader.close()
