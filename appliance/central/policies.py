"""Policies that central publishes: the notes in DIR/policies, the newest for each box that it is for.

They are files, as the keys are, so that `central publish` needs no second writer of the store. What lies at the broker
stays there when central is gone; ``.published`` names the boxes that were sent something, so that a central that comes
back without a note takes it back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance import log
from appliance.central.places import Box
from appliance.clock import parse_rfc3339
from appliance.durable import write_durably
from appliance.errors import DataError
from appliance.files import bundle
from appliance.files.bundle import BadBundle, Bundle
from appliance.journal.notes import Verifier

FOLDER = "policies"
_PUBLISHED = ".published"

logger = log.get("central")


@dataclass(frozen=True)
class _Note:
    raw: bytes
    bundle: Bundle


class Policies:
    """The folder, and what was said of it on the present connection."""

    def __init__(self, folder: Path, key: Verifier) -> None:
        self._folder, self._key = folder, key
        self._read: dict[tuple[str, int, int], _Note | None] = {}
        self._said: dict[Box, bytes] = {}

    def forget(self) -> None:
        """Say everything again."""
        self._said.clear()

    def news(self, boxes: Iterable[Box], now_ms: int) -> Mapping[Box, bytes]:
        """For each box whose policy is another than was said last: its note, empty when there is none any more."""
        found = [note for note in self._notes() if parse_rfc3339(note.bundle.expires) >= now_ms]
        had = self._published()
        wanted: dict[Box, bytes] = dict.fromkeys(had, b"")
        for box in boxes:
            fit = [note for note in found if bundle.covers(note.bundle.scope, box.cell, box.box)]
            if fit:
                wanted[box] = max(fit, key=lambda note: (note.bundle.version, note.bundle.digest)).raw
        news = {box: raw for box, raw in wanted.items() if self._said.get(box) != raw}
        if (sent := {box for box, raw in wanted.items() if raw}) - had:
            self._remember(had | sent)  # first: what is named and was not sent is taken back without harm
        self._said.update(news)
        return news

    def _notes(self) -> list[_Note]:
        """Those that this central signed. A file is read again when it changes; one that cannot be used is logged
        once."""
        seen: dict[tuple[str, int, int], _Note | None] = {}
        for path in sorted(self._folder.glob("*.note")):
            try:
                about = path.stat()
            except OSError:
                continue  # it goes while we look
            name = (path.name, about.st_mtime_ns, about.st_size)
            seen[name] = self._read[name] if name in self._read else self._note(path)
        self._read = seen
        return [note for note in seen.values() if note is not None]

    def _note(self, path: Path) -> _Note | None:
        try:
            raw = bundle.read_file(path)
            return _Note(raw, signed_policy(raw, self._key))
        except (BadBundle, DataError) as error:
            logger.warning("central.bad_policy", file=path.name, why=str(error))
            return None

    def _published(self) -> set[Box]:
        path = self._folder / _PUBLISHED
        try:
            lines = path.read_text().splitlines() if path.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            logger.warning("central.bad_policy", file=path.name, why=str(error))
            return set()
        return {Box(*line.split("/")) for line in lines if line.count("/") == 1}

    def _remember(self, boxes: set[Box]) -> None:
        lines = "".join(f"{box.cell}/{box.box}\n" for box in sorted(boxes))
        try:
            write_durably(self._folder / _PUBLISHED, lines.encode(), 0o644)
        except OSError as error:  # also of two consumers at once; the next look writes it again
            logger.warning("central.bad_policy", file=_PUBLISHED, why=str(error))


def signed_policy(raw: bytes, key: Verifier) -> Bundle:
    """The policy of a note that this central signed. BadBundle."""
    found = bundle.read_signed(raw, key)
    if found.kind != "policy":
        raise BadBundle("wrong-kind", f"a bundle of kind {found.kind} is no policy")
    return found


def publish(folder: Path, name: str, raw: bytes, key: Verifier) -> Bundle:
    """Put a note where a running central finds it. BadBundle; DataError: another one of its version is there."""
    found = signed_policy(raw, key)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted(folder.glob("*.note")):
        if path.name == name:
            continue
        try:
            other = signed_policy(bundle.read_file(path), key)
        except BadBundle:
            continue
        if other.version >= found.version and (other.version, other.digest) != (found.version, found.digest):
            raise DataError(
                f"version {found.version} is not higher than {other.version}, which {path} has",
                remedy="Sign it with a higher version: boxes take no other after that one.",
            )
    write_durably(folder / name, raw, 0o644)
    return found
