"""Who writes to the site's broker is anybody: what is not signed by a box of the policy, as it is, changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.journal.codec import decode, encode, leaf_hash
from appliance.journal.notes import Signer, b64
from tests.site.conftest import Door, NewDoor, Pair, Word

TICKET = "ab" * 8


@pytest.fixture
def spoken(pair: Pair) -> tuple[Door, Door, Word]:
    """One box has something to say to the other."""
    one, other = pair
    one.ticket(TICKET)
    other.ticket(TICKET)
    one.scan(TICKET)
    return one, other, one.say(1, one.engine.store.size)


def refused(door: Door, data: Word | dict[str, Any]) -> str:
    """Nothing is different afterwards; why it was refused, in words."""
    before, pos = door.dump(), door.engine.store.pos
    reply = door.hear(data)
    assert not reply["ok"], reply
    assert (door.dump(), door.engine.store.pos) == (before, pos)
    assert reply["refusal"]["keeps"] is False, "a stranger would use up the identity of a box"
    words: str = reply["refusal"]["detail"]
    return words


def passage(signer: Signer, bodies: list[str], place: str, event: str, origin: str | None = None) -> Word:
    """A word as a box makes it, signed by anybody."""
    from hashlib import sha256

    digest = b64(sha256(b"".join(leaf_hash(body.encode()) for body in bodies)).digest())
    return Word(signer.sign(f"boothkit-site/1\n{origin or signer.verifier.name}\n{event}\n{place}\n{digest}\n"), bodies)


def test_a_stranger_and_somebody_in_a_boxs_name_change_nothing(spoken: tuple[Door, Door, Word]) -> None:
    _, other, word = spoken
    event = decode(word.bodies[-1])["event"]
    size = len(word.bodies)
    place = f"1 1 {size}"
    stranger = Signer("boothkit/quay-x/1", bytes(32))
    assert "names no box 'quay-x'" in refused(other, passage(stranger, word.bodies, place, event))
    in_its_name = Signer("boothkit/quay-a/1", bytes(32))
    assert "made its signature" in refused(other, passage(in_its_name, word.bodies, place, event))
    under_ours = Signer("boothkit/quay-b/1", bytes(32))
    assert "name of this box" in refused(other, passage(under_ours, word.bodies, place, event))
    own = other.engine.store.keys.signer(1)
    origin = "boothkit/quay-a/1"
    assert "made its signature" in refused(other, passage(own, word.bodies, place, event, origin))
    assert other.hear(word)["ok"]


def test_facts_that_are_not_those_that_were_signed_change_nothing(spoken: tuple[Door, Door, Word]) -> None:
    _, other, word = spoken
    bodies = word.bodies
    changed = encode(decode(bodies[-1]) | {"actor": "staff:s9"}).decode()
    for others in (bodies[:-1], bodies[1:], [*bodies, bodies[-1]], bodies[::-1], [*bodies[:-1], changed], []):
        assert refused(other, {"note": word.note, "bodies": others})


def test_what_a_box_signs_of_another_place_is_refused(spoken: tuple[Door, Door, Word]) -> None:
    """Its key was stolen, or its program is wrong: the places are still its own."""
    one, other, word = spoken
    own, event = one.engine.store.keys.signer(1), decode(word.bodies[-1])["event"]
    size = len(word.bodies)
    for place in (
        f"1 2 {size + 1}",
        f"1 0 {size - 1}",
        f"1 {size} 1",
        f"1 1 {size} 9",
        "1 1",
        f"1 1 {'9' * 30}",
        "a b c",
    ):
        assert refused(other, passage(own, word.bodies, place, event))
    elsewhere = encode(decode(word.bodies[-1]) | {"box": "quay-c"}).decode()
    assert "stands elsewhere" in refused(other, passage(own, [elsewhere], f"1 {size} {size}", event))
    for body in ("null", "[]", "{}", '{"box":"quay-a"}', "\x00", "{" * 900, '{"a":1.5}'):
        assert refused(other, passage(own, [body], f"1 {size} {size}", event))


def test_a_state_is_read_only_from_a_box_of_the_policy(spoken: tuple[Door, Door, Word]) -> None:
    one, other, word = spoken

    def ask(door: Door, name: str, data: dict[str, Any]) -> dict[str, Any]:
        return door.ask(name, data, role="uplink", actor="box:uplink")

    note = ask(one, "site.state", {})["answer"]["note"]
    heard = ask(other, "site.heard", {"note": note})
    assert heard["answer"]["box"] == "quay-a"
    assert heard["answer"]["state"]["inside"] == {"general": 1}
    forged = Signer("boothkit/quay-a/1", bytes(32)).sign(note.split("\n\n")[0] + "\n")
    for bad in (forged, word.note, note[:-30], "", "x" * 60_000):
        assert ask(other, "site.heard", {"note": bad})["refusal"]["slug"] in ("bad-passage", "validation")


def test_the_recorder_signs_its_own_facts_and_nothing_else(pair: Pair) -> None:
    one, _ = pair
    size = one.engine.store.size
    for place in (
        {"log": 1, "first": 1, "last": size + 1},
        {"log": 1, "first": 0, "last": 1},
        {"log": 2, "first": 1, "last": 1},
        {"log": 1, "first": 3, "last": 2},
        {"log": 1, "first": 1, "last": 1, "text": "x"},
        {"log": "1", "first": 1, "last": 1},
    ):
        reply = one.ask("site.sign", place, role="uplink", actor="box:uplink")
        assert reply["refusal"]["slug"] == "validation", place
    for role in ("guest", "staff", "device"):
        assert one.ask("site.sign", {"log": 1, "first": 1, "last": 1}, role=role)["refusal"]["slug"] == "role"
        assert one.ask("site.learn", {"note": "", "bodies": []}, role=role)["refusal"]["slug"] == "role"


def test_a_box_that_the_policy_names_no_more_is_a_stranger(pair: Pair, new_door: NewDoor) -> None:
    one, other = pair
    other.meet(new_door("quay-c"), version=2)
    assert "names no box 'quay-a'" in refused(other, one.say(1, 2))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_break_the_reader(spoken: tuple[Door, Door, Word], data: st.DataObject) -> None:
    """One cut, one flipped character, one line more or less."""
    _, other, word = spoken
    at = data.draw(st.integers(0, len(word.note) - 6))  # the last bits of base64 say nothing
    change: Callable[[], str] = data.draw(
        st.sampled_from(
            [
                lambda: word.note[:at],
                lambda: word.note[:at] + chr(ord(word.note[at]) ^ 1) + word.note[at + 1 :],
                lambda: word.note[:at] + "\n" + word.note[at:],
                lambda: word.note[at:],
            ]
        )
    )
    bad = change()
    if bad != word.note:
        refused(other, {"note": bad, "bodies": word.bodies})
