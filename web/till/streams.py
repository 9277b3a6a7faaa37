"""The journal as a stream of server-sent events (WHATWG HTML, section 9.2), for a few readers at a time.

One thread listens for the recorder's datagram and tells all streams. A stream holds one of the server's
threads, so their number is bounded; who comes too late is told to come back, and polls meanwhile.
"""

import select
import threading
from collections.abc import Callable
from pathlib import Path

from appliance.errors import Problem, RecorderDown
from appliance.journal.follow import Wake
from appliance.journal.read import Reader

MOST = 8
HEARTBEAT_S = 4.0
_POLL_S = 1.0  # also how soon a stream sees that its reader went away
_PIECE = 200


class Streams:
    """All streams of one process."""

    def __init__(self, run: Path, reader: Reader, monotonic: Callable[[], float], most: int = MOST) -> None:
        self._run = run
        self._reader = reader
        self._most = most
        self.monotonic = monotonic
        self._changed = threading.Condition()
        self._position = 0
        self._open = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def open(self) -> int:
        """Streams that somebody reads now."""
        return self._open

    def follow(self, after: int, over: Callable[[], bool], allowed: Callable[[], bool]) -> "Stream":
        """The facts behind position ``after``, as they come.

        ``over`` says that the reader is gone, ``allowed`` (asked at each heartbeat) that it may go on.
        Raises Problem ``busy`` when there are too many streams.
        """
        with self._changed:
            if self._closed or self._open >= self._most:
                remedy = "Poll /api/v1/facts, and try again in some seconds."
                raise Problem("busy", f"{self._open} streams are open already", remedy, retry_after=5)
            self._open += 1
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._listen, name="wake", daemon=True)
                self._thread.start()
        return Stream(self, after, over, allowed)

    def close(self) -> None:
        """End all streams and the thread; may be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def wait(self, after: int) -> bool:
        """Until there is a fact behind ``after``, at most a second; False when nobody listens for more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._position > after, timeout=_POLL_S)
            return not self._closed and self._thread is not None and self._thread.is_alive()

    def read(self, after: int) -> list[tuple[int, str]]:
        """The next facts behind ``after``: position, stored body. None while it cannot be read."""
        if self._position <= after:
            return []
        try:
            return [(fact.pos, fact.body) for fact in self._reader.facts(after, _PIECE)]
        except RecorderDown:
            return []

    def left(self) -> None:
        """A stream has ended."""
        with self._changed:
            self._open -= 1

    def _listen(self) -> None:
        wake = Wake(self._run, "till")
        try:
            while not self._closed:
                self._look()
                select.select([wake], [], [], _POLL_S)
                wake.drain()
        finally:
            wake.close()

    def _look(self) -> None:
        try:
            position = self._reader.position()
        except RecorderDown:
            return
        with self._changed:
            if position != self._position:
                self._position = position
                self._changed.notify_all()


class Stream:
    """One reader's stream: an iterator of bytes that the server closes in the end, whatever happened."""

    def __init__(self, streams: Streams, after: int, over: Callable[[], bool], allowed: Callable[[], bool]) -> None:
        self._streams = streams
        self._after = after
        self._over = over
        self._allowed = allowed
        self._said = streams.monotonic()
        self._first = True
        self._ended = False

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> bytes:
        if self._first:
            self._first = False
            return b"retry: 1000\n\n"
        while not self._ended and not self._over():
            if facts := self._streams.read(self._after):
                self._after = facts[-1][0]
                self._said = self._streams.monotonic()
                return "".join(f"id: {pos}\ndata: {body}\n\n" for pos, body in facts).encode()
            if not self._streams.wait(self._after):
                break
            if self._streams.monotonic() - self._said >= HEARTBEAT_S:
                if not self._allowed():
                    break
                self._said = self._streams.monotonic()
                return b":\n\n"
        raise StopIteration

    def close(self) -> None:
        """Give the place to the next; may be called twice."""
        if not self._ended:
            self._ended = True
            self._streams.left()
