"""Whether this process is still fit to serve."""

import errno
import threading

from flask import Response


class Health:
    """Unfit from the moment when a request could not be answered for lack of memory: only a new process gets out of
    that."""

    def __init__(self) -> None:
        self._unfit = threading.Event()

    def view(self) -> Response:
        """That this app answers, and nothing more; its own worker's watchdog asks. 503 when it is short of memory."""
        return Response("unfit", 503) if self._unfit.is_set() else Response("ok")

    vars(view)["is_open"] = True

    def note(self, error: Exception) -> None:
        """A request failed with this error, which nobody foresaw."""
        # A module that cannot be loaded is one that could not be mapped: nothing is missing in an installation.
        if isinstance(error, MemoryError | ImportError) or getattr(error, "errno", None) == errno.ENOMEM:
            self._unfit.set()
