"""A connection that outlives an answer without a body.

Each 304 ends with its head (RFC 9112, 6.3), but waitress hangs up after it, so that a phone that asks whether something
has changed would dial anew each time, which costs more than the page.
"""

from waitress.channel import HTTPChannel
from waitress.task import WSGITask


class _Task(WSGITask):  # type: ignore[misc] # waitress has no types
    def set_close_on_finish(self) -> None:
        asked = self.request.headers.get("CONNECTION", "").lower()
        if self.has_body or self.version != "1.1" or asked == "close":
            super().set_close_on_finish()


class Channel(HTTPChannel):  # type: ignore[misc]
    """What waitress makes of each connection."""

    task_class = _Task
