"""A place for newcomers however many connections are held, and so long for each request: what waitress leaves open.

Its limit counts the connections of all together, so one phone that holds a thousand would shut everybody out; and its
timeout begins anew with each byte, so a request of which a byte comes each minute would never end.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

_AT_ONCE = 32


class Turnstile:
    """Before ``server``, waitress's: all of this runs in its loop. ``crowded``: connections from which on a new one
    takes the place of another; ``request_s``: seconds that a request may take to come in."""

    def __init__(self, server: Any, crowded: int, request_s: float) -> None:
        self._server, self._crowded, self._request_s = server, crowded, request_s
        self._maintain: Callable[[float], None] = server.maintenance
        self._accept: Callable[[], None] = server.handle_accept
        self._channel: Callable[..., object] = server.channel_class
        self._coming: dict[Any, float] = {}
        """Requests of which only a part is there, since when."""
        server.handle_accept, server.channel_class = self._open, self._let_in
        server.maintenance = self._look_after

    def _open(self) -> None:
        """Waitress lets one in each time that it has looked at all connections, so a queue would never end."""
        for _ in range(_AT_ONCE):
            before = len(self._server.active_channels)
            self._accept()
            if len(self._server.active_channels) == before:
                return

    def _let_in(self, server: Any, sock: Any, addr: Any, adj: Any, map: dict[int, Any]) -> None:
        if len(server.active_channels) >= self._crowded:
            self._make_room()
        self._channel(server, sock, addr, adj, map=map)

    def _make_room(self) -> None:
        """Who holds most gives up what they have not used for longest."""
        idle = [one for one in self._server.active_channels.values() if not (one.requests or one.will_close)]
        if idle:
            [(most, _)] = Counter(one.addr[0] for one in idle).most_common(1)
            min((one for one in idle if one.addr[0] == most), key=lambda one: one.last_activity).will_close = True

    def _look_after(self, now: float) -> None:
        """As often as waitress looks for idle connections."""
        self._maintain(now)
        at, channels = time.monotonic(), self._server.active_channels.values()
        coming = {one.request: one for one in channels if one.request is not None}
        self._coming = {request: self._coming.get(request, at) for request in coming}
        for request, since in self._coming.items():
            if at - since >= self._request_s:
                coming[request].will_close = True
