"""Who stands: people who were seen to walk before. Something that never stirs is no person but what somebody left
behind, and is given up.
"""

import math
from collections.abc import Iterable

import cv2

from drivers.vision.arrays import Box, Picture, count
from drivers.vision.track import GIVEN_UP, Track

_SEEN_S, _MISSED_S = 0.7, 0.43
_WALKED = 0.7
"""Heights from where they were first seen: something that never went anywhere is not protected."""
_STANDS = 0.35
"""Heights per second; doing the same to who walks faster ruins their outline."""
_HALF, _ABOVE, _BELOW = 0.24, 1.06, 0.05
_STIRS = 24
"""Grey levels from picture to picture."""
_STIRS_RATE = 0.58
"""1/s."""
_DEAD = 0.004
"""Share of pixels: people breathe, sway and turn their heads."""


def standing(tracks: Iterable[Track], picture: Picture, before: Picture | None, seconds: float) -> list[Box]:
    """The boxes of those who stand; `before`: the picture `seconds` earlier."""
    height, width = picture.shape[:2]
    boxes = []
    for track in tracks:
        if track.seen < _SEEN_S or track.missed > _MISSED_S or not track.walked(_WALKED) or track.speed > _STANDS:
            continue
        half = _HALF * track.tall * track.size
        left, right = int(track.x - half), int(track.x + half)
        if before is not None:
            body = Box(left, int(track.y - track.tall), right, int(track.y)).within(width, height)
            if body.width and body.height:
                change = cv2.absdiff(picture[body.cut()], before[body.cut()])
                share = count(change > _STIRS) / change.size
                track.stirs += (1 - math.exp(-_STIRS_RATE * seconds)) * (share - track.stirs)
            if track.stirs < _DEAD:
                track.trust = GIVEN_UP
                continue
        top, bottom = int(track.y - _ABOVE * track.tall), int(track.y + _BELOW * track.tall) + 1
        box = Box(left, top, right + 1, bottom).within(width, height)
        if box.width and box.height:
            boxes.append(box)
    return boxes
