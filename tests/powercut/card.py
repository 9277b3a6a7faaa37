"""A card as it may look after a power cut.

What was synced is there. Of what was written since, each sector of 512 bytes is there or not, whatever the order of
the writes, as of any of its writes; a file may also have grown already and hold zeros where nothing arrived. Names
(new, moved, removed) are kept in their order, as a file system with a journal keeps them, up to any of those since the
folder was last synced. A sector is never half written: the card's own promise, on which everything else rests.
"""

import random
from dataclasses import dataclass, field
from pathlib import PurePath

from tests.powercut.recording import Answered, Event, Opened, Removed, Renamed, Synced, Truncated, Written

SECTOR = 512


@dataclass
class _File:
    settled: bytearray = field(default_factory=bytearray)
    pending: list[Written | Truncated] = field(default_factory=list)

    def settle(self) -> None:
        """All of it is on the card."""
        for change in self.pending:
            _apply(self.settled, change)
        self.pending.clear()

    def after(self, chance: random.Random, keep: float) -> bytes:
        """Its bytes when each sector since the last sync was kept with a probability of ``keep``."""
        meant, found = bytearray(self.settled), bytearray(self.settled)
        for change in self.pending:
            sectors = _apply(meant, change)
            if isinstance(change, Truncated) and chance.random() < keep:
                del found[change.size :]
            for start in (number * SECTOR for number in sectors):
                if chance.random() < keep:
                    found.extend(bytes(max(0, start - len(found))))
                    sector = meant[start : start + SECTOR]
                    found[start : start + len(sector)] = sector
        if chance.random() < keep:
            found.extend(bytes(max(0, len(meant) - len(found))))
        return bytes(found)

    def torn(self, chance: random.Random) -> bytes:
        """Its bytes when everything arrived but the end of the last write."""
        found = bytearray(self.settled)
        for change in self.pending[:-1]:
            _apply(found, change)
        for change in self.pending[-1:]:
            if isinstance(change, Written):
                offset = len(found) if change.offset is None else change.offset
                room = SECTOR - offset % SECTOR + SECTOR * chance.randrange(len(change.data) // SECTOR + 1)
                change = Written(change.path, offset, change.data[:room])
            _apply(found, change)
        return bytes(found)


def _apply(content: bytearray, change: Written | Truncated) -> range:
    """Do what was asked; the sectors that it wrote to."""
    if isinstance(change, Truncated):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return range(0)
    offset = len(content) if change.offset is None else change.offset
    end = offset + len(change.data)
    content.extend(bytes(max(0, offset - len(content))))
    content[offset:end] = change.data
    return range(offset // SECTOR, -(-end // SECTOR))


class Card:
    """Takes events; says what may be left of them. ``deaf``: a file whose syncs the card does not honour."""

    def __init__(self, deaf: str = "") -> None:
        self._deaf = deaf
        self._names: dict[str, _File] = {}
        self._settled: dict[str, _File] = {}
        self._moves: list[tuple[PurePath, dict[str, _File]]] = []  # the folder, and all names behind the change

    def take(self, event: Event) -> None:
        """What the kernel was asked to do."""
        match event:
            case Opened(path, emptied):
                if path not in self._names:
                    self._move(path, {**self._names, path: _File()})
                elif emptied and (self._names[path].settled or self._names[path].pending):
                    self._names[path].pending.append(Truncated(path, 0))
            case Written() | Truncated():
                self._names[event.path].pending.append(event)
            case Synced(path) if path in self._names:
                if path != self._deaf:
                    self._names[path].settle()
            case Synced(path):
                self._settle_names(PurePath(path))
            case Renamed(path, to):
                names = dict(self._names)
                names[to] = names.pop(path)
                self._move(to, names)
            case Removed(path):
                self._move(path, {name: file for name, file in self._names.items() if name != path})
            case Answered():
                pass

    def _move(self, path: str, names: dict[str, _File]) -> None:
        self._names = names
        self._moves.append((PurePath(path).parent, names))

    def _settle_names(self, folder: PurePath) -> None:
        """Up to the last change in this folder; the journal keeps the order, so what came before is there too."""
        for number in range(len(self._moves), 0, -1):
            where, names = self._moves[number - 1]
            if where == folder:
                self._settled = names
                del self._moves[:number]
                return

    def whole(self) -> dict[str, bytes]:
        """Everything arrived."""
        return {name: file.after(random.Random(0), 1.0) for name, file in self._names.items()}

    def synced(self) -> dict[str, bytes]:
        """Nothing arrived but what was synced."""
        return {name: bytes(file.settled) for name, file in self._settled.items()}

    def torn(self, chance: random.Random) -> dict[str, bytes]:
        """Everything arrived but the end of each file's last write."""
        return {name: file.torn(chance) for name, file in self._names.items()}

    def scattered(self, chance: random.Random) -> dict[str, bytes]:
        """Some of what was not synced arrived, whatever its order."""
        keep = chance.random()
        names = chance.choice([self._settled, *(names for _, names in self._moves)])
        return {name: file.after(chance, keep) for name, file in names.items()}
