"""The folder as it lies there: which files, how large, and their digest.

The digest is what ``LC_ALL=C sha256sum -- * | sha256sum`` says in the folder, so that anybody can check it with the
tools at hand. One byte of one file more or less, another name: another digest.
"""

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import DataError

PAGE = "landing.toml"
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
MOST_FILES = 60
MOST_TEXT = 64 * 1024
"""Bytes of landing.toml, and of one Markdown file."""
MOST_PICTURE = 16 * 1024 * 1024
"""Bytes of a picture as a camera writes it."""
MOST_PICTURES = 24
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}(\.[a-z]{2})?\.(toml|md|jpg|jpeg|png|webp)")


@dataclass(frozen=True)
class Source:
    """What was in the folder. ``files``: bytes by name; ``digest``: SHA-256 (hex) over all of them."""

    folder: Path
    files: dict[str, bytes]
    digest: str


def read(folder: Path) -> Source:
    """Every file once, none through a link. DataError."""
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be read: {error.strerror}", remedy="Name a folder with landing.toml."
        ) from error
    if PAGE not in names:
        raise DataError(f"{folder}: there is no {PAGE} in it", remedy="docs/landing.md has one to begin with.")
    if len(names) > MOST_FILES:
        raise DataError(f"{folder}: {len(names)} files; at most {MOST_FILES}")
    pictures = [name for name in names if name.endswith(PICTURES)]
    if len(pictures) > MOST_PICTURES:
        raise DataError(f"{folder}: {len(pictures)} pictures; at most {MOST_PICTURES}")
    files = {name: _file(folder / name) for name in names}
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names)
    return Source(folder, files, hashlib.sha256("".join(lines).encode()).hexdigest())


def _file(path: Path) -> bytes:
    """A regular file of a kind and size that a page needs."""
    if not _NAME.fullmatch(path.name) or (path.suffix == ".toml" and path.name != PAGE):
        raise DataError(
            f"{path.parent}: {path.name[:80]!r} has no place here; allowed are {PAGE}, .md, {', '.join(PICTURES)}, "
            "named in small letters, digits, - and _",
            remedy="Rename it, or take it out of the folder.",
        )
    most = MOST_PICTURE if path.suffix in PICTURES else MOST_TEXT
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        why = "it is a link" if path.is_symlink() else f"it cannot be read: {error.strerror}"
        raise DataError(f"{path}: {why}", remedy="Put the file itself into the folder.") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DataError(f"{path}: it is no file", remedy="A page's folder has files only.")
    with os.fdopen(handle, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise DataError(f"{path}: larger than {most // 1024} KiB", remedy="Make it smaller.")
    return content
