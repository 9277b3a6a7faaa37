"""DATA/landing: the page that the box shows, made by an import. ``page.json`` is the switch: pictures are written
before it and swept after it, so that a power cut leaves the old page or the new one, whole.

    page.json           {"check": SHA-256 of "page" as it stands here, "page": …}
    pictures/NAME.webp  each named by its content

``check`` finds a card that lies and a file that somebody edited: then the box shows its plain page, and says so. It
proves nothing against who may write the folder.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.domain.landing import Content
from appliance.durable import write_durably
from appliance.errors import DataError

FOLDER, PAGE, PICTURES = "landing", "page.json", "pictures"
NAME = re.compile(r"[0-9a-f]{20}\.webp")
_MOST = 4 * 1024 * 1024


@dataclass(frozen=True)
class Made:
    """What an import makes of a folder. ``pictures``: bytes by the names that the content has for them."""

    content: Content
    pictures: dict[str, bytes]


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    check: str
    page: msgspec.Raw


def write(folder: Path, made: Made) -> None:
    """Show this from now on; everybody may read it."""
    pictures = folder / PICTURES
    for one in (folder, pictures):
        one.mkdir(exist_ok=True)
        one.chmod(0o755)
    for name, content in made.pictures.items():
        write_durably(pictures / name, content, 0o644)
    raw = msgspec.json.encode(made.content, order="deterministic")
    stored = _Stored(hashlib.sha256(raw).hexdigest(), msgspec.Raw(raw))
    write_durably(folder / PAGE, msgspec.json.encode(stored), 0o644)
    for path in pictures.iterdir():
        if path.name not in made.pictures:
            path.unlink()


def load(folder: Path) -> Content | None:
    """The page; None: there is none. DataError: it is not as it was imported."""
    path = folder / PAGE
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _damaged(path, str(error.strerror)) from error
    try:
        stored = msgspec.json.decode(raw, type=_Stored)
        if hashlib.sha256(bytes(stored.page)).hexdigest() != stored.check:
            raise _damaged(path, "it was changed since")
        content = msgspec.json.decode(stored.page, type=Content)
    except msgspec.MsgspecError as error:
        raise _damaged(path, str(error)) from error
    for picture in content.pictures():
        if not NAME.fullmatch(picture.file) or picture_of(folder, picture.file) is None:
            raise _damaged(path, f"picture {picture.file[:40]!r} is missing or was changed")
    return content


def picture_of(folder: Path, name: str) -> bytes | None:
    """A picture's bytes, if it is still what its name says."""
    if not NAME.fullmatch(name):
        return None
    try:
        content = (folder / PICTURES / name).read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest().startswith(name[:20]) else None


def remove(folder: Path) -> None:
    """Back to the plain page."""
    (folder / PAGE).unlink(missing_ok=True)
    for path in (folder / PICTURES).glob("*.webp"):
        path.unlink()


def _damaged(path: Path, why: str) -> DataError:
    return DataError(f"{path}: not as it was imported: {why}", remedy="boothkit landing import FOLDER")
