"""Balanced accuracy: what a reader knows, whatever the mix of images and the reader's leaning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from metrics.errors import InsufficientData
from metrics.stats.turing import (
    State,
    balanced_accuracy,
    balanced_equivalence,
    is_even,
    reader_performance,
    verdict,
)


def calls(hits: int, n1: int, alarms: int, n0: int) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and calls with so many synthetic and real images called synthetic."""
    said = [1] * hits + [0] * (n1 - hits) + [1] * alarms + [0] * (n0 - alarms)
    return np.array([1] * n1 + [0] * n0), np.array(said)


TABLES = st.tuples(st.integers(1, 60), st.integers(1, 60)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


def test_limits_are_half_of_those_that_newcombe_printed() -> None:
    found = balanced_accuracy(*calls(56, 70, 48, 80))  # Newcombe 1998, table II, column a
    assert found.estimate == pytest.approx(0.6)
    assert 2 * found.low - 1 == pytest.approx(0.0524, abs=5e-5)
    assert 2 * found.high - 1 == pytest.approx(0.3339, abs=5e-5)


def test_one_answer_for_all_images_is_chance_whatever_the_mix() -> None:
    data = calls(80, 80, 40, 40)
    found, within = balanced_accuracy(*data), balanced_equivalence(*data)
    assert (found.estimate, found.p) == (0.5, 1.0)
    assert verdict(found, within).state == State.EQUIVALENT


@given(TABLES)
def test_equal_counts_give_the_accuracy(table: tuple[int, int, int, int]) -> None:
    hits, n1, alarms, _ = table
    data = calls(hits, n1, min(alarms, n1), n1)
    assert balanced_accuracy(*data).estimate == pytest.approx(reader_performance(*data).estimate)


@given(TABLES)
def test_swapping_labels_mirrors_and_renaming_both_changes_nothing(
    table: tuple[int, int, int, int],
) -> None:
    truth, said = calls(*table)
    found = balanced_accuracy(truth, said)
    mirrored, renamed = balanced_accuracy(1 - truth, said), balanced_accuracy(1 - truth, 1 - said)
    assert mirrored.estimate == pytest.approx(1 - found.estimate)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1 - found.low))
    assert renamed.estimate == pytest.approx(found.estimate)
    assert renamed.p == pytest.approx(found.p)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


@given(TABLES, st.sampled_from([0.05, 0.1, 0.2, 0.3]), st.sampled_from([0.025, 0.05, 0.1]))
def test_equivalent_exactly_where_the_limits_lie_within_the_margin(
    table: tuple[int, int, int, int], margin: float, alpha: float
) -> None:
    found = balanced_equivalence(*calls(*table), margin, alpha=alpha)
    inside = min(found.low - (0.5 - margin), 0.5 + margin - found.high)
    if abs(inside) > 1e-6:
        assert found.is_equivalent == (inside > 0)
    assert 0 <= found.p <= 1


def test_refusals_name_what_is_missing() -> None:
    with pytest.raises(InsufficientData, match="0"):
        balanced_accuracy([1, 1, 1], [1, 0, 1])
    with pytest.raises(ValueError, match="leaves"):
        balanced_equivalence(*calls(5, 10, 5, 10), 0.5)


def worst_size(n1: int, n0: int, alpha: float = 0.05) -> float:
    """Return the greatest share of rejections of accuracy = 1/2 over all leanings, no skill."""
    n = n1 + n0
    rejects = np.array([binomtest(k, n, 0.5).pvalue < alpha for k in range(n + 1)])
    right = (
        np.convolve(binom.pmf(range(n1 + 1), n1, s), binom.pmf(range(n0 + 1), n0, 1 - s))
        for s in np.linspace(0, 1, 21)
    )
    return max(float(law[rejects].sum()) for law in right)


@pytest.mark.parametrize(("n1", "n0"), [(12, 8), (55, 45), (107, 93)])
def test_accuracy_keeps_its_level_while_counts_are_even(n1: int, n0: int) -> None:
    assert is_even(n1, n0)
    assert worst_size(n1, n0) <= 0.05
    assert not is_even(n1 + 2, n0)


def test_accuracy_rejects_always_for_one_answer_at_two_to_one() -> None:
    assert not is_even(72, 36)
    assert worst_size(72, 36) == pytest.approx(1)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9])
def test_fisher_keeps_its_level_at_any_mix(share: float) -> None:
    n1, n0 = 40, 20
    size = sum(
        binom.pmf(h, n1, share) * binom.pmf(a, n0, share)
        for h in range(n1 + 1)
        for a in range(n0 + 1)
        if binom.pmf(h, n1, share) * binom.pmf(a, n0, share) > 1e-7
        and balanced_accuracy(*calls(h, n1, a, n0)).p < 0.05
    )
    assert size <= 0.05


@pytest.mark.parametrize("share", [0.4, 0.5, 0.7])
def test_two_one_sided_tests_keep_their_level_at_the_margin(share: float) -> None:
    n1, n0, margin = 90, 60, 0.15
    low, high = share - margin, share + margin
    size = sum(
        weight
        for h in range(n1 + 1)
        for a in range(n0 + 1)
        if (weight := binom.pmf(h, n1, min(high, 1)) * binom.pmf(a, n0, max(low, 0))) > 1e-6
        and balanced_equivalence(*calls(h, n1, a, n0), margin).is_equivalent
    )
    assert size <= 0.06
