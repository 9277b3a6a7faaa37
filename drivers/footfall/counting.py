"""What all cameras share that count people: lines that are crossed, zones in which somebody stays, and whether the view
is fit for that. The rule: no picture leaves but `look`'s, which shows nobody, and none is stored.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from drivers.camera.pictures import Shot, opencv
from drivers.camera.watching import STALE_AFTER, WatchingDevice
from drivers.device import Crossing, Event, Judgement, Stay
from drivers.errors import BadUri
from drivers.footfall.views import is_counted, told
from drivers.uri import Uri
from drivers.vision.plan import BadPlan, Line, Plan
from drivers.vision.verdict import View

if TYPE_CHECKING:
    from drivers.vision.counter import Counter, Tally

FPS = 10.0
"""Pictures a second that are asked for; a counter needs 7."""
LOOK_WIDTH = 480
_COARSE_WIDTH = 96
_COARSE_BLUR = 2.0
"""Pixels, and a standard deviation in them: nothing finer than a 48th of the picture's width is left. A person who is a
quarter of its height has a head of that size.
"""
_LOOK_QUALITY = 70


class CountingCamera(WatchingDevice):
    """A `Device`. `Crossing.mono` and `Stay.mono` are times of pictures: a recording gives the same at each replay."""

    kind = "footfall"
    source = "camera"

    def __init__(self, name: str, uri: Uri, now: Callable[[], float]) -> None:
        super().__init__(name, uri, now, "line", fps=FPS, colour=True, every=True)
        self._configured = _plan(uri)
        self._plan = self._configured
        self._counter: Counter | None = None
        self._newest: Shot | None = None
        self._gist: object = None
        self._told = told(self._is_planned, self.view)

    def plan(self, plan: Plan | None) -> None:
        """What is counted from the next picture on; None: the line of the URI, or nothing."""
        self._plan = self._configured if plan is None else plan
        if self._counter is not None:
            self._counter.plan = self._plan

    @property
    def planned(self) -> Plan:
        """What is counted now."""
        return self._plan

    def judgement(self) -> Judgement:
        """How far it may be believed, by its view."""
        view = self.view
        return Judgement(view.verdict, view.reasons, round(view.hidden * 1000))

    def try_(self, plan: Plan | None) -> None:
        """A draft to be counted besides; None ends that."""
        self._counting().trial = plan

    def tally(self) -> "Tally":
        """What the draft has counted."""
        return self._counting().tried

    @property
    def view(self) -> View:
        return View() if self._counter is None else self._counter.view

    @property
    def people(self) -> int:
        """Seen now."""
        return 0 if self._counter is None else self._counter.people

    @property
    def inside(self) -> dict[str, int]:
        """Zone → people in it now."""
        return {} if self._counter is None else self._counter.inside

    def look(self) -> bytes | None:
        """The newest picture as a JPEG, `LOOK_WIDTH` wide or less, so coarse that nobody is recognised and nothing can
        be read; None when there is none of the last seconds.
        """
        heard = self.life.last_ok
        if self._newest is None or heard is None or self._now() - heard > STALE_AFTER:
            self._newest = None
            return None
        cv2 = opencv()
        picture = self._newest.picture
        height, width = picture.shape[:2]
        coarse = cv2.resize(picture, _scaled(width, height, _COARSE_WIDTH), interpolation=cv2.INTER_AREA)
        coarse = cv2.GaussianBlur(coarse, (0, 0), _COARSE_BLUR)
        shown = cv2.resize(coarse, _scaled(width, height, LOOK_WIDTH), interpolation=cv2.INTER_CUBIC)
        _, data = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, _LOOK_QUALITY])
        return bytes(data)

    def came(self, shot: Shot) -> list[Event]:
        counter = self._counting()
        self._newest = shot
        seen = counter.step(shot.picture, shot.at)
        self._tell()
        return self._counted(seen)

    def left(self) -> list[Event]:
        return [] if self._counter is None else self._counted(self._counter.end())

    def close(self) -> None:
        super().close()
        self._newest = None

    @property
    def _is_planned(self) -> bool:
        return bool(self._plan.lines or self._plan.zones)

    def _counting(self) -> "Counter":
        if self._counter is None:
            opencv()  # as it is to be for one core
            from drivers.vision.counter import Counter

            self._counter = Counter(self._plan, self.name)
        return self._counter

    def _counted(self, seen: "list[Crossing | Stay]") -> list[Event]:
        if is_counted(self.view):
            return list(seen)
        self.life.counters["uncounted"] += len(seen)
        return []

    def _tell(self) -> None:
        view = self.view
        # Numbers go up and down with each picture: words are found anew when there is something else to say.
        if self._gist != (gist := (self._is_planned, view.verdict, view.reasons)):
            self._gist, self._told = gist, told(self._is_planned, view)
        self.life.ok(self._told.reason)
        if self.life.told != (self._told.state, self._told.reason):
            self.life.set(self._told.state, self._told.reason, self._told.remedy)


def _scaled(width: int, height: int, to: int) -> tuple[int, int]:
    to = min(width, to)
    return to, max(1, round(height * to / width))


def _plan(uri: Uri) -> Plan:
    """That of the option `line=x1,y1,x2,y2`; empty without it."""
    text = uri.text("line", "")
    if not text:
        return Plan()
    try:
        ax, ay, bx, by = (float(number) for number in text.split(","))
        return Plan((Line("line", (ax, ay), (bx, by)),))
    except BadPlan as error:
        raise BadUri(f"{uri}: option {error}") from error
    except ValueError as error:
        raise BadUri(f"{uri}: option line={text!r} is not x1,y1,x2,y2 in parts of the picture, each 0 to 1") from error
