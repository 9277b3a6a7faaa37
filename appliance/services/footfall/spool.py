"""What was gathered and is not known to be recorded yet: one small file a batch, so that a worker that is killed loses
nothing of it.

RUN/board/footfall/gathered/IDENT.json, in memory (tmpfs) on a box: no write of the card for each person. Each new
crossing replaces its batch's file as a whole. The batch keeps its identity, so that one that was recorded just before
the worker died is recorded once. A power cut takes what was gathered in the last two seconds.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from appliance import log


class Kept(NamedTuple):
    """One command of the recorder, as it will be sent."""

    ident: str
    command: str
    data: dict[str, Any]
    actor: str


class Spool:
    """A folder of batches. One that cannot be written is logged and costs no crossing: it is in memory all the same."""

    def __init__(self, run: Path, name: str) -> None:
        self._folder = run / "board" / name / "gathered"
        self._log = log.get(name)
        self._failing = False

    def keep(self, one: Kept) -> None:
        """As it is now, in place of what was kept of it before."""
        path = self._path(one.ident)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = path.with_suffix(".new")
            temporary.write_text(json.dumps({"command": one.command, "data": one.data, "actor": one.actor}))
            temporary.rename(path)
        except OSError as error:
            if not self._failing:
                self._log.warning("spool.not_written", why=str(error))
            self._failing = True
        else:
            self._failing = False

    def forget(self, ident: str) -> None:
        """It is recorded."""
        self._path(ident).unlink(missing_ok=True)

    def left(self) -> list[Kept]:
        """What an earlier process of this worker gathered, the oldest first. What is no batch is removed."""
        for path in self._folder.glob("*.new"):
            path.unlink(missing_ok=True)
        found = []
        for path in self._folder.glob("*.json"):
            try:
                told = json.loads(path.read_text())
                kept = Kept(path.stem, str(told["command"]), dict(told["data"]), str(told["actor"]))
                found.append((int(kept.data["from_mono"]), kept))
            except (OSError, ValueError, TypeError, KeyError) as error:
                self._log.warning("spool.unreadable", file=path.name, why=str(error))
                path.unlink(missing_ok=True)
        return [kept for _, kept in sorted(found)]

    def _path(self, ident: str) -> Path:
        return self._folder / f"{ident}.json"
