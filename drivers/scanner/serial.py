"""Scanners that send text: `serial:///dev/serial/by-id/…?baud=9600` (modules, USB COM mode), `tcp://…`.

They are silent between two codes, so silence is health. A module of the GM65 or GM67 family can be told to read
(`model=gm65&trigger=host`): then it must answer.
"""

from collections.abc import Callable

from drivers import links
from drivers.device import Event, Scan
from drivers.errors import BadUri
from drivers.life import Life, State
from drivers.linked import LinkedDevice
from drivers.scanner.trigger import Trigger, Verdict
from drivers.uri import Uri
from drivers.wire.gm import FAMILIES, Answer, Answers
from drivers.wire.scan import GAP, ScanReader

_WAITING = "waiting for codes"
_SEND_WITHIN = 1.0
_CONTINUOUS = "or set it to read by itself and take trigger=host out of the device's URI."
_SHOWN: dict[Verdict, tuple[State, str, str]] = {
    "reads": ("online", _WAITING, ""),
    "refuses": (
        "degraded",
        "refuses the order to read",
        f"Scan the set-up code for being triggered by the host in the module's manual, {_CONTINUOUS}",
    ),
    "deaf": (
        "degraded",
        "does not answer the order to read",
        f"Check the wire to the module's RX, the model and the baud rate in the device's URI, {_CONTINUOUS}",
    ),
}


class Model(LinkedDevice):
    kind = "scanner"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        uri.only(*links.options(uri), "model", "trigger", "gap")
        family = FAMILIES.get(uri.choice("model", "plain", ("plain", "gm65", "gm67")))
        hosted = uri.choice("trigger", "continuous", ("continuous", "host")) == "host"
        if hosted and family is None:
            raise BadUri(f"{uri}: trigger=host needs model=gm65 or model=gm67; other scanners are told nothing")
        life = Life(now, present=links.presence(uri))
        super().__init__(name, links.open_link(uri), life, now)
        self._trigger = Trigger(family) if hosted and family is not None else None
        self._answers = Answers(life.counters)
        self._reader = ScanReader(life.counters, gap=uri.number("gap", round(GAP * 1000), 20, 5000) / 1000)

    def connected(self) -> None:
        self._answers.reset()
        self._reader.reset()
        if self._trigger is None:
            self.life.ok(_WAITING)
        else:
            self._trigger.reset(self._now())

    def received(self, data: bytes, at: float) -> list[Event]:
        text, answers = self._answers.feed(data, at)
        before = self._reader.ended
        codes = self._reader.feed(text, at) if data else self._reader.idle(at)
        if self._trigger is not None:
            self._operate(self._trigger, answers, self._reader.ended > before, at)
        elif data:
            self.life.ok()
        return [Scan(code, at) for code in codes]

    def _operate(self, trigger: Trigger, answers: list[Answer], read: bool, at: float) -> None:
        before = trigger.verdict
        for answer in answers:
            trigger.answered(answer, at)
            if trigger.verdict == "reads":
                self.life.ok(_WAITING)
        if read:
            trigger.read(at)
        while order := trigger.due(at):
            self._link.write(order, _SEND_WITHIN)
            self.life.counters["orders"] += 1
        if trigger.verdict not in (None, before):
            self.life.counters[trigger.verdict] += 1
            self.life.set(*_SHOWN[trigger.verdict])

    def rest(self, at: float) -> float:
        pauses = [super().rest(at)]
        if (pause := self._reader.rest(at)) is not None:
            pauses.append(pause)
        if self._trigger is not None:
            pauses.append(self._trigger.rest(at))
        return min(pauses)
