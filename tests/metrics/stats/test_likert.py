"""The majority rule: eligibility, ties, the two lines of the report."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.errors import InsufficientData
from metrics.stats.likert import level_counts, majority_acceptability


def panel(accepted: int, n: int) -> np.ndarray:
    """Return n images of three readers of which some are accepted by all."""
    return np.where(np.arange(n)[:, None] < accepted, 4, 3) * np.ones((1, 3))


@pytest.mark.parametrize(
    ("accepted", "point", "bound"), [(79, False, False), (80, True, False), (87, True, True)]
)
def test_point_rule_and_bound_rule_differ(accepted: int, point: bool, bound: bool) -> None:
    found = majority_acceptability(panel(accepted, 100))
    assert (found.point_rule_met, found.bound_rule_met) == (point, bound)


def test_ties_fail_and_thin_images_are_reported() -> None:
    found = majority_acceptability([[4, 4, 2, 2], [5, 5, 1, None], [5, 5, None, None]])
    assert (found.accepted, found.eligible, found.not_eligible, found.ties) == (1, 2, 1, 1)
    assert found.n_missing == 3
    assert found.warnings == ("1 of 3 images have fewer than 3 ratings",)


@given(st.lists(st.lists(st.integers(1, 5), min_size=3, max_size=3), min_size=1, max_size=20))
def test_a_higher_bar_never_accepts_more(ratings: list[list[int]]) -> None:
    shares = [majority_acceptability(ratings, bar).estimate for bar in (1, 2, 3, 4, 5)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1


@given(st.permutations(range(3)))
def test_order_of_readers_does_not_matter(order: list[int]) -> None:
    ratings = np.array([[5, 4, 2], [4, 4, 4], [3, 2, 1], [2, 4, 4]])
    assert majority_acceptability(ratings[:, order]) == majority_acceptability(ratings)


def test_no_eligible_image_is_refused_with_counts() -> None:
    with pytest.raises(InsufficientData, match=r"0 of 2 images have 3 ratings \(the most has 2\)"):
        majority_acceptability([[4, 4], [5, 5]])
    with pytest.raises(InsufficientData, match="0 of 1"):
        majority_acceptability([[None, None, None]])


def test_levels_are_counted_with_the_missing() -> None:
    counts = level_counts([[1, 5, None], [5, 5, 3]])
    assert counts.to_dict() == {1: 1, 2: 0, 3: 1, 4: 0, 5: 3, "missing": 1}
    with pytest.raises(ValueError, match="none of the levels"):
        level_counts([[0, 6]])


@pytest.mark.parametrize("value", [math.nan, "four", None])
@pytest.mark.parametrize("name", ["accept_at", "min_readers", "target"])
def test_a_rule_that_is_no_number_is_named(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        majority_acceptability([[4, 5, 5]] * 4, **{name: value})  # type: ignore[arg-type]
