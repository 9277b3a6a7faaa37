"""The newest backup on its way to central: people, PINs and keys, sealed with the lead's passphrase.

It goes when all facts are there, a few pieces at a time, and goes on where central's signed word says that it stands: a
broker's acknowledgement is no word for it. It counts, and becomes a fact, when central says that it holds all of it.
"""

import os
import stat
from collections.abc import Callable

from appliance import log
from appliance.backup import manifest, tape
from appliance.backup.contents import SENT, outbox
from appliance.backup.manifest import Manifest
from appliance.backup.passphrase import PUBLIC
from appliance.backup.pieces import LARGEST, PIECE, Held, Piece
from appliance.backup.sealed import BadSeal, exactly
from appliance.clock import parse_rfc3339
from appliance.errors import BoothkitError, Problem
from appliance.journal import notes
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.projections import backups
from appliance.services.context import WorkerContext
from appliance.services.stewardclient import ask

logger = log.get("uplink")

EVERY_MS = 6 * 3_600_000
"""Between two backups that are asked for."""
_ASK_AGAIN_S = 600.0
_LOOK_S = 10.0
_AHEAD = 4 * PIECE
_SILENT_S = 30.0

Publish = Callable[[bytes], bool]


class Backups:
    """All of it; runs in the worker's loop. ``steward``, ``recorder``: how they are asked."""

    def __init__(self, ctx: WorkerContext, reader: Reader, now: Callable[[], float]) -> None:
        self._ctx, self._reader, self._now = ctx, reader, now
        self._path, self._key = outbox(ctx.data) / SENT, ctx.data / "keys" / PUBLIC
        self._central = notes.Verifier.parse(ctx.config.central.key) if ctx.config.central.key else None
        self._recorder = RecorderClient(ctx.run, "uplink", 3.0)
        self._seen: tuple[int, int] | None = None
        self._manifest: Manifest | None = None
        self._sha256, self._size = "", 0
        self._held = self._cursor = 0
        self._moved = self._asked = self._looked = -1e9

    def close(self) -> None:
        """Let go of the recorder."""
        self._recorder.close()

    def connected(self) -> None:
        """What was under way is lost, as far as is known."""
        self._cursor = self._held

    def turn(self, publish: Publish) -> None:
        """Everything else is sent, and there is time and budget: a few pieces, or see whether there should be a new
        backup."""
        if self._central is None:
            return
        if self._manifest is None:
            if self._now() - self._looked >= _LOOK_S:
                self._looked = self._now()
                self._look()
            return
        if self._held == self._size:
            self._note(self._manifest)
            return
        if self._cursor > self._held and self._now() - self._moved > _SILENT_S:
            self._cursor, self._moved = self._held, self._now()
        while self._cursor < min(self._size, self._held + _AHEAD) and self._send(publish):
            pass

    def kept(self, payload: bytes) -> None:
        """Central's word. One that is old, about another backup or not central's changes nothing."""
        if self._central is None or self._manifest is None:
            return
        try:
            found = Held.parse(payload.decode(), self._central)
        except (notes.BadNote, UnicodeDecodeError) as error:
            logger.warning("backup.bad_answer", why=str(error))
            return
        if (found.box, found.sha256, found.size) != (self._ctx.box, self._sha256, self._size):
            return
        self._moved = self._now()
        # Less than before: central lost what it had.
        self._held = found.held
        self._cursor = max(self._cursor, self._held) if self._cursor - self._held <= _AHEAD else self._held
        if found.whole:
            self._note(self._manifest)

    def _send(self, publish: Publish) -> bool:
        try:
            with self._path.open("rb") as file:
                file.seek(self._cursor)
                content = file.read(min(PIECE, self._size - self._cursor))
        except OSError:
            self._manifest = self._seen = None
            return False
        if not content or not publish(Piece(self._sha256, self._cursor, self._size, content).pack()):
            return False
        if self._cursor == self._held:
            self._moved = self._now()
        self._cursor += len(content)
        return True

    def _look(self) -> None:
        """A new one in the outbox is to be sent; without one, the steward is asked now and then."""
        newest = next((one for one in backups.newest(self._reader.db()) if one.kind == "uplink"), None)
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(handle, "rb") as file:
                found = os.fstat(handle)
                seen = (found.st_mtime_ns, found.st_size)
                if seen != self._seen and stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST:
                    self._seen = seen
                    first = next(tape.members(file), None)
                    raw = exactly(first, manifest.LONGEST) if first is not None else b""
                    if newest is None or newest.sha256 != manifest.digest(raw):
                        self._manifest, self._sha256 = manifest.read(raw), manifest.digest(raw)
                        self._size, self._held, self._cursor = found.st_size, 0, 0
                        return
        except (OSError, BadSeal, tape.BadTape) as error:
            if not isinstance(error, FileNotFoundError):
                logger.warning("backup.unreadable", why=str(error))
        if self._key.exists() and self._due(newest) and self._now() - self._asked >= _ASK_AGAIN_S:
            self._asked = self._now()
            try:
                ask(self._ctx.run, "backup.make", {"to": "uplink"})
            except (BoothkitError, Problem) as error:
                logger.info("backup.not_asked", why=str(error))

    def _due(self, newest: backups.Backup | None) -> bool:
        if newest is None:
            return True
        age = self._ctx.clock().wall_ms - parse_rfc3339(newest.at)
        return newest.since > 0 and not 0 <= age < EVERY_MS

    def _note(self, made: Manifest) -> None:
        asked = {"kind": "uplink", "bytes": self._size, "upto": made.pos, "sha256": self._sha256, "key": made.key}
        try:
            self._recorder.send("backup.note", asked, actor="box:uplink", id=f"backup-{self._sha256[:32]}")
        except (BoothkitError, Problem) as error:
            logger.warning("backup.not_noted", why=str(error))
            return
        logger.info("backup.kept", pos=made.pos, bytes=self._size)
        self._manifest = None
