"""`usblp:///dev/usb/lp0` (USB printer class) and `file:///…`: device files and FIFOs."""

import os
import stat
from typing import Self

from drivers.errors import LinkLost
from drivers.links.base import DescriptorLink
from drivers.uri import Uri

_FLAGS = {"rw": os.O_RDWR, "r": os.O_RDONLY, "w": os.O_WRONLY}


class FileLink(DescriptorLink):
    """`mode` is `rw`, `r` or `w`; a FIFO goes one way only. A FIFO that is read stays open while writers come
    and go.
    """

    # A USB printer may answer with an empty packet.
    end_is_loss = False

    def __init__(self, path: str, *, mode: str = "rw") -> None:
        super().__init__(f"file {path}")
        self._path, self._mode = path, mode

    @classmethod
    def from_uri(cls, uri: Uri) -> Self:
        return cls(uri.device_path(), mode=uri.choice("mode", "rw", ("rw", "r", "w")))

    def _acquire(self) -> int:
        try:
            kind = os.stat(self._path).st_mode
            if stat.S_ISFIFO(kind) and self._mode == "rw":
                raise LinkLost(
                    f"{self.name}: a FIFO goes one way only",
                    remedy="Add ?mode=r or ?mode=w to the device's URI.",
                )
            if not (stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)):
                # Somebody who prints to a device that is not there creates such a file.
                raise LinkLost(
                    f"{self.name}: not a device",
                    remedy="Remove the file; the device appears when it is plugged in.",
                )
            # Open for both, a FIFO does not end when its writer leaves.
            flags = os.O_RDWR if stat.S_ISFIFO(kind) and self._mode == "r" else _FLAGS[self._mode]
            return os.open(self._path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise self.lost(error) from error
