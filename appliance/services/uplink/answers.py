"""Central's answers on their way to the recorder: receipts and cosigned checkpoints, judged by it alone."""

import hashlib
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from appliance import log
from appliance.errors import Problem
from appliance.journal import notes
from appliance.journal.client import RecorderClient
from appliance.services.uplink.asking import ask
from appliance.services.uplink.faults import Fault

logger = log.get("uplink")

_MOST_NOTES = 8
_BEHIND = "Nothing is lost here. Central has an incident with both pasts: compare the cash of that time."
_RECORDER_S = 3.0


@dataclass(frozen=True)
class Receipt:
    """Central holds everything up to ``pos``. ``fresh``: it says so now, it had not been lying at the broker."""

    pos: int
    fresh: bool


class Answers:
    """Keeps what came until its turn. Every note costs the recorder a commit, so the newest good receipt makes the
    older ones needless."""

    def __init__(self, run: Path) -> None:
        self._recorder = RecorderClient(run, "uplink", _RECORDER_S)
        self._receipts: deque[tuple[str, bool]] = deque(maxlen=_MOST_NOTES)
        self._cosigned: deque[str] = deque(maxlen=_MOST_NOTES)
        self._taken: dict[str, tuple[str, int]] = {}  # by command: the newest note that the recorder took, its pos
        self.refused: Fault | None = None
        """Why the last one that was refused was refused."""

    def close(self) -> None:
        """Let go of the recorder."""
        self._recorder.close()

    def waiting(self) -> bool:
        """Whether there is anything to hand over."""
        return bool(self._receipts or self._cosigned)

    def keep(self, topic: str, payload: bytes, *, fresh: bool) -> None:
        """A message from central; what is no text is dropped with a line in the log."""
        try:
            note = payload.decode()
        except UnicodeDecodeError:
            logger.warning("uplink.unreadable", topic=topic, bytes=len(payload))
            return
        if not note:
            return  # how a retained message is taken back
        if topic.endswith("/receipt"):
            self._receipts.append((note, fresh))
        elif note not in self._cosigned:
            self._cosigned.append(note)

    def hand_over(self) -> Receipt | None:
        """Have the recorder judge what waits; the newest receipt that it took. RecorderDown: what was not judged waits
        on."""
        taken: Receipt | None = None
        while self._receipts:
            note, fresh = self._receipts[-1]
            pos = self._ask("uplink.receipt", note)
            if pos is None:
                self._receipts.pop()
            else:
                taken = Receipt(pos, fresh)
                self._receipts.clear()
        while self._cosigned:
            self._ask("checkpoint.cosign", self._cosigned[0])
            self._cosigned.popleft()
        return taken

    def _ask(self, command: str, note: str) -> int | None:
        """The position that the recorder's answer names, else 0; None when it refused. The identity comes from the
        note, so that repeats are harmless; one that was taken last is not asked about again."""
        if (taken := self._taken.get(command)) is not None and taken[0] == note:
            return taken[1]
        ident = f"{command}-{hashlib.sha256(note.encode()).hexdigest()[:32]}"
        try:
            answer = ask(self._recorder, command, {"note": note}, ident)
        except Problem as problem:
            logger.warning("uplink.bad_answer", command=command, why=problem.detail, about=_about(note))
            self.refused = Fault(f"{command} refused: {problem.detail}", problem.remedy)
            return None
        if (behind := answer.get("behind")) is not None:
            self.refused = Fault(f"{behind}; the box goes on in a new log", _BEHIND)
        pos = int(answer.get("pos", 0))
        self._taken[command] = (note, pos)
        return pos


def _about(note: str) -> str:
    """What a refused note claims to say: its first three lines."""
    try:
        return " ".join(notes.split(note)[0].split("\n")[:3])
    except notes.BadNote:
        return note[:80]
