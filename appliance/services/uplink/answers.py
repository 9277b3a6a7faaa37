"""Central's answers on their way to the recorder: receipts and cosigned checkpoints, judged by it alone."""

import hashlib
from collections import deque
from pathlib import Path
from typing import Any

from appliance import log
from appliance.errors import Problem, RecorderDown
from appliance.journal import notes
from appliance.journal.client import RecorderClient
from appliance.services.uplink.faults import Fault

logger = log.get("uplink")

_MOST_NOTES = 8
_RECORDER_S = 3.0


class Answers:
    """Keeps what came until its turn; every note costs the recorder a commit, so the newest good receipt makes the
    older ones needless."""

    def __init__(self, run: Path) -> None:
        self._recorder = RecorderClient(run, "uplink", _RECORDER_S)
        self._receipts: deque[str] = deque(maxlen=_MOST_NOTES)
        self._cosigned: deque[str] = deque(maxlen=_MOST_NOTES)
        self.refused: Fault | None = None
        """Why the last one that was refused was refused."""

    def close(self) -> None:
        """Let go of the recorder."""
        self._recorder.close()

    def waiting(self) -> bool:
        """Whether there is anything to hand over."""
        return bool(self._receipts or self._cosigned)

    def keep(self, topic: str, payload: bytes) -> None:
        """A message from central; what is no text is dropped with a line in the log."""
        try:
            note = payload.decode()
        except UnicodeDecodeError:
            logger.warning("uplink.unreadable", topic=topic, bytes=len(payload))
            return
        kept = self._receipts if topic.endswith("/receipt") else self._cosigned
        if note and note not in kept:
            kept.append(note)

    def hand_over(self) -> int | None:
        """Have the recorder judge what waits; the position of the newest receipt that it took. RecorderDown: later."""
        pos: int | None = None
        while self._receipts:
            answer = self._ask("uplink.receipt", self._receipts[-1])
            if answer is None:
                self._receipts.pop()
            else:
                self._receipts.clear()
                pos = int(answer["pos"])
        while self._cosigned:
            self._ask("checkpoint.cosign", self._cosigned[0])
            self._cosigned.popleft()
        return pos

    def _ask(self, command: str, note: str) -> dict[str, Any] | None:
        """The recorder's answer; None when it refused. The identity comes from the note: repeats are harmless."""
        ident = f"{command}-{hashlib.sha256(note.encode()).hexdigest()[:32]}"
        try:
            return self._recorder.send(command, {"note": note}, actor="box:uplink", id=ident).answer
        except Problem as problem:
            if problem.slug in ("busy", "disk-full"):
                raise RecorderDown(problem.detail, remedy=problem.remedy) from problem
            logger.warning("uplink.bad_answer", command=command, why=problem.detail, about=_about(note))
            self.refused = Fault(f"{command} refused: {problem.detail}", problem.remedy)
            return None


def _about(note: str) -> str:
    """What a refused note claims to say: its first three lines."""
    try:
        return " ".join(notes.split(note)[0].split("\n")[:3])
    except notes.BadNote:
        return note[:80]
