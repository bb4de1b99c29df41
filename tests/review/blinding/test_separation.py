"""AUC and its interval against hand-worked values, and laws it must obey."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.blinding.errors import BlindingError
from review.blinding.separation import auc, separate


def test_auc_of_a_hand_worked_pair_of_samples() -> None:
    """Pairs (1,2) (1,3) (2,2) (2,3): three wins and one tie of four."""
    assert auc(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == 3.5 / 4


def test_constant_values_give_exactly_one_half() -> None:
    found = separate([7.0] * 30, [False] * 13 + [True] * 17)

    assert found.auc == 0.5
    assert not found.excludes_chance


def test_interval_is_wide_at_small_n_even_when_the_groups_part() -> None:
    few = separate([0, 0, 1, 1], [False, False, True, True])
    many = separate([0] * 60 + [1] * 60, [False] * 60 + [True] * 60)

    assert few.auc == many.auc == 1.0
    assert few.low < 0.5 < many.low
    assert many.low > 0.9
    assert many.high == 1.0


def test_interval_of_newcombes_method_at_chance() -> None:
    """By hand: V(.5) = .25 (1 + 24 * 2/3) / 625 = .0068, and .5 - low = 1.96 sd(low)."""
    values = [*range(25), *range(25)]
    found = separate(values, [False] * 25 + [True] * 25)

    theta = found.low
    variance = theta * (1 - theta) * (1 + 24 * ((1 - theta) / (2 - theta) + theta / (1 + theta)))
    assert found.auc == 0.5
    assert 0.5 - theta == pytest.approx(1.959964 * (variance / 625) ** 0.5, abs=1e-6)
    assert found.high == pytest.approx(1 - theta)


def test_a_class_mix_is_not_a_leak() -> None:
    """Bright classes are mostly real here; within each class nothing differs."""
    strata = ["bright"] * 50 + ["dark"] * 50
    values = [*([10.0, 11.0] * 25), *([1.0, 2.0] * 25)]
    synthetic = [n >= 40 for n in range(50)] + [n >= 10 for n in range(50)]

    assert separate(values, synthetic).auc < 0.35
    assert separate(values, synthetic, strata).auc == pytest.approx(0.5)


def test_one_sided_strata_are_left_out_and_none_left_is_an_error() -> None:
    with pytest.raises(BlindingError, match="no class with both"):
        separate([1, 2], [False, True], ["a", "b"])


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=4, max_size=40))
def test_swapping_the_sides_mirrors_everything(pairs: list[tuple[int, bool]]) -> None:
    values, sides = [float(v) for v, _ in pairs], [s for _, s in pairs]
    if all(sides) or not any(sides):
        return

    one, other = separate(values, sides), separate(values, [not side for side in sides])

    assert one.auc == pytest.approx(1 - other.auc)
    assert one.low == pytest.approx(1 - other.high, abs=1e-9)
    assert 0 <= one.low <= one.auc + 1e-12
    assert one.auc <= one.high + 1e-12
