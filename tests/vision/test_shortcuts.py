"""What is computed the short way is what the plain way says."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.vision.clusters import LEAST_PIXELS, parts
from drivers.vision.colours import colours, shades
from drivers.vision.foreground import tidied
from drivers.vision.silhouette import overlaid, silhouette

SEEDS = st.integers(0, 2**32 - 1)


@given(st.integers(14, 120), st.integers(0, 20), st.integers(0, 20), SEEDS)
def test_an_outline_laid_over_weights_sums_them_as_a_correlation_does(
    tall: int, down: int, across: int, seed: int
) -> None:
    shape = silhouette(tall)
    rows, columns = shape.pattern.shape
    weights = np.random.default_rng(seed).uniform(-1, 1.6, (rows + down, columns + across)).astype(np.float32)
    plain = cv2.matchTemplate(weights, shape.pattern, cv2.TM_CCORR)
    assert overlaid(shape, weights) == pytest.approx(plain, abs=1e-3)


def specks(seed: int, share: float) -> NDArray[np.uint8]:
    """Some in a part of the picture, larger and smaller."""
    chance = np.random.default_rng(seed)
    mask = np.zeros((72, 96), np.uint8)
    top, left = chance.integers(0, 60), chance.integers(0, 80)
    part = mask[top : top + chance.integers(1, 60), left : left + chance.integers(1, 80)]
    coarse = (chance.random(((part.shape[0] + 3) // 4, (part.shape[1] + 3) // 4)) < share).astype(np.uint8)
    part[:] = 255 * coarse.repeat(4, 0).repeat(4, 1)[: part.shape[0], : part.shape[1]]
    return mask


@given(SEEDS, st.sampled_from((0.0, 0.1, 0.4, 1.0)))
def test_a_mask_is_tidied_and_parted_as_if_all_of_it_were_looked_at(seed: int, share: float) -> None:
    mask = specks(seed, share)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((7, 5), np.uint8))
    assert np.array_equal(tidied(mask), closed)
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(closed, 8, cv2.CV_16U, cv2.CCL_SPAGHETTI)
    found = parts(closed)
    assert np.array_equal(found.labels, labels)
    large = {
        number: (left, top, left + width, top + height)
        for number, (left, top, width, height, area) in enumerate(stats.tolist())
        if number and area >= LEAST_PIXELS
    }
    assert found.boxes == large


@given(SEEDS)
def test_colours_are_the_shares_of_shades_under_the_mask(seed: int) -> None:
    chance = np.random.default_rng(seed)
    picture = chance.integers(0, 256, (30, 20, 3), np.uint8)
    mask = chance.random((30, 20)) < 0.5
    found = shades(picture)
    coarse = (picture >> 5).astype(int)
    assert np.array_equal(found, coarse[..., 0] * 64 + coarse[..., 1] * 8 + coarse[..., 2])
    counted = np.bincount(found[mask], minlength=512)
    assert colours(picture, mask) == pytest.approx(counted / max(counted.sum(), 1), abs=1e-6)
