"""Questions over Modbus RTU: minimalmodbus frames and checks them, our own link carries the bytes.

Every question is over within `ANSWER_S`: the worker that asks has other devices.
"""

import select
import time

import minimalmodbus

from drivers.errors import DeviceError
from drivers.links import Link

ANSWER_S = 0.25
"""Seconds for a question and its whole answer. Chargers answer within 50 ms."""
INPUT_REGISTERS = 4
_EXCEPTION_BYTES = 5
_READ_MORE = 4096


class ModbusError(DeviceError):
    """A question without a usable answer; asking again may help."""


class NoAnswer(ModbusError):
    """Nobody said anything."""


class Garbled(ModbusError):
    """What came is not the answer to the question."""


class Echo(Garbled):
    """The question itself came back."""


class Refused(ModbusError):
    """The device answers that it will not; `missing`: it does not have this register or function."""

    def __init__(self, what: str, *, missing: bool) -> None:
        super().__init__(what)
        self.missing = missing


class Modbus:
    """One unit at the other end of `link`, which is open while `ask` is called."""

    def __init__(self, link: Link, unit: int, baud: int, *, echo: bool) -> None:
        self._port = _Port(link, baud)
        self._unit = unit
        self._instrument = minimalmodbus.Instrument(self._port, unit)
        self._instrument.handle_local_echo = echo

    def ask(self, first: int, count: int) -> list[int]:
        """Input registers. `NoAnswer`, `Garbled`, `Refused`, and what the link raises."""
        try:
            found: list[int] = self._instrument.read_registers(first, count, INPUT_REGISTERS)
        except minimalmodbus.NoResponseError as error:
            raise NoAnswer(f"unit {self._unit} does not answer") from error
        except minimalmodbus.IllegalRequestError as error:
            raise Refused(f"register 0x{first:04X} is refused: {error}", missing=True) from error
        except minimalmodbus.SlaveReportedException as error:
            raise Refused(f"register 0x{first:04X}: {error}", missing=False) from error
        except (minimalmodbus.ModbusException, ValueError, TypeError) as error:
            if self._port.echoed():
                raise Echo("its own question comes back") from error
            raise Garbled(f"no valid answer to register 0x{first:04X}") from error
        return found


class _Port:
    """What minimalmodbus uses of a pyserial port, over a link of ours."""

    is_open = True
    timeout = ANSWER_S

    def __init__(self, link: Link, baud: int) -> None:
        self._link = link
        self.port = link.name
        self.baudrate = baud
        self._deadline = 0.0
        self._asked = b""
        self._heard = bytearray()

    def open(self) -> None:
        """The link is opened by its owner."""

    def close(self) -> None:
        """And closed."""

    def reset_input_buffer(self) -> None:
        """What came late, or by itself, is no answer to what is asked next."""
        for _ in range(16):
            if not self._link.read(_READ_MORE):
                return

    def reset_output_buffer(self) -> None:
        """A link holds nothing back."""

    def flush(self) -> None:
        """Likewise."""

    def write(self, data: bytes) -> int:
        self._deadline = time.monotonic() + ANSWER_S
        self._asked = bytes(data)
        self._heard.clear()
        self._link.write(data, ANSWER_S)
        return len(data)

    def read(self, size: int) -> bytes:
        """`size` bytes, or what came until the time for the answer was over, or a whole refusal."""
        data = bytearray()
        while len(data) < size and not _is_refusal(data):
            poll = select.poll()
            poll.register(self._link.fileno(), select.POLLIN)
            left = self._deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                break
            data += self._link.read(size - len(data))
        self._heard += data
        return bytes(data)

    def echoed(self) -> bool:
        """Whether what came begins with what was asked."""
        return bool(self._asked) and self._heard.startswith(self._asked[: len(self._heard)]) and len(self._heard) > 4


def _is_refusal(data: bytearray) -> bool:
    return len(data) == _EXCEPTION_BYTES and bool(data[1] & 0x80)
