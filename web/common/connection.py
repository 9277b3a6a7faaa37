"""What waitress makes of a connection, and is too generous or too strict with.

A connection outlives an answer without a body: each 304 ends with its head (RFC 9112, 6.3), but waitress hangs up after
it, so that a phone that asks whether something has changed would dial anew each time, which costs more than the page.

And nobody asks for more than they can hear: of requests that come in one piece waitress takes in all, 270 of them in
8 kB. Their answers would fill the memory, and a thread each would wait until they are read.
"""

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

_AHEAD = 3
"""Requests that wait for their answers; no browser sends the next before it has the one before (HTTP pipelining)."""

_PIECE = 512
"""Bytes that are taken apart before it is looked at how many requests they were."""


class _Task(WSGITask):  # type: ignore[misc] # waitress has no types
    def set_close_on_finish(self) -> None:
        asked = self.request.headers.get("CONNECTION", "").lower()
        if self.has_body or self.version != "1.1" or asked == "close":
            super().set_close_on_finish()


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection."""

    task_class = _Task
    served = 0
    """By all connections of this process so far."""

    def service(self) -> None:
        super().service()
        Channel.served += 1

    def received(self, data: bytes) -> bool:
        for first in range(0, len(data), _PIECE):
            super().received(data[first : first + _PIECE])
            if len(self.requests) > _AHEAD:
                self.will_close = True
                break
        return True
