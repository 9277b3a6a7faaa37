"""The vector of docs/evidence.md: bytes, leaves, roots, keys, notes, cosignature, proof, receipt."""

import contextlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from appliance.journal import codec, merkle, notes

BODIES = [
    '{"actor":"staff:lead","at":"2026-11-23T18:00:01.000Z","boot":"b0","box":"box-7","clock":"ntp","command":"c1","data":{"name":"Abendmarkt"},"event":"ev1","id":"c1.0","kind":"event.opened/1","log":1,"mono":1000,"seq":1}',
    '{"actor":"staff:lead","at":"2026-11-23T18:00:02.000Z","boot":"b0","box":"box-7","clock":"ntp","command":"c2","data":{"list":"door","ticket":"t1"},"event":"ev1","id":"c2.0","kind":"ticket.admitted/1","log":1,"mono":2000,"seq":2}',
    '{"actor":"staff:lead","at":"2026-11-23T18:00:03.000Z","boot":"b0","box":"box-7","clock":"ntp","command":"c3","data":{"currency":"EUR","number":1,"total":450},"event":"ev1","id":"c3.0","kind":"sale.completed/1","log":1,"mono":3000,"seq":3}',
]
LEAVES = [
    "6c37ef4861eb86ae379b4588200dc3b9bfe39064ced22cfc67bae042df362da8",
    "389e9cea072d0907d371197dcd8011cd9790d613d6d60a00f90dcd66d426c111",
    "87aa945173d2cc3f4ff60ceab72f8d6e1cf8a8f3e44d4a116d954544dd2e5d2f",
]
ROOTS = [
    "6c37ef4861eb86ae379b4588200dc3b9bfe39064ced22cfc67bae042df362da8",
    "e64aec3c45670a756d437f0dee056961fb543fa14180484c7dbd058140ca7214",
    "51e971895cc687f801957ee2459e47aae746f5c48838a857a636622d74958fa5",
]
BOX = notes.Signer("boothkit/box-7/1", bytes(range(0x20)))
CENTRAL = notes.Signer("boothkit/central", bytes(range(0x20, 0x40)))
CHECKPOINT = """boothkit/box-7/1
3
UelxiVzGh/gBlX7iRZ5HqudG9cSIOKhXpjZiLXSVj6U=

— boothkit/box-7/1 5KR9T2fgJExkeJxQiHuzvySVuD9i4a+f6deTTTqS+Q0GaNb3LO4JadbvQZWidFpgLVg59he8K70qod4ooKnTrQngDQQ=
"""
COSIGNATURE = (
    "— boothkit/central R32bxQAAAABrBH8quZ5cxbQXju7LSNbwvt4FbPdMjnkaqZnLw3yBLlpur8Xzx"
    "xboQRPYBqxlMQd2WOzyPErafbf/bA71B2/6ZDkeBQ==\n"
)
PROOF = (
    """c2sp.org/tlog-proof@v1
index 1
bDfvSGHrhq43m0WIIA3Dub/jkGTO0iz8Z7rgQt82Lag=
h6qUUXPSzD9P9gzqty+Nbhz4qPPkTUoRbZVFRN0uXS8=

"""
    + CHECKPOINT
    + COSIGNATURE
)
RECEIPT = """boothkit-receipt/1
boothkit/box-7/1
2
5krsPEVnCnVtQ38N7gVpYftUP6FBgEhMfb0FgUDKchQ=

— boothkit/central tVTM8Ak6IcXhKHwJLCI3zYA+AIxRT7ZIzQil5OjBDtnLBjBaYa0M0bCgzHTu2xHjKtZae8vLuLTVVzpOKB4lmg7H2wI=
"""
leaves = [codec.leaf_hash(body.encode()) for body in BODIES]


def test_bodies_are_their_own_canonical_form_and_hash_to_the_leaves_of_the_vector() -> None:
    assert [codec.encode(codec.decode(body)).decode() for body in BODIES] == BODIES
    assert [leaf.hex() for leaf in leaves] == LEAVES


def test_the_frontier_grows_through_the_roots_of_the_vector() -> None:
    frontier = merkle.Frontier()
    roots = []
    for leaf in leaves:
        frontier.append(leaf)
        roots.append(frontier.root().hex())
    assert roots == ROOTS


def test_keys_checkpoint_cosignature_proof_and_receipt_are_those_of_the_vector() -> None:
    assert BOX.verifier.vkey() == "boothkit/box-7/1+e4a47d4f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    assert CENTRAL.verifier.vkey() == "boothkit/central+b554ccf0+ASmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
    witness = CENTRAL.verifier.witness()
    assert witness.vkey() == "boothkit/central+477d9bc5+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
    head = notes.TreeHead("boothkit/box-7/1", 3, merkle.root_of(leaves))
    assert BOX.sign(head.text()) == CHECKPOINT
    when = notes.verify(CHECKPOINT + COSIGNATURE, witness)[1]
    assert when is not None
    assert CENTRAL.cosign(CHECKPOINT, when) == CHECKPOINT + COSIGNATURE
    path = merkle.inclusion_proof(leaves, 1)
    assert notes.proof_text(1, path, CHECKPOINT + COSIGNATURE) == PROOF
    receipt = notes.TreeHead("boothkit/box-7/1", 2, bytes.fromhex(ROOTS[1]))
    assert CENTRAL.sign(receipt.receipt_text()) == RECEIPT


def test_what_was_written_is_read_back() -> None:
    for vkey in (BOX.verifier, CENTRAL.verifier.witness()):
        assert notes.Verifier.parse(vkey.vkey()) == vkey
    index, path, checkpoint, extra = notes.parse_proof(PROOF)
    head = notes.TreeHead.parse(notes.verify(checkpoint, BOX.verifier)[0])
    assert extra is None
    assert merkle.verify_inclusion(leaves[1], index, head.size, path, head.root)
    text, _ = notes.verify(RECEIPT, CENTRAL.verifier)
    assert notes.TreeHead.parse_receipt(text).size == 2


@given(st.integers(0, len(CHECKPOINT) - 1), st.sampled_from("AZaz09+/=\n —x"))
def test_a_changed_character_never_passes(place: int, other: str) -> None:
    changed = CHECKPOINT[:place] + other + CHECKPOINT[place + 1 :]
    if changed == CHECKPOINT:
        return
    with pytest.raises(notes.BadNote):
        notes.verify(changed, BOX.verifier)


@given(st.text(max_size=300))
def test_any_text_is_a_note_or_is_named_as_none(text: str) -> None:
    for read in (
        notes.split,
        notes.Verifier.parse,
        notes.TreeHead.parse,
        notes.TreeHead.parse_receipt,
        notes.parse_proof,
    ):
        with contextlib.suppress(notes.BadNote):
            read(text)


@given(st.integers(1, 70), st.data())
def test_every_leaf_is_provable_and_every_prefix_consistent(size: int, data: st.DataObject) -> None:
    tree = [codec.leaf_hash(b"%d" % i) for i in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_proof(tree, index)
    root = merkle.root_of(tree)
    assert merkle.verify_inclusion(tree[index], index, size, path, root)
    assert not merkle.verify_inclusion(codec.leaf_hash(b"other"), index, size, path, root)
    old = data.draw(st.integers(1, size))
    steps = merkle.consistency_proof(tree, old)
    old_root = merkle.root_of(tree[:old])
    assert merkle.verify_consistency(old, old_root, size, root, steps)
    assert not merkle.verify_consistency(old, codec.leaf_hash(b"other"), size, root, steps)
    frontier = merkle.Frontier()
    for leaf in tree:
        frontier.append(leaf)
    assert merkle.Frontier.from_bytes(size, frontier.to_bytes()).root() == root


@pytest.mark.parametrize("bad", [{"a": 1.0}, {"a": 2**53}, {"a": b"x"}, {"ä": 1}, {"a": [{"b": 0.5}]}])
def test_what_does_not_belong_into_a_fact_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(codec.NotCanonical):
        codec.encode(bad)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-codec.MAX_INT, codec.MAX_INT)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), values, max_size=6))
def test_our_canonical_form_is_that_of_rfc_8785(body: dict[str, object]) -> None:
    raw = codec.encode(body)
    assert raw == rfc8785.dumps(body)  # type: ignore[arg-type]
    assert codec.decode(raw) == body
