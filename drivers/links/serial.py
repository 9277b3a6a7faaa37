"""`serial:///dev/serial/by-id/…?baud=9600`: a serial port, a USB serial adapter or a pty. 8 data bits, 1 stop
bit.

pyserial opens and sets the port; bytes then go over its descriptor, because its own `write` cannot say how
much was taken before a timeout, and its `in_waiting` raises a plain OSError when the adapter is pulled.
"""

from typing import Self

from serial import PARITY_EVEN, PARITY_NONE, PARITY_ODD, Serial, SerialException

from drivers.errors import BadUri, LinkLost
from drivers.links.base import OPEN_TIMEOUT, DescriptorLink
from drivers.uri import Uri

_PARITY = {"none": PARITY_NONE, "even": PARITY_EVEN, "odd": PARITY_ODD}


class SerialLink(DescriptorLink):
    """`flow` is `none`, `rtscts` or `xonxoff`; `parity` is `none`, `even` or `odd`."""

    def __init__(self, path: str, baud: int = 9600, *, parity: str = "none", flow: str = "none") -> None:
        super().__init__(f"serial {path}")
        self._path, self._baud, self._parity, self._flow = path, baud, parity, flow
        self._port: Serial | None = None

    @classmethod
    def from_uri(cls, uri: Uri) -> Self:
        baud = uri.number("baud", 9600, 300, 4_000_000)
        if baud not in Serial.BAUDRATES:
            raise BadUri(f"{uri}: option baud={baud} is not a standard rate (9600, 19200, 38400, 57600, 115200, …)")
        parity = uri.choice("parity", "none", ("none", "even", "odd"))
        flow = uri.choice("flow", "none", ("none", "rtscts", "xonxoff"))
        return cls(uri.device_path(), baud, parity=parity, flow=flow)

    def _acquire(self) -> int:
        try:
            self._port = Serial(
                self._path,
                self._baud,
                parity=_PARITY[self._parity],
                timeout=0,
                write_timeout=OPEN_TIMEOUT,
                rtscts=self._flow == "rtscts",
                xonxoff=self._flow == "xonxoff",
                exclusive=True,
            )
        except SerialException as error:
            raise self._refused(error) from error
        except OSError as error:  # the port vanished while it was being set up
            raise self.lost(error) from error
        return self._port.fileno()

    def _release(self, fd: int) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    def _refused(self, error: SerialException) -> LinkLost:
        cause = error.__context__
        if isinstance(cause, BlockingIOError):
            return LinkLost(
                f"{self.name}: another program is using it",
                remedy="Stop the other program, or configure the device once only.",
            )
        if isinstance(cause, PermissionError):
            return LinkLost(f"{self.name}: permission denied", remedy="Let the worker's user read it: group dialout.")
        return LinkLost(f"{self.name}: {getattr(cause, 'strerror', None) or error}")
