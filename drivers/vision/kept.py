"""The first pictures, until they have been learnt from and counted: as JPEG, a quarter of the memory."""

from collections import deque

import cv2
import numpy as np

from drivers.vision.arrays import Picture

_QUALITY = [
    cv2.IMWRITE_JPEG_QUALITY,
    97,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]


class Kept:
    """Pictures and their times, the oldest first."""

    def __init__(self) -> None:
        self._kept: deque[tuple[bytes, float]] = deque()

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, number: int) -> Picture:
        return _picture(self._kept[number][0])

    @property
    def since(self) -> float:
        """When the oldest was taken."""
        return self._kept[0][1]

    def append(self, picture: Picture, at: float) -> None:
        """Keep one."""
        _, data = cv2.imencode(".jpg", picture, _QUALITY)
        self._kept.append((bytes(data), at))

    def popleft(self) -> tuple[Picture, float]:
        """Give up the oldest."""
        data, at = self._kept.popleft()
        return _picture(data), at


def _picture(data: bytes) -> Picture:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
