"""A real recording, if it lies beside the repository: at least the promised numbers. benchmarks/footfall.py measures
more."""

import pytest

from benchmarks._footage import SHARED, THIRTEEN, pictures, score, true_crossings, truth
from benchmarks.footfall import FPS, GOALS, SIZE, counted

CLIP = SHARED / "PETS09-S2L1"


@pytest.mark.skipif(not CLIP.is_dir(), reason="the recording PETS09-S2L1 is not beside the repository (shared/footage)")
def test_thirteen_lines_over_a_real_crowd_are_counted_as_well_as_promised() -> None:
    shown = pictures(CLIP / "vtest.avi")
    true = true_crossings(truth(CLIP / "gt.txt", len(shown)), THIRTEEN, SIZE)
    found = score(true, counted(shown, THIRTEEN, FPS)[0])
    error, f1 = GOALS["forward", "13 lines"]
    assert found.true > 350
    assert found.error <= error
    assert found.f1 >= f1
