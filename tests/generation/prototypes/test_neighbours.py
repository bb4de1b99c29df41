"""Distances to the nearest real image."""

import pytest
import torch

from generation.prototypes.errors import TooFewImages
from generation.prototypes.neighbours import real_to_real_limits

REAL = torch.tensor([[0.0], [1.0], [3.0], [10.0], [12.0]])
LABELS = torch.tensor([0, 0, 0, 1, 1])


def test_limits_are_class_quantiles_of_real_distances() -> None:
    limits = real_to_real_limits(REAL, LABELS, 2, quantile=1.0)

    assert limits.tolist() == pytest.approx([2.0, 2.0], abs=1e-5)
    assert limits.dtype == REAL.dtype


def test_the_middle_image_has_the_middle_distance() -> None:
    limits = real_to_real_limits(REAL, LABELS, 1, quantile=0.5)

    assert limits.tolist() == pytest.approx([1.0], abs=1e-5)


def test_needs_two_real_images_per_class() -> None:
    with pytest.raises(TooFewImages, match="Class 1 has 1"):
        real_to_real_limits(REAL[:4], LABELS[:4], 2)
