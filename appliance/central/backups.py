"""Backups that boxes sent, sealed: DIR/backups/CELL/BOX, the newest three. Central cannot open them.

Written by whichever central hears the box; several that share a store each keep their own.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from appliance import log
from appliance.backup import check, tape
from appliance.backup.pieces import LARGEST, Held, Piece
from appliance.backup.sealed import BadSeal
from appliance.central.keyring import Keyring
from appliance.central.places import Box, Log, Rejected

logger = log.get("central")

KEEP = 3
_PARTIAL = ".partial"
_WHOLE = ".tar"


class Shelf:
    """The folder. Only boxes whose keys are known get here."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self._folder, self._keyring = folder, keyring

    def take(self, box: Box, piece: Piece, at_ms: int) -> Held:
        """Put a piece where it belongs; how much of its backup is here. A piece that is here already, or leaves a gap,
        changes nothing. Rejected: what came is no backup of this box, or there is no room."""
        folder = self._of(box)
        try:
            if self._whole(folder, piece.sha256) is not None:
                return Held(box.box, piece.sha256, piece.size, piece.size)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = folder / f"{piece.sha256}{_PARTIAL}"
            for other in folder.glob(f"*{_PARTIAL}"):
                if other != partial:
                    other.unlink()
            with open(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:
                held = file.seek(0, os.SEEK_END)
                if held == piece.at and held + len(piece.content) <= min(piece.size, LARGEST):
                    file.write(piece.content)
                    held += len(piece.content)
                if held < piece.size:
                    return Held(box.box, piece.sha256, held, piece.size)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                try:
                    self._check(box, file, piece.sha256)
                except Rejected:
                    partial.unlink()
                    raise
            partial.replace(folder / f"{at_ms:015}-{piece.sha256}{_WHOLE}")
            for old in self.kept(box)[KEEP:]:
                old.unlink()
        except OSError as error:
            raise Rejected(f"a backup cannot be kept: {error.strerror}") from error
        logger.info("backup.kept", cell=box.cell, box=box.box, bytes=piece.size)
        return Held(box.box, piece.sha256, piece.size, piece.size)

    def kept(self, box: Box) -> list[Path]:
        """The whole ones of a box, the newest first."""
        with suppress(OSError):
            return sorted(self._of(box).glob(f"*{_WHOLE}"), reverse=True)
        return []

    def _of(self, box: Box) -> Path:
        return self._folder / box.cell / box.box

    def _whole(self, folder: Path, sha256: str) -> Path | None:
        return next(folder.glob(f"*-{sha256}{_WHOLE}"), None)

    def _check(self, box: Box, file: BinaryIO, sha256: str) -> None:
        try:
            checked = check.outside(file, parts=check.SENT)
        except (BadSeal, tape.BadTape) as error:
            raise Rejected(f"no backup: {error}") from error
        manifest = checked.manifest
        known = self._keyring.verifiers(Log(box, manifest.log))
        if (manifest.cell, manifest.box, checked.sha256) != (box.cell, box.box, sha256) or checked.signer not in known:
            raise Rejected(f"a backup of {manifest.cell}/{manifest.box} that no enrolled key of this box signed")
