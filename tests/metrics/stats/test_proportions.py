"""Rates: laws, limits at the ends, and refusals."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import binomtest

from metrics.errors import InsufficientData
from metrics.stats.proportions import (
    clustered_rate,
    interval,
    lower_bound,
    multi_reader_rate,
    post_stratified_rate,
)

METHODS = ["wilson", "wilson-cc", "clopper-pearson", "jeffreys", "agresti-coull"]


def readings(values: np.ndarray) -> pd.DataFrame:
    """Return a tidy frame from cases x readers."""
    n, r = values.shape
    return pd.DataFrame(
        {"reader": np.tile(np.arange(r), n), "case": np.repeat(np.arange(n), r)}
    ).assign(value=values.ravel().astype(float))


def grids(draw: st.DrawFn) -> np.ndarray:
    n, r = draw(st.integers(2, 25)), draw(st.integers(1, 5))
    cells = draw(st.lists(st.booleans(), min_size=n * r, max_size=n * r))
    return np.array(cells, dtype=float).reshape(n, r)


GRIDS = st.composite(grids)()


@pytest.mark.parametrize("method", METHODS)
@given(n=st.integers(1, 300), share=st.floats(0, 1), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_interval_holds_the_rate_and_mirrors(
    method: str, n: int, share: float, level: float
) -> None:
    x = round(share * n)
    found, mirror = interval(x, n, method, level), interval(n - x, n, method, level)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.low == pytest.approx(1 - mirror.high, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_interval_moves_up_with_successes(method: str) -> None:
    results = [interval(x, 40, method) for x in range(41)]
    assert np.all(np.diff([result.low for result in results]) >= 0)
    assert np.all(np.diff([result.high for result in results]) >= 0)


@pytest.mark.parametrize(("method", "name"), [("wilson", "wilson"), ("clopper-pearson", "exact")])
def test_interval_equals_scipy(method: str, name: str) -> None:
    for x in range(31):
        library = binomtest(x, 30).proportion_ci(0.9, name)
        found = interval(x, 30, method, 0.9)
        assert (found.low, found.high) == pytest.approx((library.low, library.high), abs=1e-10)


def test_jeffreys_ends_at_0_and_1() -> None:
    assert interval(0, 100, "jeffreys").low == 0
    assert interval(100, 100, "jeffreys").high == 1


def test_lower_bound_needs_87_of_100_to_pass_80_percent() -> None:
    assert lower_bound(86, 100) < 0.80 < lower_bound(87, 100)
    assert lower_bound(0, 100) == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, 0), InsufficientData),
        ((3, 2), ValueError),
        ((-1, 2), ValueError),
        ((1.5, 2), ValueError),
        ((1, 2, "wald"), ValueError),
        ((1, 2, "wilson", 95), ValueError),
    ],
)
def test_interval_refuses(arguments: tuple, error: type[Exception]) -> None:
    with pytest.raises(error):
        interval(*arguments)


@given(GRIDS)
@settings(max_examples=30)
def test_multi_reader_rate_is_bounded_and_mirrors(values: np.ndarray) -> None:
    found, mirror = multi_reader_rate(readings(values)), multi_reader_rate(readings(1 - values))
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.low == pytest.approx(1 - mirror.high, abs=1e-9)
    assert found.se == pytest.approx(mirror.se, abs=1e-9)


@settings(max_examples=30)
@given(GRIDS, st.randoms(use_true_random=False))
def test_multi_reader_rate_ignores_order_and_names(values: np.ndarray, random: object) -> None:
    frame = readings(values)
    shuffled = frame.sample(frac=1, random_state=random.randint(0, 999))  # type: ignore[attr-defined]
    shuffled = shuffled.assign(reader="r" + shuffled["reader"].astype(str), case=-shuffled["case"])
    found, again = multi_reader_rate(frame), multi_reader_rate(shuffled)
    for name in ("estimate", "low", "high"):
        assert getattr(found, name) == pytest.approx(getattr(again, name), abs=1e-9)


def test_one_reader_gets_the_wilson_interval() -> None:
    values = np.array([[1], [1], [0], [1], [0]])
    found, simple = multi_reader_rate(readings(values)), interval(3, 5)
    assert (found.low, found.high) == (simple.low, simple.high)
    assert found.estimand == "this reader"
    assert found.warnings


@settings(max_examples=30)
@given(GRIDS.filter(lambda values: values.shape[1] > 1))
def test_or_and_u_statistic_agree_on_complete_grids(values: np.ndarray) -> None:
    """SE^2 of Obuchowski-Rockette without the clamp is the unbiased U-statistic variance."""
    found = multi_reader_rate(readings(values))
    unclamped = found.mean_square_reader / values.shape[1] + found.cov2
    assert found.se_u_statistic == pytest.approx(math.sqrt(max(unclamped, 0)), abs=1e-7)


def test_multi_reader_rate_by_hand() -> None:
    """Three readers, four cases: MS(R), Cov2 and df worked by hand."""
    values = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]])
    found = multi_reader_rate(readings(values))
    cov2 = (1 / 6 + 1 / 12 + 1 / 6) / 3 / 4
    total = 1 / 16 + 3 * cov2
    assert found.mean_square_reader == pytest.approx(1 / 16)
    assert found.cov2 == pytest.approx(cov2)
    assert found.se == pytest.approx(math.sqrt(total / 3))
    assert found.df == pytest.approx(total**2 / ((1 / 16) ** 2 / 2))


def test_missing_readings_are_counted_and_unbiased_in_covariance() -> None:
    rng = np.random.default_rng(5)
    values = (rng.normal(size=(400, 1)) + rng.normal(size=(400, 3)) > 0).astype(float)
    whole = multi_reader_rate(readings(values))
    values[rng.random(values.shape) < 0.2] = np.nan
    partial = multi_reader_rate(readings(values))
    assert partial.n_missing == np.isnan(values).sum()
    assert partial.n_readings + partial.n_missing == 1200
    assert partial.cov2 == pytest.approx(whole.cov2, rel=0.25)


def test_covariance_is_unbiased_with_missing_readings() -> None:
    """A reads cases 0-2 of 4, B cases 1-3: over all outcomes Cov2 averages to 2 c / (3 * 3)."""
    outcomes = {(1, 1): 0.4, (1, 0): 0.3, (0, 1): 0.1, (0, 0): 0.2}
    c = 0.4 - 0.7 * 0.5
    expected = 0.0
    for cases in itertools.product(outcomes, repeat=4):
        values = np.array(cases, dtype=float)
        values[0, 1] = values[3, 0] = np.nan
        weight = math.prod(outcomes[case] for case in cases)
        expected += weight * multi_reader_rate(readings(values)).cov2
    assert expected == pytest.approx(2 * c / 9)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_unanimous_readers_get_exact_limits_on_images(rate: float) -> None:
    found, exact = (
        multi_reader_rate(readings(np.full((20, 4), rate))),
        interval(int(20 * rate), 20, "clopper-pearson"),
    )
    assert (found.low, found.high) == (exact.low, exact.high)


def test_readers_who_cancel_out_keep_a_wide_interval() -> None:
    found = multi_reader_rate(readings(np.array([[0, 1], [1, 0]] * 10)))
    assert found.se == 0
    assert found.high - found.low > 0.4


def test_multi_reader_rate_refuses_what_it_cannot_carry() -> None:
    frame = readings(np.ones((1, 3)))
    with pytest.raises(InsufficientData, match="1 image"):
        multi_reader_rate(frame)
    with pytest.raises(InsufficientData, match="0 values"):
        multi_reader_rate(frame.assign(value=np.nan))
    with pytest.raises(InsufficientData, match="0 readings"):
        multi_reader_rate(frame.iloc[:0])
    with pytest.raises(ValueError, match="repeat"):
        multi_reader_rate(pd.concat([frame, frame]))
    with pytest.raises(ValueError, match="0, 1 or missing"):
        multi_reader_rate(frame.assign(value=4))
    with pytest.raises(ValueError, match="also needs case"):
        multi_reader_rate(frame.drop(columns="case"))


def test_singleton_clusters_give_the_binomial_error() -> None:
    values = np.r_[np.ones(12), np.zeros(28)]
    found = clustered_rate(values, np.arange(40))
    assert found.se**2 == pytest.approx(0.3 * 0.7 / 39)
    assert found.design_effect == pytest.approx(40 / 39)


def test_cr2_equals_its_matrix_definition() -> None:
    """Adjustment (I - H_gg)^(-1/2) and Satterthwaite's df, built from full matrices."""
    rng = np.random.default_rng(2)
    clusters = np.repeat(np.arange(6), [3, 8, 5, 2, 9, 4])
    y = (rng.random(31) < 0.4).astype(float)
    maker = np.eye(31) - 1 / 31
    variance, rows = 0.0, []
    for g in range(6):
        mine = clusters == g
        adjusted = np.linalg.inv(sqrtm(maker[np.ix_(mine, mine)])) @ np.ones(mine.sum()) / 31
        variance += (adjusted @ (y - y.mean())[mine]) ** 2
        rows.append(maker[:, mine] @ adjusted)
    products = np.array(rows) @ np.array(rows).T
    found = clustered_rate(y, clusters, "cr2")
    assert found.se == pytest.approx(math.sqrt(variance))
    assert found.df == pytest.approx(np.trace(products) ** 2 / np.trace(products @ products))


@pytest.mark.parametrize("method", ["logit-t", "korn-graubard", "cr2"])
@given(GRIDS)
@settings(max_examples=20)
def test_clustered_rate_is_bounded(method: str, values: np.ndarray) -> None:
    labels = np.repeat(np.arange(len(values)), values.shape[1])
    found = clustered_rate(values.ravel(), labels, method)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


def test_korn_graubard_of_independent_images_is_nearly_clopper_pearson() -> None:
    values = np.r_[np.ones(30), np.zeros(170)]
    found, exact = (
        clustered_rate(values, np.arange(200), "korn-graubard"),
        interval(30, 200, "clopper-pearson"),
    )
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-3)


def test_clustered_rate_refuses_one_cluster() -> None:
    with pytest.raises(InsufficientData, match="1 clusters"):
        clustered_rate([0, 1, 1], ["a", "a", "a"])
    with pytest.raises(ValueError, match="misses 1"):
        clustered_rate([0, 1], ["a", None])
    with pytest.raises(ValueError, match="unknown"):
        clustered_rate([0, 1], ["a", "b"], "wald")


def test_equal_probabilities_give_the_plain_rate() -> None:
    found = post_stratified_rate([1, 0, 1, 1, 0, 1], [0.25] * 6)
    assert found.estimate == pytest.approx(4 / 6)
    assert found.se**2 == pytest.approx(4 / 6 * 2 / 6 / 5)
    assert found.n_effective == pytest.approx(6)


def test_hajek_rate_removes_the_bias_of_a_screen() -> None:
    """A screen that shows plausible images more often inflates the rate as shown."""
    rng = np.random.default_rng(3)
    truth = rng.random(4000) < 0.5
    probability = np.where(truth, 0.6, 0.2)
    shown = rng.random(4000) < probability
    found = post_stratified_rate(truth[shown], probability[shown])
    assert found.as_shown > 0.70
    assert abs(found.estimate - 0.5) < 3 * found.se


def test_shares_weigh_the_strata() -> None:
    strata = ["a", "a", "b", "b"]
    found = post_stratified_rate([1, 1, 0, 1], [0.5] * 4, strata, {"a": 3, "b": 1})
    assert found.estimate == pytest.approx(0.75 * 1 + 0.25 * 0.5)
    assert found.strata == {"a": 1.0, "b": 0.5}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([1, 0], [0.5, 0.0]), ValueError, "inclusion probabilities"),
        (([1, 0], [0.5, np.nan]), ValueError, "inclusion probabilities"),
        (([np.nan, np.nan], [0.5, 0.5]), InsufficientData, "0 of 2"),
        (([1, 0, 1], [1, 1, 1], ["a", "a", "b"]), InsufficientData, "'b' has 1"),
        (([1, 0], [1, 1], ["a", "a"], {"a": 1, "b": 1}), InsufficientData, "strata b"),
        (([1, 0], [1, 1], ["a", "a"], {"c": 0}), ValueError, "shares"),
    ],
)
def test_post_stratified_rate_refuses(arguments: tuple, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        post_stratified_rate(*arguments)
