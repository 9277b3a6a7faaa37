"""What can be wrong with a GPIO line."""

from drivers.errors import LinkLost


class NoChip(LinkLost):
    """There is no GPIO chip, or none that carries the header."""

    remedy = "Lines need a Raspberry Pi; name another chip with the option chip=N (`gpiodetect` lists them)."


class ChipForbidden(LinkLost):
    """The chip is there; this user may not open it."""

    remedy = "Let the worker's user open /dev/gpiochip*: on the box the group of udev.rules, elsewhere gpio."


class ChipGone(LinkLost):
    """The chip went away while its lines were held (a USB expander, a driver that was unloaded)."""

    remedy = "Plug the GPIO board in again; the lines are taken as soon as it is back."


class LineBusy(LinkLost):
    """Somebody else holds the line; the text says who."""

    remedy = "Use another line, or take the other use away: a device in boothkit.toml, or an overlay in config.txt."


class LineRefused(LinkLost):
    """The kernel refuses the line as it was asked for: no such line, or no pull-up on this chip."""

    remedy = "Compare the line's number with the chip's (`gpioinfo`)."
