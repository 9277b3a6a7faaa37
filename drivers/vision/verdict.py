"""What a counter says of its own view. The rule: plain values, no picture and no OpenCV, so that a camera's model can
be named without them.
"""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["learning", "good", "poor", "unsuitable"]
UNFIT = ("covered", "too-close", "too-far")
"""Reasons for which a view is unsuitable; any other makes it poor."""


@dataclass(frozen=True)
class View:
    """`height`: of a person in the middle row, in parts of the picture's height, None before anybody was measured;
    `hidden`: share of people who are mostly hidden behind others, 0…1, over the last minutes; `fps`: pictures a second.
    """

    verdict: Verdict = "learning"
    reasons: tuple[str, ...] = ()
    height: float | None = None
    hidden: float = 0.0
    fps: float = 0.0
