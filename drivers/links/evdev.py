"""`evdev:///dev/input/by-id/…-event-kbd`: an input device of the kernel, for us alone unless `grab=0`. A FIFO stands
in for one: it ends when its writer leaves.
"""

import errno
import fcntl
import os
import stat
from typing import Self

from drivers.errors import LinkLost
from drivers.links.base import DescriptorLink
from drivers.uri import Uri

_EVIOCGRAB = 0x40044590
"""linux/input.h: _IOW('E', 0x90, int)."""


class EvdevLink(DescriptorLink):
    """Reads `struct input_event`s. Without `grab` what a scanner types also reaches the console."""

    def __init__(self, path: str, *, grab: bool = True) -> None:
        super().__init__(f"evdev {path}")
        self._path, self._grab = path, grab

    @classmethod
    def from_uri(cls, uri: Uri) -> Self:
        return cls(uri.device_path(), grab=uri.choice("grab", "1", ("1", "0")) == "1")

    def _acquire(self) -> int:
        try:
            kind = os.stat(self._path).st_mode
            if not (stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)):
                raise LinkLost(f"{self.name}: not a device", remedy="Name the device under /dev/input/by-id.")
            fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except PermissionError as error:
            raise LinkLost(
                f"{self.name}: permission denied", remedy="Let the worker's user read it: group input."
            ) from error
        except OSError as error:
            raise self.lost(error) from error
        if stat.S_ISCHR(kind) and self._grab:
            try:
                _grab(fd)
            except OSError as error:
                os.close(fd)
                raise self._not_ours(error) from error
        return fd

    def _not_ours(self, error: OSError) -> LinkLost:
        if error.errno == errno.EBUSY:
            return LinkLost(
                f"{self.name}: another program has taken it for itself",
                remedy="Stop the other program, or configure the device once only.",
            )
        return LinkLost(
            f"{self.name}: not an input device ({error.strerror})", remedy="Name the device under /dev/input/by-id."
        )


def _grab(fd: int) -> None:
    """From now on only this descriptor gets the events; closing it gives the device back."""
    fcntl.ioctl(fd, _EVIOCGRAB, 1)
