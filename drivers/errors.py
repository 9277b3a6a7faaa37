"""What can go wrong between the box and a device. `str(error)` says what was found and where, `remedy` what
to do.
"""


class DeviceError(Exception):
    remedy: str = "Check the device's cable and power."

    def __init__(self, what: str, *, remedy: str | None = None) -> None:
        super().__init__(what)
        if remedy is not None:
            self.remedy = remedy


class BadUri(DeviceError):
    """A device URI of the configuration is not understood; names the part and what is allowed there."""

    remedy = "Correct the device's URI under [devices] in the configuration."


class LinkLost(DeviceError):
    """The far end is gone or cannot be reached. `sent` bytes of the write under way had been handed over."""

    remedy = "Plug the device in and switch it on."

    def __init__(self, what: str, *, remedy: str | None = None, sent: int = 0) -> None:
        super().__init__(what, remedy=remedy)
        self.sent = sent


class LinkStalled(DeviceError):
    """The far end did not take all bytes in time; the first `sent` were handed over and the link is still
    open.
    """

    remedy = "Look at the device: it is there, but takes no data (paper, cover, flow control)."

    def __init__(self, what: str, *, sent: int, remedy: str | None = None) -> None:
        super().__init__(what, remedy=remedy)
        self.sent = sent
