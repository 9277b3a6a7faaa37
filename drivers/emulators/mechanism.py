"""The inside of a receipt printer: receive buffer, sensors, status. No threads, no sockets.

It stops where a real one stops: with the paper out, the cover open or switched offline the received bytes
wait, and only real-time commands are obeyed, the drawer's among them, except where an error waits for recovery. The
settings of GS a last until ESC @; of the ids of GS ( H only the latest is answered, once everything before it is
printed.
"""

import re
from collections.abc import Callable, Mapping
from typing import Literal

from drivers.emulators.escpos_grammar import Command, Decoder
from drivers.emulators.slip import Slip
from drivers.emulators.typesetter import CUTS, EPSON_PAGES, Typesetter

BUFFER = 4096
"""Bytes that a printer takes while it does not print."""

Paper = Literal["ok", "near_end", "out"]
Cover = Literal["open", "closed"]
Cutter = Literal["ok", "jammed"]
Drawer = Literal["open", "closed"]
Level = Literal["high", "low"]

_CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
_REAL_TIME = re.compile(
    rb"\x10\x04[\x01-\x04]|\x10\x05[\x01\x02]|\x10\x14\x01[\x00\x01][\x01-\x08]|" + re.escape(_CLEAR)
)
_DRAWER, _ONLINE, _ERRORS, _ROLL = 1, 2, 4, 8
"""What GS a can watch."""
_NEAR_END, _END = 0x03, 0x0C
"""Paper bits of GS r and ASB; of DLE EOT 4 they are two bits apart."""


class Mechanism:
    """`say` takes the replies. Call `changed` after setting one of the public attributes."""

    def __init__(
        self,
        columns: int,
        say: Callable[[bytes], None],
        now: Callable[[], float],
        *,
        dots: int | None = None,
        pages: Mapping[int, str] = EPSON_PAGES,
    ) -> None:
        self.paper: Paper = "ok"
        self.cover: Cover = "closed"
        self.cutter: Cutter = "ok"
        self.online = True
        self.drawer: Drawer = "closed"
        self.drawer_closed: Level = "low"
        """How the drawer's switch is wired: the level of pin 3 when it is shut."""
        self.buffer = BUFFER
        """Bytes that it takes while it does not print."""
        self.lines_left: int | None = None
        """Lines until the roll ends; None = plenty."""
        self.slow = 0.0
        """Seconds a line."""
        self.no_status = False
        self.no_reports = False
        self.no_process_id = False
        self.no_ordered = False
        self._say = say
        self._now = now
        self._setter = Typesetter(columns, dots, pages)
        self._jammed = False
        self.switch_off()

    def switch_off(self) -> None:
        """Power off and on: what was received and not printed is gone, what hangs out is torn off."""
        self._setter.initialise()
        self._setter.end_slip(cut=False)
        self._decoder = Decoder()
        self._buffer = bytearray()
        self._unread = b""
        self._busy_until = 0.0
        self._reports = 0
        self._reported = b""
        self._tells_offline = 0
        self._was_down = False
        self._process_id = b""
        self._jammed = False

    def slips(self) -> list[Slip]:
        return self._setter.slips()

    def sweep(self) -> None:
        """Throws away the slips on the floor; what hangs out stays."""
        self._setter.sweep()

    @property
    def room(self) -> int:
        """Bytes that fit into the receive buffer."""
        return max(0, self.buffer - len(self._buffer))

    def pause(self) -> float | None:
        """Seconds until `run` can go on by itself; None = nothing to do."""
        if not self._buffer or self._stopped:
            return None
        return max(0.0, self._busy_until - self._now())

    def receive(self, data: bytes) -> None:
        self._buffer += data
        self._obey_at_once(data)
        self.run()

    def changed(self) -> None:
        self._report()
        self.run()

    def run(self) -> None:
        """Prints until the buffer is empty or something stops it."""
        if self._now() < self._busy_until:
            return
        self._answer_process_id()
        taken = 0
        while taken < len(self._buffer) and not self._stopped and self._now() >= self._busy_until:
            command = self._decoder.feed(self._buffer[taken])
            taken += 1
            if command is not None:
                self._execute(command)
        del self._buffer[:taken]
        if self._now() >= self._busy_until:
            self._answer_process_id()

    @property
    def _stopped(self) -> bool:
        return self.paper == "out" or self.cover == "open" or not self.online or self._jammed

    def _execute(self, command: Command) -> None:
        match command.name:
            case b"\x1da":
                self._reports = 0 if self.no_reports else command.args[0]
                self._reported = b""
                self._report()
            case b"\x1bp":
                self._kick()
            case b"\x1dr":
                self._ordered_status(command.args[0])
            case b"\x1dI":
                self._identify(command.args[0])
            case b"\x1d(H":
                if not self.no_process_id:
                    self._respond(command.args)
            case name if name in CUTS and self.cutter == "jammed":
                self._jammed = True
                self._report()
            case _:
                self._set(command)

    def _set(self, command: Command) -> None:
        before = self._setter.lines
        self._setter.do(command)
        used = self._setter.lines - before
        if command.name == b"\x1b@":
            self._reports = 0
        if used and self.slow:
            self._busy_until = self._now() + used * self.slow
        if used and self.lines_left is not None:
            self.lines_left -= used
            if self.lines_left <= 0:
                self.lines_left, self.paper = None, "out"
                self._report()

    def _obey_at_once(self, data: bytes) -> None:
        """Real-time commands are found in the bytes as they arrive, even inside other commands' data."""
        unread = self._unread + data
        end = 0
        for found in _REAL_TIME.finditer(unread):
            end = found.end()
            self._real_time(found[0])
        rest = unread[max(end, len(unread) - len(_CLEAR) + 1) :]
        self._unread = rest[rest.index(0x10) :] if 0x10 in rest else b""

    def _real_time(self, command: bytes) -> None:
        match command[:2], command[2:]:
            case b"\x10\x04", n:
                if self.no_status:
                    return
                self._say(bytes((0x12 | self._status(n[0]),)))
            case b"\x10\x05", n:
                self._recover(clear=n == b"\x02")
            case b"\x10\x14", b"\x08\x01\x03\x14\x01\x06\x02\x08":
                self._clear()
                self._say(b"\x37\x25\x00")
            case _ if not self._jammed:
                self._kick()
            case _:
                pass  # "ignored when the printer is in an error state"

    def _kick(self) -> None:
        self._setter.kick()
        self.drawer = "open"
        self._report()

    def _recover(self, *, clear: bool) -> None:
        """DLE ENQ: the cutter tries again; with 2 what is buffered is forgotten first."""
        if not self._jammed or self.cutter == "jammed" or self.cover == "open":
            return
        self._jammed = False
        if clear:
            self._clear()
        else:
            self._setter.do(Command(b"\x1dV", b"\x01"))
        self._report()

    def _clear(self) -> None:
        self._buffer.clear()
        self._decoder = Decoder()
        self._setter.initialise()

    def _status(self, n: int) -> int:
        """The changing bits of the reply to DLE EOT n."""
        match n:
            case 1:
                return (0x08 if self._stopped else 0) | (0x04 if self._drawer_high else 0)
            case 2:
                return (
                    (0x04 if self.cover == "open" else 0)
                    | (0x20 if self.paper == "out" else 0)
                    | (0x40 if self._jammed else 0)
                )
            case 3:
                return 0x08 if self._jammed else 0
            case _:
                paper = self._paper_bits()
                return (paper & _NEAR_END) << 2 | (paper & _END) << 3

    def _paper_bits(self) -> int:
        match self.paper:
            case "ok":
                return 0
            case "near_end":
                return _NEAR_END
            case "out":
                return _NEAR_END | _END

    @property
    def _drawer_high(self) -> bool:
        return (self.drawer == "closed") == (self.drawer_closed == "high")

    def _report(self) -> None:
        """Tells what changed, as far as the host wants it told by GS a and by GS ( H function 49."""
        self._tell_offline()
        report = bytes(
            (
                0x10
                | (0x04 if self._drawer_high else 0)
                | (0x08 if self._stopped else 0)
                | (0x20 if self.cover == "open" else 0),
                0x08 if self._jammed else 0,
                self._paper_bits(),
                0x0F,
            )
        )
        if self._reports and self._watched(report) != self._watched(self._reported):
            self._reported = report
            self._say(report)

    def _watched(self, report: bytes) -> tuple[int, ...]:
        """The parts of a report whose change is one to tell."""
        if not report:
            return ()
        asked = self._reports
        return (
            report[0] & ((0x04 if asked & _DRAWER else 0) | (0x28 if asked & _ONLINE else 0)),
            report[1] if asked & _ERRORS else 0,
            report[2] if asked & _ROLL else 0,
        )

    def _respond(self, args: bytes) -> None:
        """GS ( H: function 48 names a process, 49 says whether going offline is to be told."""
        if args[:2] == b"00" and len(args) == 6:
            self._process_id = args[2:]
        elif args[:2] == b"10" and len(args) == 3 and args[2] % 48 <= 2:
            self._tells_offline = args[2] % 48

    def _tell_offline(self) -> None:
        down = self.cover == "open" or self.paper == "out" or self._jammed
        if down and not self._was_down and self._tells_offline:
            cause = bytes((0x40 | self._status(2),)) if self._tells_offline == 2 else b""
            self._say(b"\x37\x23" + cause + b"\x00")
        self._was_down = down

    def _answer_process_id(self) -> None:
        if self._process_id:
            self._say(b"\x37\x22" + self._process_id + b"\x00")
            self._process_id = b""

    def _ordered_status(self, n: int) -> None:
        if not self.no_ordered and n in (1, 2, 49, 50):
            self._say(bytes((self._paper_bits() if n in (1, 49) else int(self._drawer_high),)))

    def _identify(self, n: int) -> None:
        texts = {65: b"1.00", 66: b"Boothkit", 67: b"Emulated printer", 68: b"000001"}
        if n in texts:
            self._say(b"\x5f" + texts[n] + b"\x00")
        elif n in (1, 2, 3, 49, 50, 51):
            self._say(bytes(({1: 0x20, 2: 0x02, 3: 0x01}[n % 48],)))
