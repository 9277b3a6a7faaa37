"""The errors that cross a boundary of the program, each with what the person who reads it can do."""

from typing import Any


class BoothkitError(Exception):
    """Something that a person can act on. ``remedy`` says how; the text says what was found, and where."""

    remedy = "See `boothkit doctor`."

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy


class ConfigError(BoothkitError):
    """The configuration file says something that is not allowed; the text names file, line or key."""

    remedy = "Correct the file and start again; every key is explained in docs/reference/configuration.md."


class DataError(BoothkitError):
    """A file that a person handed in (catalogue, tickets) cannot be taken; nothing of it was."""

    remedy = "Correct the file and import it again; nothing was changed."


class RecorderDown(BoothkitError):
    """No recorder answers, so nothing can be written; what was asked for was not recorded by this attempt."""

    remedy = "Wait: the box restarts its recorder by itself. Ask again with the same key, nothing is doubled."


class Problem(Exception):
    """A request that was not carried out: RFC 9457's ``type`` as a slug, with detail and remedy.

    ``keeps`` tells whether the answer uses the command's identity up (rule 1 of the design): a decision's
    refusal does; malformed, unauthorised, throttled, busy and disk-full answers do not.
    """

    def __init__(self, slug: str, detail: str, remedy: str = "", *, keeps: bool = False, **extra: Any) -> None:
        super().__init__(f"{slug}: {detail}")
        self.slug = slug
        self.detail = detail
        self.remedy = remedy
        self.keeps = keeps
        self.extra = extra

    @property
    def later(self) -> bool:
        """Whether the same will be taken when there is time, or room on the card again."""
        return self.slug in ("busy", "disk-full")

    def as_dict(self) -> dict[str, Any]:
        """The refusal as it travels in a frame and in ``application/problem+json``."""
        return {"slug": self.slug, "detail": self.detail, "remedy": self.remedy, **self.extra}


def invalid(detail: str, remedy: str = "Correct the request; nothing was recorded.") -> Problem:
    """A malformed request; it never uses the command's identity up."""
    return Problem("validation", detail, remedy)
