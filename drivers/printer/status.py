"""What the printer says of itself, from whichever of its two ways of saying it."""

from dataclasses import dataclass
from typing import Self

from drivers.printer import errors
from drivers.wire.escpos import (
    Asb,
    AsbError,
    AsbPrinter,
    ErrorCause,
    OfflineCause,
    PaperSensor,
    PrinterStatus,
    RollPaper,
)

_ERRORS = ErrorCause.MECHANICAL | ErrorCause.CUTTER | ErrorCause.UNRECOVERABLE | ErrorCause.AUTO_RECOVERABLE


@dataclass(frozen=True, slots=True)
class Status:
    offline: bool
    cover_open: bool
    paper_out: bool
    paper_near_end: bool
    error: ErrorCause
    drawer_high: bool
    """Of pin 3 of the drawer's socket. Whether that means open is up to the drawer's switch."""

    @classmethod
    def from_round(cls, printer: int, offline: int, error: int, paper: int) -> Self:
        """From the raw replies to DLE EOT 1, 2, 3, 4."""
        return cls(
            offline=bool(printer & PrinterStatus.OFFLINE),
            cover_open=bool(offline & OfflineCause.COVER_OPEN),
            paper_out=bool(offline & OfflineCause.PAPER_END or paper & PaperSensor.END),
            paper_near_end=bool(paper & PaperSensor.NEAR_END),
            error=ErrorCause(error) & _ERRORS,
            drawer_high=bool(printer & PrinterStatus.DRAWER),
        )

    @classmethod
    def from_asb(cls, asb: Asb) -> Self:
        return cls(
            offline=AsbPrinter.OFFLINE in asb.printer,
            cover_open=AsbPrinter.COVER_OPEN in asb.printer,
            paper_out=bool(asb.paper & RollPaper.END),
            paper_near_end=bool(asb.paper & RollPaper.NEAR_END),
            error=_error_of(asb.error),
            drawer_high=AsbPrinter.DRAWER in asb.printer,
        )

    def trouble(self) -> errors.Condition | None:
        """Why it does not print. The cover comes first: while it is open, the paper sensors say anything."""
        if self.cover_open:
            return errors.CoverOpen()
        if self.paper_out:
            return errors.PaperOut()
        if ErrorCause.UNRECOVERABLE in self.error:
            return errors.Unrecoverable()
        if ErrorCause.CUTTER in self.error:
            return errors.CutterJammed()
        if ErrorCause.AUTO_RECOVERABLE in self.error:
            return errors.Overheated()
        if ErrorCause.MECHANICAL in self.error:
            return errors.MechanicalError()
        return errors.Offline() if self.offline else None

    @property
    def wants_recovery(self) -> bool:
        """The error stays, even with its cause gone, until the host says "go on"."""
        return bool(self.error & (ErrorCause.CUTTER | ErrorCause.MECHANICAL)) and not self.cover_open


def _error_of(asb: AsbError) -> ErrorCause:
    """The two bytes use the same bits for the same errors."""
    return ErrorCause(int(asb)) & _ERRORS
