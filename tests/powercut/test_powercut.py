"""Promises about a plug that is pulled: every answered sale is there, wherever it happens.

The cut is not at the process but at the card: a recorder is watched while it sells, and the card is rebuilt as it may
have looked at each moment. POWERCUT_POINTS and POWERCUT_SEED make the search longer, and another one.
"""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.journal.verify import verify
from tests.conftest import EngineBox
from tests.powercut.card import Card
from tests.powercut.recording import SALE, STRACE, Answered, Event, Recording, Synced, Written, record

SALES = 500
POINTS = int(os.environ.get("POWERCUT_POINTS", "500"))
SEED = int(os.environ.get("POWERCUT_SEED", "1"))


def needs_strace() -> None:
    """Skips without strace; in CI it has to be there."""
    if not STRACE:
        assert os.environ.get("CI") != "true", "strace is missing"
        pytest.skip("strace is missing (Debian: sudo apt-get install strace)")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """500 sales, answered by two recorders, the first of which was killed."""
    needs_strace()
    folder = tmp_path_factory.mktemp("powercut")
    return record(folder, folder, sales=SALES, tills=8, kill_at=40)


def restart(recording: Recording, folder: Path, files: dict[str, bytes]) -> EngineBox:
    """A recorder's engine, started on what the card holds. The journal is the recorded file itself, with other
    content: a recorder sees by its time of birth when it is a copy."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "keys").mkdir(parents=True)
    for name, content in files.items():
        if name == "journal.db":
            (folder / name).hardlink_to(recording.data / name)
        (folder / name).write_bytes(content)
    return EngineBox(folder)


def missing(box: EngineBox, numbers: dict[str, str]) -> list[str]:
    """Sales that the journal does not hold, or holds under another number."""
    query = (
        "SELECT body ->> '$.command', body ->> '$.data.number' FROM fact WHERE body ->> '$.kind' = 'sale.completed/1'"
    )
    found = dict(map(tuple, box.engine.store.db.execute(query)))
    return [ident for ident, number in numbers.items() if found.get(ident) != number]


class Search:
    """Goes through a recording once, and pulls the plug at the events that it is told."""

    def __init__(self, recording: Recording, folder: Path) -> None:
        self._recording, self._folder = recording, folder
        self.cuts = 0

    def run(self, at: dict[int, Callable[[Card], dict[str, bytes]]]) -> None:
        """``at``: by the number of an event, what is on the card when the power goes behind it."""
        card, answered = Card(), dict[str, str]()
        for number, event in enumerate(self._recording.events):
            card.take(event)
            if isinstance(event, Answered) and event.ident in self._recording.numbers:
                answered[event.ident] = self._recording.numbers[event.ident]
            if number in at:
                self._cut(f"event {number}, {type(event).__name__}", at[number](card), answered)

    def _cut(self, where: str, files: dict[str, bytes], answered: dict[str, str]) -> None:
        box = restart(self._recording, self._folder, files)
        try:
            found = verify(self._folder)
            assert found["ok"], f"{where}: {found}"
            assert missing(box, answered) == [], f"{where}: answered sales are lost"
            if answered:
                ident = next(reversed(answered))
                again = box.ask("sale.complete", SALE, id=ident, actor="staff:s1", role="staff")
                assert again["answer"]["number"] == answered[ident], f"{where}: {ident} was sold twice"
        finally:
            box.engine.close()
        self.cuts += 1


def test_the_recording_holds_what_a_busy_till_asks_of_a_card(recording: Recording) -> None:
    syncs = sum(1 for event in recording.events if event == Synced("journal.db-wal"))
    assert syncs < SALES, "sales were committed together"
    begun_again = [
        e for e in recording.events if isinstance(e, Written) and (e.path, e.offset) == ("journal.db-wal", 0)
    ]
    assert len(begun_again) > 1, "the write-ahead log was moved into the file, and begun again"
    answered = [event.ident for event in recording.events if isinstance(event, Answered)]
    assert set(recording.numbers) <= set(answered)


def test_every_answered_sale_is_there_after_a_power_cut_behind_any_sync(recording: Recording, tmp_path: Path) -> None:
    search = Search(recording, tmp_path / "box")
    search.run({n: Card.whole for n, event in enumerate(recording.events) if isinstance(event, Synced)})
    assert search.cuts > 50


def test_every_answered_sale_is_there_when_the_card_kept_only_what_was_synced(
    recording: Recording, tmp_path: Path
) -> None:
    """The plug goes behind the last answer of each batch, before the next write."""
    events = recording.events
    last = [
        n
        for n, event in enumerate(events[:-1])
        if isinstance(event, Answered) and not isinstance(events[n + 1], Answered)
    ]
    search = Search(recording, tmp_path / "box")
    search.run(dict.fromkeys([*last, len(events) - 1], Card.synced))
    assert search.cuts > 50


def test_every_answered_sale_is_there_whatever_the_card_made_of_the_rest(recording: Recording, tmp_path: Path) -> None:
    """The last write torn, or sectors kept and lost whatever their order, at points drawn by lot."""
    chance = random.Random(SEED)
    writes = [n for n, event in enumerate(recording.events) if not isinstance(event, Answered | Synced)]
    ways: list[Callable[[Card], dict[str, bytes]]] = [
        lambda card: card.scattered(chance),
        lambda card: card.torn(chance),
        lambda card: card.scattered(chance),
    ]
    points = chance.sample(writes, min(POINTS, len(writes)))
    search = Search(recording, tmp_path / "box")
    search.run({n: ways[count % len(ways)] for count, n in enumerate(points)})
    assert search.cuts >= min(POINTS, len(writes))


def test_a_sale_that_is_answered_after_a_kill_is_there_after_a_power_cut(tmp_path: Path, run_folder: Path) -> None:
    """The recorder dies with the sale written and not synced. The next one finds it, and answers when it is asked
    again: by then it has to be on the card."""
    needs_strace()
    one_till = record(tmp_path, run_folder, sales=12, tills=1, kill_at=25)
    search = Search(one_till, tmp_path / "box")
    search.run({n: Card.synced for n, event in enumerate(one_till.events) if isinstance(event, Answered)})
    assert search.cuts >= 12


def test_an_answer_that_leaves_before_its_sync_would_be_found_out(recording: Recording, tmp_path: Path) -> None:
    """So that the promises above cannot hold for want of looking."""
    early: list[Event] = []
    for event in recording.events:
        place = len(early)
        if isinstance(event, Answered):
            place = max(n for n, before in enumerate(early) if before == Synced("journal.db-wal"))
        early.insert(place, event)
    search = Search(Recording(recording.data, early, recording.numbers), tmp_path / "box")
    with pytest.raises(AssertionError, match="answered sales are lost"):
        search.run({n: Card.synced for n, event in enumerate(early) if isinstance(event, Answered)})


def test_a_card_that_forgets_what_was_synced_would_be_found_out(recording: Recording, tmp_path: Path) -> None:
    """The plug goes when most sales stand in the write-ahead log alone: at the end it may just have been moved."""
    cut, waiting = 0, list[str]()
    alone = list[str]()
    for number, event in enumerate(recording.events):
        if isinstance(event, Written) and event.path == "journal.db":
            alone.clear()
        elif isinstance(event, Answered) and event.ident in recording.numbers:
            alone.append(event.ident)
            if len(alone) > len(waiting):
                cut, waiting = number, [*alone]
    assert len(waiting) > 50
    card = Card(deaf="journal.db-wal")
    for event in recording.events[: cut + 1]:
        card.take(event)
    box = restart(recording, tmp_path / "box", card.synced())
    try:
        # Those of the batch whose commit moved the log are answered behind that, and are safe.
        assert len({*waiting} & {*missing(box, recording.numbers)}) > 50
    finally:
        box.engine.close()
