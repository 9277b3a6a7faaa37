"""What a camera's view means for the people who look after it: the state, why, and what to do."""

from dataclasses import dataclass

from drivers.life import State
from drivers.vision.verdict import View

COUNTING = "counting"
WAITING = "counting, and still getting to know the view"
_REMEDY = "Mount it 3 to 4 m high, looking down at an angle: people a quarter to an eighth of the picture's height."


@dataclass(frozen=True)
class Told:
    """As `Life.set` takes it."""

    reason: str
    remedy: str = ""
    state: State = "degraded"


def told(planned: bool, view: View) -> Told:
    """Of a camera that gives pictures. Crowds and changing light come and go: they are told with the numbers, and are
    no state of the device.
    """
    if not planned:
        return Told("no counting line yet", remedy="Set it on the Footfall page of the lead's screen.")
    troubles = _troubles(view)
    if (worst := next((reason for reason in troubles if reason in view.reasons), None)) is not None:
        return troubles[worst]
    if view.verdict == "unsuitable":
        return Told("people cannot be counted in this view", remedy=_REMEDY)
    return Told(WAITING if view.verdict == "learning" else COUNTING, state="online")


def is_counted(view: View) -> bool:
    """Whether what is seen in it may be believed at all."""
    return view.verdict != "unsuitable" and "covered" not in view.reasons


def _troubles(view: View) -> dict[str, Told]:
    """By the view's reasons, the worst first."""
    return {
        "covered": Told("the camera is covered", remedy="Clear or clean the lens, and look what stands before it."),
        "too-close": Told("people are too large in the picture to be counted", remedy=_REMEDY),
        "too-far": Told("people are too small in the picture to be counted well", remedy=_REMEDY),
        "moved": Told(
            "the camera was moved", remedy="Check the counting lines on the lead's Footfall page and save them again."
        ),
        "dark": Told("too dark to count well", remedy="Light the floor where people walk, evenly and all the time."),
        "slow": Told(
            f"only {view.fps:.0f} pictures a second, 7 are needed",
            remedy="Give it more light, ask for smaller pictures (size=640x480), take other cameras off this box.",
        ),
    }
