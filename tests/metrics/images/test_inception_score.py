"""Inception score: bounds, laws, its error, its degenerate ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from metrics.errors import InsufficientData
from metrics.images import inception_score
from tests.metrics.images.sets import seeds


def softmax(n: int, classes: int, seed: int, sharp: float = 1.0) -> np.ndarray:
    values = np.exp(sharp * np.random.default_rng(seed).normal(size=(n, classes)))
    return values / values.sum(axis=1, keepdims=True)


@given(seeds, st.integers(2, 40), st.integers(2, 6), st.floats(0, 8))
@settings(max_examples=60, deadline=None)
def test_bounds_and_laws(seed: int, n: int, classes: int, sharp: float) -> None:
    p = softmax(n, classes, seed, sharp)
    found = inception_score(p)
    assert 1 <= found.low <= found.estimate <= found.high <= classes
    # the same by entropies: what a class tells of an image, H(mean p) - mean H(p)
    told = entropy(p.mean(axis=0)) - entropy(p, axis=1).mean()
    assert found.splits[0] == pytest.approx(np.exp(told), rel=1e-9)
    order = np.random.default_rng(seed).permutation(classes)
    again = inception_score(p[::-1][:, order])
    assert again.estimate == pytest.approx(found.estimate)
    doubled = inception_score(np.concatenate([p, p]))
    assert doubled.estimate == pytest.approx(found.estimate)


def test_ends() -> None:
    certain = inception_score(np.eye(4)[np.arange(40) % 4])
    assert certain.estimate == pytest.approx(4)
    assert certain.low < 3.5
    vague = inception_score(np.full((40, 4), 0.25))
    assert vague.estimate == pytest.approx(1)
    assert vague.high > 1.05
    assert "exact bounds" in vague.warnings[1]
    q = 1 - 0.025 ** (1 / 40)
    bound = -q * np.log(q) - (1 - q) * np.log(1 - q) + q * np.log(4)
    assert vague.high == pytest.approx(np.exp(bound))
    others = round(40 * q) * [[1, 0, 0, 0]]
    assert inception_score(np.array([*others, *np.full((36, 4), 0.25)])).estimate < vague.high


def test_the_limits_hold_the_mean_of_new_images() -> None:
    found = [inception_score(softmax(200, 5, seed, 2.0)) for seed in range(150)]
    mean = np.mean([one.estimate for one in found])
    assert 0.88 < np.mean([one.low <= mean <= one.high for one in found]) < 1


def test_splits_stand_in_the_given_order() -> None:
    p = softmax(31, 3, 1, 3.0)
    found = inception_score(p, 3)
    parts = [inception_score(part).estimate for part in np.array_split(p, 3)]
    assert found.splits == pytest.approx(tuple(parts))
    assert found.estimate == pytest.approx(np.mean(parts))


@pytest.mark.parametrize("row", [[1, 0, 0, 0], [0.25] * 4])
def test_splits_that_score_alike_have_width(row: list[float]) -> None:
    rows = np.array([np.roll(row, k) for k in range(40)])
    found, whole = inception_score(rows, 5), inception_score(rows)
    assert np.ptp(found.splits) < 1e-9
    assert (found.low, found.high) == pytest.approx((whole.low, whole.high))
    assert found.high - found.low > 0.05


def test_always_says_what_it_cannot_see() -> None:
    assert "never looks at a real image" in inception_score(softmax(9, 3, 1)).warnings[0]


def test_mistakes_are_named() -> None:
    p = softmax(9, 3, 1)
    with pytest.raises(ValueError, match="9 of 9 rows"):
        inception_score(2 * p)
    with pytest.raises(ValueError, match="1 of 9 rows"):
        inception_score(np.where(np.arange(9)[:, None] == 3, [[1.5, -0.5, 0]], p))
    with pytest.raises(ValueError, match="splits is 0"):
        inception_score(p, 0)
    with pytest.raises(InsufficientData, match="9 generated images in 5 splits"):
        inception_score(p, 5)
    with pytest.raises(ValueError, match="1 column"):
        inception_score(np.ones((9, 1)))
