"""Tokens and proofs against a journal in this process: hostile bytes, and trees of awkward sizes."""

import base64
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.domain import tokens
from appliance.journal import merkle
from appliance.journal.book import BLOCK, Book, BrokenBook, Seal
from appliance.journal.read import Reader, SignedHead
from appliance.receipts import check
from appliance.receipts.check import Promise, Refused
from tests.conftest import EngineBox


class Shelf:
    """A box with one sale; checkpoints around the borders of its book's blocks."""

    def __init__(self, folder: Path) -> None:
        self.box = EngineBox(folder)
        self.box.open_event()
        tender = {"kind": "cash", "amount": 350}
        sale = self.box.do("sale.complete", lines=[{"sku": "COFFEE"}], tenders=[tender])
        self.token: str = sale["receipt"].rpartition("/")[2]
        self.reader = Reader(folder)
        self.book = Book(self.reader, folder / "keys", "")
        borders = (BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1, 801)
        self.sizes = (self._seal(), *(self._grow(size) for size in borders))

    def _seal(self) -> int:
        self.box.engine.checkpoint_if_news()
        return self.box.engine.store.pos

    def _grow(self, size: int) -> int:
        missing = range(self.box.engine.store.pos, size)
        tickets = [{"ticket": f"{number:024x}", "holder": ""} for number in missing]
        self.box.do("tickets.issue", list="general", tickets=tickets)
        return self._seal()

    def leaves(self) -> list[bytes]:
        return [row["leaf"] for row in self.reader.db().execute("SELECT leaf FROM fact ORDER BY pos")]

    def heads(self) -> list[SignedHead]:
        rows = self.reader.db().execute("SELECT log, size, note, cosigned FROM checkpoint ORDER BY size")
        return [SignedHead(*row) for row in rows]

    def close(self) -> None:
        self.reader.close()
        self.box.engine.close()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """One for all tests that only read it."""
    made = Shelf(tmp_path_factory.mktemp("shelf") / "data")
    yield made
    made.close()


def test_a_proof_from_kept_blocks_is_that_of_the_whole_tree_at_every_size(shelf: Shelf) -> None:
    leaves = shelf.leaves()
    [key] = shelf.book.keys().values()
    assert {head.size for head in shelf.heads()} >= set(shelf.sizes)
    for head in reversed(shelf.heads()):
        for seq in {1, head.size, *(n for n in (BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1) if n <= head.size)}:
            seal = shelf.book.seal(head, key, seq, leaves[seq - 1])
            assert seal.path == merkle.inclusion_proof(leaves[: head.size], seq - 1), (head.size, seq)
            assert seal.root == merkle.root_of(leaves[: head.size])


def test_the_newest_checkpoint_is_shown_and_one_that_central_cosigned_before_it(shelf: Shelf) -> None:
    newest = shelf.book.head(1, 1)
    assert newest is not None
    assert newest.size == shelf.sizes[-1]
    assert shelf.book.head(1, newest.size + 1) is None
    assert shelf.book.head(2, 1) is None


def test_a_book_that_was_changed_under_its_seal_proves_nothing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "data")
    found = check.read(shelf.book, shelf.token)
    assert isinstance(found, Promise)
    [key] = shelf.book.keys().values()
    head = shelf.heads()[-1]
    assert isinstance(shelf.book.seal(head, key, found.seq, found.leaf), Seal)
    shelf.close()
    with sqlite3.connect(shelf.box.data / "journal.db") as db:
        db.execute("DROP TRIGGER fact_update")
        db.execute("UPDATE fact SET leaf = zeroblob(32) WHERE pos = ?", (found.seq + 1,))
    db.close()
    reader = Reader(shelf.box.data)
    with pytest.raises(BrokenBook, match="signed over other facts"):
        Book(reader, shelf.box.data / "keys", "").seal(head, key, found.seq, found.leaf)
    reader.close()


def test_a_sale_whose_bytes_were_changed_is_no_longer_the_one_that_was_signed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "data")
    found = check.read(shelf.book, shelf.token)
    assert isinstance(found, Promise)
    shelf.close()
    with sqlite3.connect(shelf.box.data / "journal.db") as db:
        db.execute("DROP TRIGGER fact_update")
        (body,) = db.execute("SELECT body FROM fact WHERE pos = ?", (found.seq,)).fetchone()
        changed = json.dumps({**json.loads(body), "actor": "staff:other"}, sort_keys=True, separators=(",", ":"))
        db.execute("UPDATE fact SET body = ? WHERE pos = ?", (changed, found.seq))
    db.close()
    reader = Reader(shelf.box.data)
    assert check.read(Book(reader, shelf.box.data / "keys", ""), shelf.token) == check.UNKNOWN
    reader.close()


def refused(shelf: Shelf, text: str) -> bool:
    return isinstance(check.read(shelf.book, text), Refused)


@given(text=st.text())
def test_no_text_is_taken_for_a_receipt(shelf: Shelf, text: str) -> None:
    assert refused(shelf, text)


@given(raw=st.binary(max_size=700))
def test_no_bytes_are_taken_for_a_receipt(shelf: Shelf, raw: bytes) -> None:
    assert refused(shelf, tokens.url_text(raw))


@given(data=st.data())
def test_a_receipt_in_which_bytes_were_changed_is_refused(shelf: Shelf, data: st.DataObject) -> None:
    raw = bytearray(base64.urlsafe_b64decode(shelf.token + "=="))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    assert refused(shelf, tokens.url_text(bytes(raw))) or tokens.url_text(bytes(raw)) == shelf.token


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.binary(max_size=40) | st.text(max_size=20) | st.floats(),
    lambda more: st.lists(more, max_size=3) | st.dictionaries(st.integers() | st.text(max_size=5), more, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    [tokens.CTI, tokens.KIND, tokens.EVENT, tokens.SCOPE, tokens.ORIGIN, tokens.SEQ, tokens.LEAF, tokens.EXP]
)


@given(changes=st.dictionaries(_NAMES, _ANY, min_size=1, max_size=3))
def test_claims_of_any_type_are_refused_and_never_an_error(shelf: Shelf, changes: dict[int, object]) -> None:
    envelope = cbor2.loads(base64.urlsafe_b64decode(shelf.token + "=="))
    protected, kid, payload, signature = envelope.value
    claims = {**cbor2.loads(payload), **changes}
    if claims != cbor2.loads(payload):
        altered = [protected, kid, cbor2.dumps(claims, canonical=True), signature]
        assert refused(shelf, tokens.url_text(cbor2.dumps(cbor2.CBORTag(18, altered), canonical=True)))


@pytest.mark.parametrize(
    "payload",
    [
        cbor2.dumps({1: cbor2.CBORTag(5, [10**17, 1])}),  # a number with 10¹⁷ digits
        cbor2.dumps({1: cbor2.CBORTag(4, [10**17, 1])}),
        cbor2.dumps({1: cbor2.CBORTag(30, [1, 0])}),  # 1 divided by 0
        cbor2.dumps({7: b"x" * 10, tokens.KIND: [5], tokens.EVENT: "e"}),
        b"\x9b\x00\x00\x00\x7f\xff\xff\xff\xff",  # a list of 2³⁹ items, none of them there
        b"\x81" * 600,
    ],
    ids=["huge", "decimal", "zero", "list", "length", "deep"],
)
def test_cbor_that_was_made_to_hurt_is_a_cut_receipt(shelf: Shelf, payload: bytes) -> None:
    envelope = [cbor2.dumps({1: -8}), {4: b"k" * 8}, payload, b"s" * 64]
    text = tokens.url_text(cbor2.dumps(cbor2.CBORTag(18, envelope), canonical=True))
    assert check.read(shelf.book, text) == check.CUT
    assert check.read(shelf.book, tokens.url_text(payload)) == check.CUT
