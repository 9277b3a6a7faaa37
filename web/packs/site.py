"""The page that was imported to DATA/landing, read again when it is another one."""

from dataclasses import dataclass
from pathlib import Path

from appliance.domain.landing import PLAIN, Content
from appliance.errors import DataError
from appliance.files.landing import store

Mark = tuple[int, int, int] | None
"""Of a file: when it was changed, which it is, its size; None: there is none."""


@dataclass(frozen=True)
class Shown:
    """``content``: what the box shows; ``fault``: why that is the plain page although there is another one;
    ``mark``: changes with both."""

    content: Content
    fault: str
    mark: str


class Site:
    """What DATA/landing holds, for several threads: the worst that two can do is read it twice."""

    def __init__(self, folder: Path | None) -> None:
        """``folder``: None where there can be no page."""
        self.folder = folder
        self._last: tuple[Mark, Shown] | None = None

    def now(self) -> Shown:
        """One look at the file for each answer."""
        mark = self._mark()
        last = self._last
        if last is None or last[0] != mark:
            last = self._last = (mark, self._load(mark))
        return last[1]

    def picture(self, name: str) -> bytes | None:
        """A picture of the page that is shown."""
        if self.folder is None or name not in {one.file for one in self.now().content.pictures()}:
            return None
        return store.picture_of(self.folder, name)

    def _mark(self) -> Mark:
        if self.folder is None:
            return None
        try:
            about = (self.folder / store.PAGE).stat()
        except OSError:
            return None
        return about.st_mtime_ns, about.st_ino, about.st_size

    def _load(self, mark: Mark) -> Shown:
        if self.folder is None or mark is None:
            return Shown(PLAIN, "", "plain")
        name = "-".join(map(str, mark))
        try:
            content = store.load(self.folder)
        except DataError as error:
            return Shown(PLAIN, str(error), f"fault-{name}")
        return Shown(content or PLAIN, "", name)
