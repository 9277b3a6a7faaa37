"""``boothkit footfall``: people counted in a recording."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from appliance.commands._common import Box, common
from appliance.errors import BoothkitError
from drivers.camera.pictures import FASTEST, opencv, scene_rate

if TYPE_CHECKING:
    from drivers.device import Crossing
    from drivers.vision.plan import AnyPlan
    from drivers.vision.verdict import View

Ends = tuple[float, float, float, float]


class NoVideo(BoothkitError):
    """The recording has no pictures that can be read."""

    remedy = "Name a video with pictures in it, such as an AVI or MP4 file."


class BadLine(BoothkitError):
    """A line cannot be counted in this recording."""

    remedy = "Give both ends of each line in pixels of the recording, counted from its upper left corner."


@click.group()
def command() -> None:
    """People who cross a line, counted by a camera."""


def _ends(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> list[Ends]:
    lines: list[Ends] = []
    for text in given:
        try:
            x1, y1, x2, y2 = (float(number) for number in text.split(","))
        except ValueError as error:
            raise click.BadParameter(f"{text!r} is not X1,Y1,X2,Y2, for example 520,0,520,576") from error
        lines.append((x1, y1, x2, y2))
    return lines


@command.command()
@click.argument("video", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--line",
    "lines",
    multiple=True,
    required=True,
    metavar="X1,Y1,X2,Y2",
    callback=_ends,
    help="A line in pixels of the video; may be given several times. In is from its left-hand side to its right-hand "
    "side, looking from the first end to the second on a map whose north is up: with the first end on the left, who "
    "walks down in the picture.",
)
@click.option(
    "--frame-rate",
    type=click.FloatRange(0.5, FASTEST),
    help="Pictures a second of the scene, when the video says something else.",
)
@click.option("--realtime", is_flag=True, help="As fast as it was recorded, and not as fast as this machine can.")
@common
def count(box: Box, video: Path, lines: list[Ends], frame_rate: float | None, realtime: bool) -> None:
    """Count the people in VIDEO who cross lines.

    What is counted is where feet go. Nothing is stored.
    """
    counted = _Count(video, lines, frame_rate, realtime)
    counted.run()
    for warning in counted.warnings():
        click.echo(warning, err=True)
    answer = counted.answer()
    box.out(answer, _text(answer))


class _Count:
    """One recording."""

    def __init__(self, video: Path, lines: list[Ends], frame_rate: float | None, realtime: bool) -> None:
        self._video, self._lines, self._frame_rate, self._realtime = video, lines, frame_rate, realtime
        self._crossings: list[Crossing] = []
        self._view: View | None = None
        self._frames = self._told = 0
        self._rate = self._speed = 0.0

    def run(self) -> None:
        """Raises NoVideo and BadLine."""
        cv2 = opencv()
        from drivers.vision.counter import Counter

        capture = cv2.VideoCapture(str(self._video))
        try:
            whole, picture = capture.read()
            if not whole:
                raise NoVideo(f"{self._video}: not a video that can be read")
            self._told = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            self._rate = self._frame_rate or scene_rate(float(capture.get(cv2.CAP_PROP_FPS)))
            counter = Counter(self._plan(picture.shape[1], picture.shape[0]), "")
            began, worked = time.monotonic(), 0.0
            while whole:
                if self._realtime:
                    time.sleep(max(0.0, began + self._frames / self._rate - time.monotonic()))
                before = time.perf_counter()
                self._take(counter.step(picture, self._frames / self._rate))
                worked += time.perf_counter() - before
                self._frames += 1
                whole, picture = capture.read()
            before = time.perf_counter()
            self._take(counter.end())
            worked += time.perf_counter() - before
        finally:
            capture.release()
        self._view, self._speed = counter.view, self._frames / max(worked, 1e-6)

    def answer(self) -> dict[str, Any]:
        """``fps``: pictures counted a second; ``frame_rate``: of the scene; ``view``: whether it can be counted."""
        view = self._view
        lines: list[dict[str, Any]] = []
        for number, ends in enumerate(self._lines):
            events = [
                {"frame": round(crossing.mono * self._rate) + 1, "direction": crossing.direction}
                for crossing in self._crossings
                if crossing.line == f"/{number}"
            ]
            events.sort(key=lambda event: event["frame"])
            total = {way: sum(event["direction"] == way for event in events) for way in ("in", "out")}
            lines.append({"line": [_number(end) for end in ends], **total, "events": events})
        return {
            "frames": self._frames,
            "fps": round(self._speed, 1),
            "frame_rate": _number(self._rate),
            "view": {"verdict": view.verdict, "reasons": list(view.reasons)} if view is not None else None,
            "lines": lines,
        }

    def warnings(self) -> list[str]:
        """What makes the numbers worth less."""
        found = []
        if self._view is not None and self._view.verdict == "unsuitable":
            found.append(
                f"footfall: people cannot be counted in this view ({', '.join(self._view.reasons)}): do not use these "
                "numbers.\n  Mount the camera 3 to 4 m high, looking down at an angle."
            )
        elif self._view is not None and self._view.reasons:
            found.append(f"footfall: the numbers are uncertain: {', '.join(self._view.reasons)}")
        if self._frames < 0.95 * self._told:
            found.append(f"footfall: {self._video} breaks off after {self._frames} of {self._told} pictures")
        return found

    def _plan(self, width: int, height: int) -> "AnyPlan":
        from drivers.vision.plan import AnyPlan, BadPlan, Line

        lines: list[Line] = []
        for number, (x1, y1, x2, y2) in enumerate(self._lines):
            shown = f"--line {x1:g},{y1:g},{x2:g},{y2:g}"
            for x, y in ((x1, y1), (x2, y2)):
                if not (0 <= x <= width and 0 <= y <= height):
                    raise BadLine(f"{shown}: {x:g},{y:g} lies outside of the video, which is {width} x {height}")
            try:
                line = Line(str(number), (x1 / width, y1 / height), (x2 / width, y2 / height))
                lines += AnyPlan((line,)).lines
            except BadPlan as error:
                raise BadLine(f"{shown}: {str(error).partition(': ')[2]}") from error
        return AnyPlan(tuple(lines))

    def _take(self, events: list[Any]) -> None:
        from drivers.device import Crossing

        self._crossings += [event for event in events if isinstance(event, Crossing)]


def _text(answer: dict[str, Any]) -> str:
    """For people."""
    rate, speed = answer["frame_rate"], answer["fps"]
    rows = [f"{answer['frames']} pictures at {rate:g} a second, {speed:.0f} counted a second."]
    for line in answer["lines"]:
        rows.append(f"Line {','.join(str(end) for end in line['line'])}: {line['in']} in, {line['out']} out")
    return "\n".join(rows)


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value
