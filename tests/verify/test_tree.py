"""RFC 6962 §2.1.1 and §2.1.2: proofs for trees of any size, made and checked; the page's check beside ours."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.journal import merkle
from tests.independent import tree_root
from tests.verify.script import Script

LEAVES = [hashlib.sha256(b"\x00%d" % place).digest() for place in range(300)]


@pytest.mark.parametrize("size", range(1, 41))
def test_every_place_of_every_small_tree_is_proved_at_its_place_only(script: Script, size: int) -> None:
    leaves = LEAVES[:size]
    root = tree_root(leaves)
    for index in range(size):
        path = merkle.inclusion_proof(leaves, index)
        assert merkle.verify_inclusion(leaves[index], index, size, path, root)
        for place in range(size + 2):
            there = script("leads", {"index": place, "path": path, "size": size, "root": root}, leaves[index])
            assert there is merkle.verify_inclusion(leaves[index], place, size, path, root) is (place == index)


@pytest.mark.parametrize("size", range(1, 41))
def test_every_small_tree_extends_each_of_its_beginnings_and_no_other(size: int) -> None:
    root = tree_root(LEAVES[:size])
    for old in range(1, size + 1):
        path = merkle.consistency_proof(LEAVES[:size], old)
        for claimed in range(1, size + 1):
            before = tree_root(LEAVES[:claimed])
            assert merkle.verify_consistency(claimed, before, size, root, path) is (claimed == old)
        other = tree_root([*LEAVES[: old - 1], bytes(32)])
        assert not merkle.verify_consistency(old, other, size, root, path)


@given(st.integers(1, 300), st.data())
@settings(deadline=None, max_examples=60)
def test_a_spoilt_proof_proves_nothing_whatever_the_size(script: Script, size: int, data: st.DataObject) -> None:
    leaves = LEAVES[:size]
    root = tree_root(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_proof(leaves, index)
    spoilt = data.draw(
        st.sampled_from([[*path, bytes(32)], [bytes(32), *path], path[1:], path[:-1], path[::-1]]).filter(
            lambda other: other != path
        )
        if path
        else st.just([bytes(32)])
    )
    assert not merkle.verify_inclusion(leaves[index], index, size, spoilt, root)
    assert not script("leads", {"index": index, "path": spoilt, "size": size, "root": root}, leaves[index])
    old = data.draw(st.integers(1, size))
    steps = merkle.consistency_proof(leaves, old)
    before = tree_root(leaves[:old])
    assert merkle.verify_consistency(old, before, size, root, steps)
    assert not merkle.verify_consistency(old, before, size, root, [*steps, bytes(32)])
    if steps:
        assert not merkle.verify_consistency(old, before, size, root, steps[:-1])
        place = data.draw(st.integers(0, len(steps) - 1))
        changed = [*steps[:place], bytes(32), *steps[place + 1 :]]
        assert not merkle.verify_consistency(old, before, size, root, changed)


def test_a_place_near_the_end_of_all_numbers_is_checked_exactly(script: Script) -> None:
    size = 2**53 - 1
    path = [hashlib.sha256(b"%d" % step).digest() for step in range(53)]
    for index in (0, 2**52, size - 1):
        digest, node, last = LEAVES[0], index, size - 1
        used = []
        for sibling in path:
            if last == 0:
                break
            used.append(sibling)
            left = node & 1 or node == last
            digest = merkle.node_hash(sibling, digest) if left else merkle.node_hash(digest, sibling)
            while left and node and not node & 1:
                node, last = node >> 1, last >> 1
            node, last = node >> 1, last >> 1
        assert merkle.verify_inclusion(LEAVES[0], index, size, used, digest)
        proof = {"index": index, "path": used, "size": size, "root": digest}
        assert script("leads", proof, LEAVES[0])
        assert not script("leads", proof | {"index": 1}, LEAVES[0])
