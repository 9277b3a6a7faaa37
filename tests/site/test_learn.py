"""What is known of another door counts at this one, in whatever order and however often it comes."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.clock import FakeClock
from appliance.projections.runner import Projector
from tests.site.conftest import Door, NewDoor, Pair, Word

TICKET = "ab" * 8


def test_a_ticket_that_went_in_at_one_door_is_refused_at_the_other(pair: Pair) -> None:
    one, other = pair
    one.ticket(TICKET)
    other.ticket(TICKET)
    at = one.scan(TICKET)["at"]
    other.listen(one)
    refused = other.scan(TICKET)
    assert (refused["verdict"], refused["reason"]) == ("refused", "already_used")
    assert refused["first"] == {"at": at, "gate": "door", "box": "quay-a"}
    assert "admission.learnt/1" in other.kinds()
    one.listen(other)
    assert one.kinds().count("admission.learnt/1") == 0, "what one door taught the other came back"


def test_an_entry_that_was_undone_counts_nowhere(pair: Pair) -> None:
    one, other = pair
    one.ticket(TICKET)
    other.ticket(TICKET)
    scan = one.scan(TICKET)["scan"]
    other.listen(one)
    one.do("admission.undo", scan=scan)
    other.listen(one)
    assert other.scan(TICKET)["verdict"] == "admitted"


def test_who_went_out_at_the_other_door_comes_in_again_at_this_one(new_door: NewDoor) -> None:
    one, other = new_door("quay-a"), new_door("quay-b")
    one.meet(other)
    other.meet(one)
    other.event(one.event(entry="reentry"), entry="reentry")
    for door in (one, other):
        door.ticket(TICKET)
    assert one.scan(TICKET)["verdict"] == "admitted"
    other.listen(one)
    assert other.scan(TICKET)["reason"] == "already_used"
    assert other.scan(TICKET, "out")["verdict"] == "exited"
    one.listen(other)
    assert one.scan(TICKET)["verdict"] == "admitted"


def test_a_ticket_that_is_taken_back_at_one_box_is_void_at_all(pair: Pair) -> None:
    one, other = pair
    other.ticket(TICKET)
    one.do("tickets.mark", mark="revoked", tickets=[TICKET])
    other.listen(one)
    other.listen(one)
    assert other.scan(TICKET)["reason"] == "revoked"
    one.listen(other)
    assert other.kinds().count("ticket.revoked/1") == one.kinds().count("ticket.revoked/1") == 1


def test_what_comes_again_changes_nothing_and_what_comes_too_early_waits(pair: Pair) -> None:
    one, other = pair
    for number in range(6):
        one.ticket(f"{number:032x}")
        one.scan(f"{number:032x}")
    size = one.engine.store.size
    words = [one.say(first, min(first + 4, size)) for first in range(1, size, 5)]
    assert other.hear(words[1])["refusal"]["slug"] == "gap"
    assert other.heard(one) == 0
    for word in words:
        assert other.hear(word)["ok"]
    before, told = other.dump(), other.kinds().count("admission.learnt/1")
    assert told == 6
    for word in words:
        reply = other.hear(word)
        assert (reply["ok"], reply["positions"]) == (True, None)
    assert (other.dump(), other.heard(one)) == (before, size)
    # A part that is known and a part that is new.
    one.scan("f" * 32)
    assert other.hear(one.say(size - 3, size + 1))["answer"]["have"] == size + 1


def test_a_late_box_hears_the_event_and_nothing_before_it(new_door: NewDoor) -> None:
    one, other = new_door("quay-a"), new_door("quay-b")
    one.event()
    one.ticket(TICKET)
    one.scan(TICKET)
    one.do("event.close")
    event = one.event()
    begins = one.engine.store.db.execute("SELECT max(ordinal) FROM p_event").fetchone()[0]
    one.ticket(TICKET)
    one.scan(TICKET)
    one.meet(other)
    other.meet(one)
    other.event(event)
    other.ticket(TICKET)
    assert other.hear(one.say(begins - 1, one.engine.store.size))["ok"], "more than is needed is fine"
    assert other.kinds().count("admission.learnt/1") == 1
    assert other.scan(TICKET)["reason"] == "already_used"
    third = new_door("quay-c")
    third.meet(one)
    third.event(event)
    assert third.hear(one.say(begins + 1, one.engine.store.size))["refusal"]["slug"] == "gap"
    assert third.hear(one.say(begins, one.engine.store.size))["ok"]


def test_of_another_event_nothing_is_learnt(new_door: NewDoor) -> None:
    one, other = new_door("quay-a"), new_door("quay-b")
    one.meet(other)
    other.meet(one)
    one.event()
    other.event()
    one.ticket(TICKET)
    one.scan(TICKET)
    other.listen(one)
    assert other.heard(one) == one.engine.store.size
    assert "admission.learnt/1" not in other.kinds()


def test_an_entry_that_is_heard_of_late_does_not_bring_back_who_went_out_since(new_door: NewDoor) -> None:
    clock = FakeClock()
    one, other = new_door("quay-a", clock), new_door("quay-b", clock)
    one.meet(other)
    other.meet(one)
    other.event(one.event(entry="reentry"), entry="reentry")
    for door in (one, other):
        door.ticket(TICKET)
    one.scan(TICKET)
    clock.advance(60)
    other.do("ticket.admit", ticket=TICKET, direction="out")
    other.listen(one)
    assert not other.is_inside(TICKET)
    one.listen(other)
    assert not one.is_inside(TICKET)


def test_the_box_starts_a_new_log_and_is_heard_on(pair: Pair, new_door: NewDoor, tmp_path: Path) -> None:
    one, other = pair
    one.ticket(TICKET)
    one.scan(TICKET)
    other.listen(one)
    one.engine.store.begin()
    one.engine._start_log("behind")
    one.engine.store.commit()
    one.ticket("cd" * 8)
    one.scan("cd" * 8)
    other.listen(one)
    assert other.heard(one) == one.engine.store.size
    assert other.kinds().count("admission.learnt/1") == 2


class Site:
    """Two doors, what they said to each other so far, and by a count of its own which scan let which ticket in."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        one, other = (Door(folder / name, name, self.clock) for name in ("quay-a", "quay-b"))
        one.meet(other)
        other.meet(one)
        other.event(one.event())
        self.pairs = ((one, other), (other, one))
        self.tickets = [f"{number:032x}" for number in range(4)]
        for door in (one, other):
            for ticket in self.tickets:
                door.ticket(ticket)
        self.let_in: dict[str, dict[str, str]] = {one.name: {}, other.name: {}}
        self.words: list[tuple[Door, Word]] = []

    def scan(self, door: Door, peer: Door, number: int) -> None:
        told = door.scan(self.tickets[number])
        if told["verdict"] == "admitted":
            assert self.tickets[number] not in self.let_in[door.name].values()
            self.let_in[door.name][told["scan"]] = self.tickets[number]

    def out(self, door: Door, peer: Door, number: int) -> None:
        door.scan(self.tickets[number], "out")

    def undo(self, door: Door, peer: Door, number: int) -> None:
        for scan in list(self.let_in[door.name])[-1:]:
            if door.ask("admission.undo", {"scan": scan})["ok"]:
                del self.let_in[door.name][scan]

    def hear(self, door: Door, peer: Door, number: int) -> None:
        have, size = door.heard(peer), peer.engine.store.size
        if have < size:
            self.words.append((door, peer.say(have + 1, min(have + 1 + number * 2, size))))
            assert door.hear(self.words[-1][1])["ok"]

    def again(self, door: Door, peer: Door, number: int) -> None:
        for whose, word in self.words[-1 - number :]:
            before = whose.dump()
            assert whose.hear(word)["ok"]
            assert whose.dump() == before

    def check(self) -> None:
        for door, peer in self.pairs:
            door.listen(peer)
        entries = sorted(ticket for found in self.let_in.values() for ticket in found.values())
        for door, _ in self.pairs:
            rows = door.engine.store.db.execute("SELECT ticket, entries FROM p_place WHERE entries > 0").fetchall()
            assert sorted(ticket for row in rows for ticket in [row["ticket"]] * row["entries"]) == entries
            for ticket in self.tickets:
                assert (door.scan(ticket)["verdict"] == "refused") == (ticket in entries)
            live = door.dump()
            Projector(door.engine.store.db).rebuild()
            assert door.dump() == live


MOVES = st.tuples(st.sampled_from(["scan", "out", "undo", "hear", "again"]), st.booleans(), st.integers(0, 3))


@settings(max_examples=40)
@given(moves=st.lists(MOVES, max_size=40))
def test_whatever_passes_between_two_doors_both_end_up_with_the_same_entries(
    moves: list[tuple[str, bool, int]],
) -> None:
    """Single entry: of each ticket both know all entries that were not undone, and none is let in where an entry is
    known."""
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        try:
            for kind, first, number in moves:
                site.clock.advance(1)
                getattr(site, kind)(*site.pairs[int(first)], number)
            site.check()
        finally:
            for door, _ in site.pairs:
                door.engine.close()
