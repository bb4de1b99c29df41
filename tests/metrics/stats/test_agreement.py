"""Agreement: identities between coefficients, laws, missing ratings, ends and refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from metrics.errors import InsufficientData
from metrics.stats.agreement import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac,
    icc,
    krippendorff_alpha,
    light_kappa,
    percent_agreement,
)

COEFFICIENTS = [percent_agreement, gwet_ac, fleiss_kappa, krippendorff_alpha, light_kappa]
BOOTSTRAPPED = {krippendorff_alpha, light_kappa}


def few(function: object) -> dict[str, int]:
    """Return a short bootstrap for the functions that have one."""
    return {"draws": 40} if function in BOOTSTRAPPED else {}


@st.composite
def ratings(draw: st.DrawFn, levels: int = 3) -> np.ndarray:
    """Return items x readers with two categories at least, some ratings missing."""
    n, r = draw(st.integers(4, 15)), draw(st.integers(2, 4))
    cells = draw(st.lists(st.integers(0, levels), min_size=n * r, max_size=n * r))
    grid = np.array(cells, dtype=float).reshape(n, r)
    grid[grid == 0] = np.nan
    grid[:3, :2] = [[1, 1], [2, 2], [1, 2]]  # so that every coefficient is defined
    return grid


@pytest.mark.parametrize("function", COEFFICIENTS)
@given(grid=ratings())
@settings(max_examples=15, deadline=None)
def test_coefficients_are_bounded_and_ignore_order_and_labels(
    function: object, grid: np.ndarray
) -> None:
    found = function(grid, **few(function))  # type: ignore[operator]
    relabelled = 4 - grid[::-1, ::-1]
    again = function(relabelled, **few(function))  # type: ignore[operator]
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert found.estimate == pytest.approx(again.estimate)
    assert found.se == pytest.approx(again.se, rel=0.9, abs=0.2)


@given(ratings())
@settings(max_examples=40)
def test_gwet_interval_ignores_order_and_labels(grid: np.ndarray) -> None:
    found, again = gwet_ac(grid), gwet_ac(4 - grid[::-1, ::-1])
    assert (found.low, found.high) == pytest.approx((again.low, again.high))


@given(ratings().map(lambda grid: np.nan_to_num(grid, nan=1.0)))
@settings(max_examples=30, deadline=None)
def test_nominal_alpha_is_fleiss_kappa_plus_its_small_sample_term(grid: np.ndarray) -> None:
    """Complete data: alpha = pi + (1 - pi) / (N m)."""
    pi = fleiss_kappa(grid).estimate
    alpha = krippendorff_alpha(grid, draws=10).estimate
    assert alpha == pytest.approx(pi + (1 - pi) / grid.size)


def test_quadratic_fleiss_is_interval_alpha_up_to_the_small_sample_term() -> None:
    grid = np.random.default_rng(1).integers(1, 6, (30, 3))
    pi = fleiss_kappa(grid, "quadratic").estimate
    alpha = krippendorff_alpha(grid, "interval", draws=10).estimate
    assert alpha == pytest.approx(pi + (1 - pi) / grid.size)


def test_ordinal_weights_are_not_the_ordinal_metric() -> None:
    """The two share a name only: .8154 against Gwet's weights in alpha, .8336."""
    grid = np.random.default_rng(2).integers(1, 6, (40, 3))
    ordinal = krippendorff_alpha(grid, "ordinal", draws=10).estimate
    weighted = fleiss_kappa(grid, "ordinal").estimate
    assert abs(ordinal - weighted) > 0.001


def test_gwet_ordinal_weights_by_hand() -> None:
    """Categories 1, 2, 3: weights 2/3 between neighbours and 0 between the ends."""
    found = percent_agreement([[1, 2], [1, 3], [2, 2]], "ordinal")
    assert found.estimate == pytest.approx((2 / 3 + 0 + 1) / 3)


def test_an_unused_level_of_the_scale_counts_for_gwet() -> None:
    grid = [[1, 1], [2, 2], [1, 2], [2, 2]]
    assert gwet_ac(grid, categories=[1, 2, 3]).estimate > gwet_ac(grid).estimate
    with pytest.raises(ValueError, match="not on the scale"):
        gwet_ac(grid, categories=[1, 3])


def test_percent_agreement_leaves_out_single_ratings() -> None:
    found = percent_agreement([["a", "a"], ["b", None], ["a", "b"]])
    assert found.estimate == 0.5
    assert (found.n_images, found.n_readings, found.n_missing) == (3, 5, 1)
    assert found.warnings == ("1 of 3 items have a single rating",)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_cohen_kappa_equals_statsmodels(weights: str | None) -> None:
    rng = np.random.default_rng(4)
    a = rng.integers(1, 6, 80)
    b = np.clip(a + rng.integers(-1, 2, 80), 1, 5)
    table = np.zeros((5, 5))
    np.add.at(table, (a - 1, b - 1), 1)
    found, library = cohen_kappa(a, b, weights), cohens_kappa(table, wt=weights)
    assert found.estimate == pytest.approx(library.kappa)
    assert (found.low, found.high) == pytest.approx((library.kappa_low, library.kappa_upp))
    assert found.statistic == pytest.approx(library.z_value)


def test_a_masked_rating_is_a_missing_one() -> None:
    grid = np.array([[1, 2, 9], [2, 2, 2], [3, 3, 2], [1, 1, 1]])
    masked, missing = np.ma.masked_equal(grid, 9), np.where(grid == 9, np.nan, grid)
    for function in (gwet_ac, krippendorff_alpha, icc):
        hidden, absent = function(masked), function(missing)
        assert (hidden.estimate, hidden.n_missing) == (absent.estimate, absent.n_missing)


def test_cohen_kappa_counts_items_that_one_reader_missed() -> None:
    found = cohen_kappa([1, 2, 1, None, 2], [1, 2, 2, 1, None])
    assert (found.n_images, found.n_missing) == (3, 2)
    assert found.estimate == pytest.approx(0.4)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_cohen_kappa_of_readers_without_spread_has_wide_limits(weights: str | None) -> None:
    """Rounding leaves 1e-17 of variance where there is none; it must not become a narrow limit."""
    rng = np.random.default_rng(1)
    for n in range(3, 30):
        same = rng.integers(1, 7, n)
        same[:2] = 1, 6
        agreed = cohen_kappa(same, same, weights, categories=range(1, 7))
        assert (agreed.estimate, agreed.high) == (pytest.approx(1), pytest.approx(1))
        assert agreed.low < 0.98
        constant = cohen_kappa(np.ones(n), same, weights, categories=range(1, 7))
        assert constant.estimate == pytest.approx(0)
        assert constant.high - constant.low > 0.1
        assert (constant.statistic, constant.p) == (0, 1)


def test_light_kappa_of_two_readers_is_cohens() -> None:
    grid = np.random.default_rng(3).integers(0, 3, (40, 2))
    light = light_kappa(grid)
    assert light.estimate == pytest.approx(cohen_kappa(*grid.T).estimate)
    assert light.se == pytest.approx(cohen_kappa(*grid.T).se, rel=0.25)


def test_bootstrap_repeats_with_its_seed() -> None:
    grid = np.random.default_rng(3).integers(0, 3, (40, 3))
    first, same = krippendorff_alpha(grid, seed=1), krippendorff_alpha(grid, seed=1)
    other = krippendorff_alpha(grid, seed=2)
    assert (first.low, first.high) == (same.low, same.high)
    assert first.low != other.low
    assert "seed 1" in first.method


def test_bootstrap_of_alpha_agrees_with_gwets_variance() -> None:
    grid = (np.random.default_rng(8).random((150, 4)) < 0.6).astype(int)
    grid[:75] = grid[:75, :1]
    alpha, kappa = krippendorff_alpha(grid), fleiss_kappa(grid)
    assert alpha.se == pytest.approx(kappa.se, rel=0.1)


@pytest.mark.parametrize("function", COEFFICIENTS)
def test_perfect_agreement_still_has_a_lower_limit(function: object) -> None:
    found = function([[1, 1, 1], [2, 2, 2]] * 10)  # type: ignore[operator]
    assert found.estimate == pytest.approx(1)
    assert 0.5 < found.low < 0.9
    assert found.high == pytest.approx(1)


@pytest.mark.parametrize("function", [fleiss_kappa, krippendorff_alpha, light_kappa])
def test_constant_ratings_have_no_kappa(function: object) -> None:
    with pytest.raises(InsufficientData, match=r"All 12 ratings of 4 items are 1.*gwet_ac"):
        function(np.ones((4, 3)))  # type: ignore[operator]


def test_constant_ratings_have_an_ac1_with_a_limit() -> None:
    found = gwet_ac(np.ones((20, 3)))
    assert found.estimate == 1
    assert found.low == pytest.approx(0.8315665, abs=1e-6)  # 0.025^(1/20)
    with pytest.raises(InsufficientData, match="one category"):
        cohen_kappa([1, 1, 1], [1, 1, 1])


@pytest.mark.parametrize("function", COEFFICIENTS)
@pytest.mark.parametrize(
    "grid", [[[1], [2]], [[1, None], [None, 2]], [[None, None]], [[1, 2]], np.full((3, 3), np.nan)]
)
def test_too_few_shared_ratings_are_refused_with_counts(function: object, grid: list) -> None:
    with pytest.raises(InsufficientData, match=r"\d readers rated \d items, \d of them"):
        function(grid)  # type: ignore[operator]


def test_unknown_scales_are_refused() -> None:
    with pytest.raises(ValueError, match="metric"):
        krippendorff_alpha([[1, 1], [2, 2]], "circular")
    with pytest.raises(ValueError, match="needs numbers"):
        krippendorff_alpha([["a", "a"], ["b", "b"]], "interval")
    with pytest.raises(ValueError, match="weights"):
        gwet_ac([[1, 1], [2, 2]], "cubic")


@given(ratings(levels=5).map(np.nan_to_num), st.floats(-50, 50), st.floats(0.1, 20))
@settings(max_examples=30)
def test_icc_ignores_origin_unit_and_order(grid: np.ndarray, origin: float, unit: float) -> None:
    found, again = icc(grid), icc(origin + unit * grid[::-1, ::-1])
    assert found.low <= found.estimate <= found.high <= 1
    assert (found.estimate, found.low) == pytest.approx((again.estimate, again.low), abs=1e-6)


def test_icc_leaves_out_incomplete_items_and_counts_them() -> None:
    found = icc([[9, 2, 5], [6, 1, 3], [8, None, 6], [7, 1, 2]])
    assert (found.n_images, found.n_missing) == (3, 1)
    assert "1 items with a missing score" in found.warnings[0]


@pytest.mark.parametrize(
    "scores", [[[1, 1], [1, 1]], [[1, 2], [2, 1]], [[1, 2], [1, 2]], [[1, 2]], [[1], [2]]]
)
def test_icc_refuses_scores_without_spread(scores: list) -> None:
    with pytest.raises(InsufficientData):
        icc(scores)


def test_icc_of_identical_readers_is_one() -> None:
    found = icc([[1, 1], [2, 2], [4, 4]])
    assert (found.estimate, found.low, found.p) == (1, 1, 0)
    assert "no residual spread" in found.warnings[0]
