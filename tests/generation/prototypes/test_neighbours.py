"""Distances to the nearest real image."""

import pytest
import torch

from generation.prototypes.errors import TooFewImages
from generation.prototypes.neighbours import nearest_real, real_to_real_limits

REAL = torch.tensor([[0.0], [1.0], [3.0], [10.0], [12.0]])
LABELS = torch.tensor([0, 0, 0, 1, 1])


def test_names_the_nearest_image_its_class_and_distance() -> None:
    found = nearest_real(torch.tensor([[2.9], [11.5]]), REAL, LABELS)

    assert found.index.tolist() == [2, 4]
    assert found.label.tolist() == [0, 1]
    assert found.distance.tolist() == pytest.approx([0.1, 0.5], abs=1e-5)


def test_a_real_image_is_not_its_own_neighbour() -> None:
    found = nearest_real(REAL, REAL, LABELS, skip_self=True)

    assert found.distance.tolist() == pytest.approx([1, 1, 2, 2, 2], abs=1e-5)


def test_limits_are_class_quantiles_of_real_distances() -> None:
    limits = real_to_real_limits(REAL, LABELS, 2, quantile=1.0)

    assert limits.tolist() == pytest.approx([2.0, 2.0], abs=1e-5)


def test_needs_two_real_images_per_class() -> None:
    with pytest.raises(TooFewImages, match="Class 1 has 1"):
        real_to_real_limits(REAL[:4], LABELS[:4], 2)
