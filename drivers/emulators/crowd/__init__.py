"""Scenes of a camera over a crowd, drawn with a seed, for tests and for conditions that no recording has; with the
truth about every picture. The rule: a picture is a function of its number and the scene's arguments alone.

Brings NumPy and OpenCV along; import it only where pictures are wanted.
"""

from drivers.emulators.crowd.ground import CLOSE, FAR, MARKET, Camera
from drivers.emulators.crowd.paint import Look, Sun
from drivers.emulators.crowd.route import Habits
from drivers.emulators.crowd.scene import Scene, write_video
from drivers.emulators.crowd.truth import Passed, Seen, Stayed, crossings, stays

__all__ = [
    "CLOSE",
    "FAR",
    "MARKET",
    "Camera",
    "Habits",
    "Look",
    "Passed",
    "Scene",
    "Seen",
    "Stayed",
    "Sun",
    "crossings",
    "stays",
    "write_video",
]
