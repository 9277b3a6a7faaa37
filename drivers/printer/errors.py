"""What keeps a printer from printing. Each says what a person can do about it."""

from drivers.errors import DeviceError


class PrinterError(DeviceError):
    remedy = "Look at the printer."


class Unprintable(PrinterError):
    """The job itself cannot be put on this paper; printing it again does not help."""

    remedy = "Print it without this part."


class Condition(PrinterError):
    """Something the printer says of itself; the class is the message."""

    what = "not ready"

    def __init__(self) -> None:
        super().__init__(self.what)


class CoverOpen(Condition):
    what = "cover open"
    remedy = "Close the printer's cover until it clicks."


class PaperOut(Condition):
    what = "paper out"
    remedy = "Load a new roll and close the cover."


class PaperNearEnd(Condition):
    """Prints still."""

    what = "paper near its end"
    remedy = "Have a new roll at hand."


class CutterJammed(Condition):
    what = "cutter jammed"
    remedy = "Open the cover, take out the paper in the cutter, close the cover."


class MechanicalError(Condition):
    what = "mechanical error"
    remedy = "Open the cover, look for jammed paper, close it; else switch the printer off and on."


class Unrecoverable(Condition):
    what = "hardware error"
    remedy = "Switch the printer off for ten seconds; if the error stays, use another printer."


class Overheated(Condition):
    what = "print head too hot"
    remedy = "Wait a minute: it goes on by itself."


class Offline(Condition):
    what = "switched offline"
    remedy = "Release the Feed button, or switch the printer online."


class TakesNoData(Condition):
    """Its buffers and ours are full."""

    what = "takes no data"
    remedy = "Look at its paper, cover and power; else switch it off and on."


class NoStatus(Condition):
    """Takes data but answers nothing: it may print, it cannot tell."""

    what = "answers no status request"
    remedy = "Check that the cable and the printer's settings allow replies; watch the paper yourself."
