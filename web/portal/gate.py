"""The guests' Wi-Fi as the portal sees it: which device asks, whether it was let through, whether there is a way out.

A device is the MAC that the kernel has for its address, which opens the gate and is nothing more. Who is through, the
firewall knows; the portal lets all of them through, so it remembers, and asks once when it begins anew.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from appliance.config import Wifi
from appliance.errors import Problem

Asked = Callable[[str, dict[str, Any]], dict[str, Any]]
"""The steward: has a verb carried out with some data, and raises Problem with its refusal, ``busy`` when it does not
answer."""

ASK_AGAIN_S = 5.0
FRESH_S = 300.0
"""A device that was let through less than this ago is not let through again: each time costs a process."""
_PATIENCE_S = 2.0
_MOST = 4096
_COMPLETE = 0x2
"""The kernel has heard the device say so (ATF_COM of linux/if_arp.h)."""


def nobody(verb: str, data: dict[str, Any]) -> dict[str, Any]:
    """A portal without a steward."""
    raise Problem("busy", f"nobody is there for {verb}")


Where = Literal["elsewhere", "asked", "on"]
"""Not on the guests' Wi-Fi, or there is none; on it, and not let through; let through."""


@dataclass(frozen=True)
class Joining:
    """How things are for a device. ``way_out``: whether being let through leads to the internet now."""

    where: Where
    way_out: bool

    @property
    def key(self) -> str:
        """A word for each of the few ways that a page can look."""
        return f"{self.where}{'-out' if self.way_out else ''}"


class Gate:
    """One for the app; all of its threads use it."""

    def __init__(
        self, wifi: Wifi, steward: Asked, monotonic: Callable[[], float], net: Path = Path("/proc/net")
    ) -> None:
        """``net``: where the kernel shows its neighbours and routes (proc(5))."""
        self.wifi = wifi
        self._steward, self._monotonic, self._net = steward, monotonic, net
        self._until: dict[str, float] = {}
        self._known = False
        self._next_ask = 0.0
        self._lock = threading.Lock()

    @property
    def exists(self) -> bool:
        """Whether the box makes a Wi-Fi for guests."""
        return bool(self.wifi.ssid)

    def device(self, peer: str) -> str | None:
        """The MAC behind an address on the guests' interface, in small letters; None: nobody there."""
        if not self.exists:
            return None
        for line in self._lines("arp"):
            match line.split():
                case [address, _, flags, mac, _, interface] if address == peer and interface == self.wifi.interface:
                    return mac.lower() if int(flags, 16) & _COMPLETE else None
        return None

    def seconds(self, mac: str) -> int:
        """For how much longer a device is through; 0: it is not."""
        self._learn()
        return max(0, int(self._until.get(mac, 0.0) - self._monotonic()))

    def joining(self, peer: str) -> Joining:
        """How things are for whoever asks from this address."""
        mac = self.device(peer)
        if mac is None:
            return Joining("elsewhere", False)
        return Joining("on" if self.seconds(mac) else "asked", self.way_out())

    def way_out(self) -> bool:
        """Whether guests get through at all, and the box has a route to everywhere."""
        return self.wifi.pass_through and any(
            fields[1:2] == ["00000000"] and fields[7:8] == ["00000000"]
            for fields in map(str.split, self._lines("route"))
        )

    def admit(self, mac: str) -> None:
        """Let a device through; Problem when the steward does not. One at a time: whoever asks a thousand times keeps
        nobody from selling."""
        hours = self.wifi.release_hours
        if self.seconds(mac) > hours * 3600 - FRESH_S:
            return
        if not self._lock.acquire(timeout=_PATIENCE_S):
            raise Problem("busy", "others are let through just now", "Try again in a few seconds.", retry_after=3)
        try:
            self._steward("guest.admit", {"mac": mac, "hours": hours})
        finally:
            self._lock.release()
        now = self._monotonic()
        if len(self._until) >= _MOST:
            self._until = {mac: until for mac, until in list(self._until.items()) if until > now}
        self._until[mac] = now + hours * 3600

    def _learn(self) -> None:
        """Whom an earlier portal let through; as long as nobody says, they are asked once more at most."""
        if self._known or self._monotonic() < self._next_ask or not self._lock.acquire(blocking=False):
            return
        try:
            self._next_ask = self._monotonic() + ASK_AGAIN_S
            with suppress(Problem):
                left = self._steward("guest.released", {})["released"]
                now = self._monotonic()
                self._until = {mac: now + seconds for mac, seconds in left.items()} | self._until
                self._known = True
        finally:
            self._lock.release()

    def _lines(self, name: str) -> list[str]:
        """A table of the kernel's, without its heading."""
        return (self._net / name).read_text(encoding="ascii").splitlines()[1:]
