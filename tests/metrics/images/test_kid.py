"""Kernel distance: a slow twin, laws, its bias of none, its error, its blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.errors import InsufficientData
from metrics.images import kid, neighbours
from tests.metrics.images.sets import normal, rotation, seeds, two_normal


def slow(x: np.ndarray, y: np.ndarray) -> float:
    """Write the definition out, pair by pair."""
    d = x.shape[1]

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return (sum(u * v for u, v in zip(a, b, strict=True)) / d + 1) ** 3

    n, m = len(x), len(y)
    within_x = [kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j]
    within_y = [kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j]
    across = [kernel(a, b) for a in x for b in y]
    return float(np.mean(within_x) + np.mean(within_y) - 2 * np.mean(across))


@given(seeds, st.integers(3, 9), st.integers(3, 9), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_equals_the_definition_and_its_jackknife(seed: int, n: int, m: int, d: int) -> None:
    x, y = normal(n, d, seed), normal(m, d, seed + 1, shift=0.5)
    found = kid(x, y)
    assert found.estimate == pytest.approx(slow(x, y), abs=1e-10)
    left = [slow(np.delete(x, i, 0), y) for i in range(n)]
    right = [slow(x, np.delete(y, j, 0)) for j in range(m)]
    expected = sum((len(part) - 1) * np.var(part) for part in (left, right))
    assert found.se**2 == pytest.approx(expected, rel=1e-6, abs=1e-12)


@given(seeds, st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_laws(seed: int, d: int) -> None:
    x, y = two_normal(20, d, seed, shift=0.4)
    found, turn = kid(x, y), rotation(d, seed)
    for first, second in ((y, x), (x[::-1], y), (x @ turn, y @ turn)):
        again = kid(first, second)
        assert again.estimate == pytest.approx(found.estimate, abs=1e-9)
        assert again.se == pytest.approx(found.se, abs=1e-9)


def test_is_about_zero_for_one_law_at_any_n() -> None:
    for n in (20, 60, 200):
        found = [kid(*two_normal(n, 16, seed)) for seed in range(60)]
        values = np.array([one.estimate for one in found])
        assert abs(values.mean()) < 3 * values.std() / np.sqrt(60)
        assert 10 <= (values < 0).sum() <= 50
        assert np.mean([one.low <= 0 <= one.high for one in found]) > 0.9


def expected_kernel(a: float, b: float, d: int = 8) -> float:
    """Return the mean of (x.y / d + 1)^3 of normal x, y whose mean entries are 0 or sqrt(a).

    x.y / d has mean m, variance (1 + a + b) / d and third central moment 6 m / d^2.
    """
    m = float(np.sqrt(a * b))
    return (1 + m) ** 3 + 3 * (1 + m) * (1 + a + b) / d + 6 * m / d**2


def test_the_error_is_that_of_new_samples() -> None:
    found = [kid(*two_normal(80, 8, seed, shift=0.4)) for seed in range(150)]
    values = np.array([one.estimate for one in found])
    assert np.mean([one.se for one in found]) == pytest.approx(values.std(), rel=0.2)
    truth = expected_kernel(0.16, 0.16) + expected_kernel(0, 0) - 2 * expected_kernel(0, 0.16)
    assert values.mean() == pytest.approx(truth, abs=4 * values.std() / np.sqrt(150))
    assert np.mean([one.low <= truth <= one.high for one in found]) > 0.88


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = two_normal(40, 5, 1)
    whole = kid(x, y)
    monkeypatch.setattr(neighbours, "_BLOCK", 100)
    assert kid(x, y).estimate == pytest.approx(whole.estimate, abs=1e-12)
    assert kid(x, y).se == pytest.approx(whole.se, abs=1e-12)


def test_says_what_it_rests_on() -> None:
    found = kid(normal(20, 4, 0), normal(30, 4, 1))
    assert found.counts == {"real": 20, "generated": 30}
    assert found.warnings == ("20 real and 30 generated images",)
    assert "(x.y / 4 + 1)^3" in found.method


def test_refuses_too_few_and_equal_images() -> None:
    with pytest.raises(InsufficientData, match="generated has 2 images; KID with its error needs"):
        kid(normal(20, 4, 0), normal(2, 4, 1))
    with pytest.raises(InsufficientData, match="All 9 images of real have the same 4"):
        kid(np.zeros((9, 4)), normal(9, 4, 1))
