"""Nearest neighbours: exact where it matters, whatever the block or the offset."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.images import neighbours
from metrics.images.neighbours import nearest, nearest_others
from tests.metrics.images.sets import normal, seeds


@given(seeds, st.integers(2, 30), st.integers(1, 30), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_equals_all_distances(seed: int, n: int, m: int, d: int) -> None:
    points, reference = normal(m, d, seed), normal(n, d, seed + 1)
    every = np.sqrt(((points[:, None] - reference) ** 2).sum(axis=2))
    found = nearest(points, reference)
    np.testing.assert_allclose(found.distance, every.min(axis=1), rtol=1e-12)
    assert (found.index == every.argmin(axis=1)).all()
    within = np.sqrt(((reference[:, None] - reference) ** 2).sum(axis=2))
    k = min(3, n - 1)
    others = nearest_others(reference, k)
    np.testing.assert_allclose(others.distance, np.sort(within, axis=1)[:, 1 : k + 1], rtol=1e-12)
    assert (others.index != np.arange(n)[:, None]).all()


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_a_copy_lies_at_exactly_zero(offset: float) -> None:
    reference = normal(50, 64, 1) + offset
    found = nearest(reference[[7, 3]].copy(), reference)
    assert found.index.tolist() == [7, 3]
    assert found.distance.tolist() == [0, 0]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    points, reference = normal(33, 4, 1), normal(21, 4, 2)
    whole = nearest(points, reference)
    monkeypatch.setattr(neighbours, "_BLOCK", 50)
    again = nearest(points, reference)
    assert (again.index == whole.index).all()
    assert (again.squares == whole.squares).all()
