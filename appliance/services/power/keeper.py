"""Everything the power worker thinks: from readings to charge, level, forecast, steps and the clean end.

No device, no socket, no clock of its own: it is told the time, what the journal wants, and hands back commands and what
is to be switched.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from appliance.clock import Now
from appliance.config import PowerTable
from appliance.domain.power import LEVELS, SHUTDOWN, Level
from appliance.services.power.battery import Battery
from appliance.services.power.counting import Charge, Counter
from appliance.services.power.forecast import Forecast, Load, State, Sun, forecast
from appliance.services.power.levels import Levels
from appliance.services.power.merge import Merge, Merged
from appliance.services.power.sampling import Sampler
from appliance.services.power.shedding import Measure, Shedder, Veto
from appliance.services.power.shutdown import Look, Outcome, Shutdown

FORECAST_S = 10.0
PATIENCE_S = 10.0
"""How long a box that starts waits for the journal's word before it begins without."""
UPLINK = "uplink"

Command = tuple[str, dict[str, Any]]
"""Name and data, for the recorder."""
PowerOff = Callable[[], tuple[Outcome, str]]
"""Asks the steward: what came of it, and its words."""


class Keeper:
    """`tick` about once a second. `merge` is fed from outside, with the seconds that `seconds` makes of the clock."""

    def __init__(self, table: PowerTable, power_off: PowerOff) -> None:
        self.battery = Battery.of(table)
        self.merge = Merge()
        self._uplink = table.uplink
        self._counter = Counter(self.battery)
        self._levels = Levels(self.battery)
        self._shedder = Shedder(table.announce_s)
        self._shutdown = Shutdown(self.battery.hard_mv, table.shutdown_min, power_off)
        self._sampler = Sampler()
        self._load = Load()
        self._began: float | None = None
        self._restored = False
        self._vetoes: dict[str, Veto] = {}
        self._merged = Merged()
        self._charge: Charge | None = None
        self._forecast: Forecast | None = None
        self._forecast_due = 0.0
        self._closes_ms: int | None = None

    @property
    def off(self) -> frozenset[str]:
        """The steps that are switched off now."""
        return self._shedder.off

    def tick(self, now: Now, wanted: dict[str, Any], relays: Iterable[Measure]) -> list[Command]:
        """One second's worth; the commands that follow, in order."""
        at = seconds(now)
        self._began = at if self._began is None else self._began
        if not self._restored and not wanted and at - self._began < PATIENCE_S:
            return []
        self._hear(now, wanted)
        self._shedder.offer([*self._uplink_measure(), *relays])
        self._merged = self.merge.merged(at)
        self._charge = self._charged(at)
        commands: list[Command] = []
        if (sample := self._sampler.take(self._merged, self._charge, at)) is not None:
            commands.append(("power.sample", sample))
            if (load := sample["load_mw"]) is not None:
                if self._load.mean_mw is None:
                    self._forecast_due = at  # the first look ahead waits no longer than this
                self._load.take(load, sample["over_s"])
        before = self._levels.level
        level = self._look_at_level(at)
        if level != before:
            commands.append(("power.change_level", {"to": level, "shed": self._shedder.asked_for(level)}))
            self._forecast_due = at
        if at >= self._forecast_due:
            self._forecast_due = at + FORECAST_S
            self._forecast = self._look_ahead(now, wanted)
        return commands + self._act(level, at)

    def _look_at_level(self, at: float) -> Level:
        soc, sigma = (self._charge.soc, self._charge.sigma) if self._charge else (None, 1.0)
        return self._levels.look(soc, sigma, self._merged.mv, at)

    def _act(self, level: Level, at: float) -> list[Command]:
        commands: list[Command] = []
        known = self._levels.known
        for change in self._shedder.look(level, known=known, vetoes=self._vetoes, now=at):
            asked = {"step": change.step, "state": change.state, "level": level, "in_s": change.in_s}
            commands.append(("power.change_step", asked))
        empty = self._forecast.empty_s if self._forecast else self._merged.ttg_s
        seen = Look(level, known, self._merged.mv, self._merged.ma, empty)
        veto = self._vetoes.get(SHUTDOWN)
        for end in self._shutdown.look(seen, None if veto is None else veto.until, at):
            asked = {"step": SHUTDOWN, "state": end.state, "level": level, "in_s": end.in_s, "final": end.final}
            commands.append(("power.change_step", asked))
        return commands

    def _charged(self, at: float) -> Charge | None:
        if self._merged.soc_permille is not None:
            return self._counter.measured(self._merged.soc_permille / 1000, at)
        return self._counter.count(self._merged.mv, self._merged.ma, at)

    def _hear(self, now: Now, wanted: dict[str, Any]) -> None:
        """What the journal knows: once where things stood, and always what the lead says."""
        closes = wanted.get("closes_ms")
        self._closes_ms = closes if isinstance(closes, int) else None
        self._vetoes = dict(_vetoes(wanted.get("vetoes"), now))
        if self._restored:
            return
        self._restored = True
        level = wanted.get("level")
        self._levels.restore(next((known for known in LEVELS if known == level), "normal"))
        if isinstance(off := wanted.get("off"), list):
            self._shedder.restore(name for name in off if isinstance(name, str))
        match wanted.get("last"):
            case {
                "soc_permille": int(soc),
                "at_ms": int(at_ms),
                "boot": str(boot),
                "mono": int(mono),
                "sigma_permille": sigma,
            }:
                unseen = None
                if boot == now.boot:
                    unseen = max(0.0, (now.mono - mono) / 1e6)
                elif now.trusted:
                    unseen = max(0.0, (now.wall_ms - at_ms) / 1000)
                self._counter.restore(soc / 1000, sigma / 1000 if isinstance(sigma, int) else 0.02, unseen)
            case _:
                pass

    def _uplink_measure(self) -> list[Measure]:
        if self._uplink == "never":
            return []
        return [Measure(UPLINK, self._uplink, "The uplink sends less often")]

    def _look_ahead(self, now: Now, wanted: dict[str, Any]) -> Forecast | None:
        """None without a charge, a capacity or a load."""
        capacity, load = self.battery.capacity_mwh, self._load.mean_mw
        if self._charge is None or capacity is None or load is None or self._merged.load_mw is None:
            return None
        state = State(
            self._charge.soc,
            self._charge.sigma,
            capacity,
            self.battery.percent[3] / 100,
            load,
            self._load.spread_mw,
        )
        seen = wanted.get("sun")
        by_slot = {
            int(slot): mw
            for slot, mw in (seen.items() if isinstance(seen, dict) else ())
            if isinstance(slot, str) and slot.isdigit() and isinstance(mw, int) and now.trusted
        }
        close_in = None if self._closes_ms is None or not now.trusted else (self._closes_ms - now.wall_ms) / 1000
        return forecast(state, Sun(by_slot, self._merged.pv_mw), now.wall_ms / 1000, close_in)

    def page(self, now: Now) -> dict[str, Any]:
        """For the board: the merged values and what follows from them."""
        at, charge = seconds(now), self._charge
        values = asdict(self._merged)
        values["soc_permille"] = None if charge is None else round(charge.soc * 1000)
        return {
            **values,
            "counted": charge is not None and charge.counted,
            "sigma_permille": None if charge is None else round(charge.sigma * 1000),
            "capacity_mwh": self.battery.capacity_mwh,
            "level": self._levels.level,
            "known": self._levels.known,
            "limits": dict(zip(LEVELS[1:], self.battery.percent, strict=True)),
            "steps": self._shedder.page(self._levels.level, vetoes=self._vetoes, now=at),
            "shutdown": self._shutdown.page(at),
            "closes_ms": self._closes_ms,
            "forecast": None if self._forecast is None else _rounded(self._forecast),
        }


def seconds(now: Now) -> float:
    """The monotonic clock of facts, in seconds."""
    return now.mono / 1e6


def _vetoes(told: object, now: Now) -> Iterable[tuple[str, Veto]]:
    """Those of this boot: their time runs on the monotonic clock."""
    for one in told if isinstance(told, list) else ():
        match one:
            case {"step": str(step), "level": str(level), "boot": str(boot), "mono": int(mono), "for_s": int(for_s)}:
                known = next((known for known in LEVELS if known == level), None)
                if boot == now.boot and known is not None:
                    yield step, Veto(known, mono / 1e6 + for_s)
            case _:
                continue  # another process' page: what is not of this shape is not there


def _rounded(found: Forecast) -> dict[str, int | None]:
    """Seconds, and per mille of the capacity."""
    whole = {key: None if value is None else round(value) for key, value in asdict(found).items() if "empty" in key}
    parts = {
        key: None if value is None else round(value * 1000) for key, value in asdict(found).items() if "at_" in key
    }
    return {**whole, **parts}
