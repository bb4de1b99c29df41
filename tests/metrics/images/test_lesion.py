"""Overlap of masks: hand counts, laws, what empty masks do, limits."""

import numpy as np
import pytest
from hypothesis import given, settings

from metrics.errors import InsufficientData
from metrics.images import lesion_overlap, overlap
from tests.metrics.images.sets import seeds


def masks(n: int, seed: int, *, share: float = 0.3) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 9, 9)) < share


@given(seeds)
@settings(max_examples=30)
def test_laws(seed: int) -> None:
    a, b = masks(2, seed)
    found = overlap(a, b)
    assert found.iou is not None
    assert found.dice is not None
    assert overlap(b, a).iou == found.iou
    assert overlap(a.T, b.T) == found
    assert 0 <= found.iou <= found.dice <= 1
    assert found.dice == pytest.approx(2 * found.iou / (1 + found.iou))
    assert overlap(a, a).iou == overlap(a, a).dice == 1
    assert overlap(a.astype(np.uint8), b.astype(float)) == found


def test_empty_masks() -> None:
    empty, full = np.zeros((3, 3), dtype=bool), np.ones((3, 3), dtype=bool)
    assert (overlap(empty, empty).iou, overlap(empty, empty).dice) == (None, None)
    assert (overlap(empty, full).iou, overlap(full, empty).dice) == (0, 0)


def test_images_without_a_lesion_are_counted_and_left_out() -> None:
    a, b = masks(40, 1), masks(40, 2)
    plain = lesion_overlap(a, b)
    empty = np.zeros((2, 9, 9), dtype=bool)
    found = lesion_overlap(np.concatenate([a, empty]), np.concatenate([b, empty]))
    assert found.iou.estimate == plain.iou.estimate
    assert found.iou.counts == {"images": 40, "empty in both": 2}
    assert found.warnings == ("2 of 42 pairs are empty in both masks, left out",)
    assert found.n_both_empty == 2
    missed = lesion_overlap(a, np.concatenate([b[:39], empty[:1]]))
    assert missed.n_one_empty == 1
    assert missed.per_image[39].iou == 0


def test_limits_bootstrap_images_or_patients() -> None:
    a, b = masks(60, 1), masks(60, 2)
    b[:30] = a[:30]
    plain = lesion_overlap(a, b)
    assert plain.dice.low < plain.dice.estimate < plain.dice.high
    assert plain == lesion_overlap(a, b)
    patients = lesion_overlap(a, b, clusters=np.arange(60) // 15)
    assert patients.dice.high - patients.dice.low > 2 * (plain.dice.high - plain.dice.low)
    assert "4 clusters: bootstrap limits of so few are too narrow" in patients.dice.warnings


def test_perfect_overlap_has_width() -> None:
    a = masks(10, 1)
    found = lesion_overlap(a, a)
    assert found.iou.estimate == found.iou.high == 1
    assert found.iou.low == pytest.approx(0.025 ** (1 / 10))


def test_mistakes_are_named() -> None:
    a = masks(3, 1)
    with pytest.raises(ValueError, match="3 and 2 masks"):
        lesion_overlap(a, a[:2])
    with pytest.raises(InsufficientData, match="3 pairs of masks, 2 empty in both"):
        lesion_overlap([a[0], a[0] & False, a[0] & False], [a[1], a[0] & False, a[0] & False])
    with pytest.raises(ValueError, match="other than 0 and 1"):
        overlap(a[0] * 255, a[1])
    with pytest.raises(ValueError, match="other than 0 and 1"):
        overlap(np.where(a[0], np.nan, 1.0), a[1])
    with pytest.raises(ValueError, match=r"shape \(9,\)"):
        overlap(a[0][0], a[1][0])
    with pytest.raises(ValueError, match="masks of one image"):
        overlap(a[0][:8], a[1])
    with pytest.raises(ValueError, match="2 entries for 3"):
        lesion_overlap(a, a, clusters=[1, 2])
