"""Mixed, marginal and ordinal regressions: oracles, laws and degenerate data."""

import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from metrics.errors import InsufficientData, NotConverged
from metrics.stats import mixed


def crossed_times(images: int, readers: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    image, reader = np.divmod(np.arange(images * readers), readers)
    truth = image % 2
    log_time = (
        8
        + 0.2 * truth
        + 0.3 * rng.normal(size=images)[image]
        + 0.4 * rng.normal(size=readers)[reader]
        + 0.5 * rng.normal(size=image.size)
    )
    order = rng.integers(0, 300, image.size)
    return pd.DataFrame(
        {"case": image, "reader": reader, "truth": truth, "order": order, "time": np.exp(log_time)}
    )


def design(frame: pd.DataFrame) -> np.ndarray:
    return np.column_stack([np.ones(len(frame)), frame.truth])


def test_crossed_mixed_agrees_with_statsmodels() -> None:
    import warnings

    from statsmodels.regression.mixed_linear_model import MixedLM

    frame = crossed_times(30, 6)
    y, X = np.log(frame.time), design(frame)
    groups = {name: pd.get_dummies(frame[name]).to_numpy(float) for name in ("case", "reader")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.regression.mixed_linear_model import VCSpec

        parts = VCSpec(list(groups), [[["u"]]] * 2, [[z] for z in groups.values()])
        oracle = MixedLM(y, X, groups=np.ones(len(y)), exog_vc=parts).fit(reml=True)
    found = mixed.crossed_mixed(y, X, frame.case, frame.reader)
    np.testing.assert_allclose(found.coefficients, oracle.fe_params, atol=1e-4)
    np.testing.assert_allclose(found.standard_errors, oracle.bse_fe, atol=2e-4)
    sds = [found.sd_first, found.sd_second]
    np.testing.assert_allclose(sds, np.sqrt(oracle.vcomp), atol=5e-4)


def test_crossed_mixed_does_not_mind_which_grouping_comes_first() -> None:
    frame = crossed_times(20, 5)
    y, X = np.log(frame.time), design(frame)
    one = mixed.crossed_mixed(y, X, frame.case, frame.reader)
    other = mixed.crossed_mixed(y, X, frame.reader, frame.case)
    assert one.sd_first == pytest.approx(other.sd_second, rel=1e-6)
    np.testing.assert_allclose(one.standard_errors, other.standard_errors, rtol=1e-6)


def test_crossed_mixed_is_equivariant_in_y_and_x() -> None:
    frame = crossed_times(20, 5)
    y, X = np.log(frame.time), design(frame)
    plain = mixed.crossed_mixed(y, X, frame.case, frame.reader)
    moved = mixed.crossed_mixed(1000 + 10 * y, X * [1, 5], frame.case, frame.reader)
    np.testing.assert_allclose(moved.coefficients[1], plain.coefficients[1] * 2, rtol=1e-6)
    assert moved.sd_residual == pytest.approx(10 * plain.sd_residual, rel=1e-6)


def test_crossed_mixed_takes_33600_readings_in_seconds_and_little_memory() -> None:
    frame = crossed_times(2800, 12)
    tracemalloc.start()
    began = time.perf_counter()
    found = mixed.crossed_mixed(np.log(frame.time), design(frame), frame.case, frame.reader)
    seconds, peak = time.perf_counter() - began, tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert found.coefficients[1] == pytest.approx(0.2, abs=0.05)
    assert peak < 50  # MB; a dense design of image effects would be 750
    assert seconds < 30


def test_sparse_crossing_takes_the_sparse_way_to_the_same_fit() -> None:
    frame = crossed_times(60, 40).sample(frac=0.15, random_state=1)
    y, X = np.log(frame.time), design(frame)
    found = mixed.crossed_mixed(y, X, frame.case, frame.reader)
    swapped = mixed.crossed_mixed(y, X, frame.reader, frame.case)
    assert found.criterion == pytest.approx(swapped.criterion)


def test_random_effects_without_variance_are_zero_with_a_warning() -> None:
    frame = crossed_times(20, 5)
    y = np.random.default_rng(1).permuted(np.tile([-1.0, 1.0], 50))
    y = y - pd.Series(y).groupby(frame.case.to_numpy()).transform("mean").to_numpy()
    found = mixed.crossed_mixed(y, np.ones(100), frame.case, frame.reader)
    assert found.sd_first == 0.0
    assert any("at its bound" in note for note in found.warnings)


def test_reading_times_find_the_ratio_and_name_what_cannot_be_told_apart() -> None:
    frame = crossed_times(120, 6)
    frame["arm"] = np.where(frame.truth == 0, "real", "diffusion")
    found = mixed.reading_times(frame, cap=1e5)
    ratio = found.ratios["truth"]
    assert ratio.low < np.exp(0.2) < ratio.high
    assert found.dropped == ("arm real",)
    assert found.geometric_mean.estimate == pytest.approx(np.exp(8), rel=0.6)


def test_reading_times_count_missing_and_capped_times() -> None:
    frame = crossed_times(40, 4)
    frame.loc[:4, "time"] = [0, -1, np.nan, 1e9, 1e9]
    found = mixed.reading_times(frame, cap=60_000)
    assert found.model.n_missing == 3
    assert found.capped == 2
    assert "2 times above 60000" in found.warnings[-1]
    with pytest.raises(InsufficientData, match="0 of 160"):
        mixed.reading_times(frame.assign(time=0))


def clustered_calls(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    groups, x = rng.integers(0, 20, 600), rng.normal(size=600)
    odds = 0.5 * x - 0.3 + rng.normal(size=20)[groups]
    return (rng.random(600) < 1 / (1 + np.exp(-odds))).astype(float), x, groups


def test_more_points_settle_and_order_of_rows_does_not_matter() -> None:
    y, x, groups = clustered_calls()
    X = np.column_stack([np.ones(600), x])
    fits = [mixed.logistic_random_intercept(y, X, groups, k) for k in (25, 40)]
    np.testing.assert_allclose(fits[0].coefficients, fits[1].coefficients, atol=1e-6)
    order = np.random.default_rng(1).permutation(600)
    moved = mixed.logistic_random_intercept(y[order], X[order], groups[order] + 7)
    assert moved.sd == pytest.approx(fits[0].sd, rel=1e-5)
    flipped = mixed.logistic_random_intercept(1 - y, X, groups)
    np.testing.assert_allclose(flipped.coefficients, -fits[0].coefficients, atol=1e-5)


def test_groups_that_agree_give_the_plain_logistic_regression() -> None:
    y, groups = np.tile([0.0, 1.0, 1.0, 1.0], 40), np.repeat(np.arange(8), 20)
    found = mixed.logistic_random_intercept(y, np.ones(160), groups)
    assert found.sd == 0.0
    assert "at its bound" in found.warnings[0]
    assert found.coefficients[0] == pytest.approx(np.log(3))
    assert found.standard_errors[0] == pytest.approx(1 / np.sqrt(160 * 0.75 * 0.25), rel=1e-5)


FITS = (mixed.logistic_random_intercept, mixed.gee_logistic)


@pytest.mark.parametrize("fit", FITS)
def test_constant_answers_and_one_group_are_refused_with_counts(fit: object) -> None:
    y, _, groups = clustered_calls()
    with pytest.raises(InsufficientData, match="All 600"):
        fit(np.ones(600), np.ones(600), groups)  # type: ignore[operator]
    with pytest.raises(InsufficientData, match="1 groups"):
        fit(y, np.ones(600), np.zeros(600))  # type: ignore[operator]
    with pytest.raises(InsufficientData, match="0 complete rows"):
        fit(y * np.nan, np.ones(600), groups)  # type: ignore[operator]


@pytest.mark.parametrize("fit", FITS)
def test_separation_is_named(fit: object) -> None:
    _, x, groups = clustered_calls()
    with pytest.raises(NotConverged, match="separation"):
        fit((x > 0).astype(float), np.column_stack([np.ones(600), x > 0]), groups)  # type: ignore[operator]


def test_collinear_columns_are_refused_by_name() -> None:
    y, x, groups = clustered_calls()
    X = pd.DataFrame({"one": 1.0, "x": x, "twice": 2 * x})
    with pytest.raises(ValueError, match="twice"):
        mixed.logistic_random_intercept(y, X, groups)


def test_gee_independence_keeps_the_logistic_coefficients() -> None:
    y, x, groups = clustered_calls()
    X = np.column_stack([np.ones(600), x])
    found = mixed.gee_logistic(y, X, groups, "independence")
    residual = y - 1 / (1 + np.exp(-X @ found.coefficients))
    np.testing.assert_allclose(X.T @ residual, 0, atol=1e-6)
    assert "below 40" in found.warnings[0]


def test_gee_of_groups_at_the_ends_of_what_correlates() -> None:
    y, x, _ = clustered_calls()
    X = np.column_stack([np.ones(600), x])
    alone = mixed.gee_logistic(y, X, np.arange(600))
    plain = mixed.gee_logistic(y, X, np.arange(600), "independence")
    np.testing.assert_allclose(alone.covariance, plain.covariance)
    calls, groups = np.tile([0, 1, 1, 0, 0], 8), np.repeat(range(8), 5)
    alike = mixed.gee_logistic(calls, np.column_stack([np.ones(40), np.arange(40) % 2]), groups)
    assert "held at -0.247" in alike.warnings[-1]
    one_mind = mixed.gee_logistic(np.repeat([0, 1, 0, 1], 2), np.ones(8), np.repeat(range(4), 2))
    assert "held at 1" in one_mind.warnings[-1]
    assert one_mind.standard_errors == pytest.approx([1.0])  # four groups: 2 / sqrt(4)
    with pytest.raises(InsufficientData, match="8 groups of 40 readings all agree"):
        mixed.gee_logistic(calls, np.ones(40), groups)


def test_ordinal_logit_of_two_levels_is_logistic_regression() -> None:
    y, x, groups = clustered_calls()
    marginal = mixed.gee_logistic(y, np.column_stack([np.ones(600), x]), groups, "independence")
    found = mixed.ordinal_logit(y, np.column_stack([np.ones(600), x]))
    assert found.coefficients[0] == pytest.approx(marginal.coefficients[1], abs=1e-6)
    assert found.thresholds[0] == pytest.approx(-marginal.coefficients[0], abs=1e-6)


def test_ordinal_logit_names_terms_and_turns_with_the_scale() -> None:
    rng = np.random.default_rng(4)
    X = pd.DataFrame({"arm": rng.integers(0, 2, 400), "round": rng.normal(50, 9, 400)})
    y = np.digitize(X["arm"] + 0.1 * X["round"] + rng.logistic(size=400), [4, 5, 6, 7])
    found, turned = mixed.ordinal_logit(y, X), mixed.ordinal_logit(-y, X)
    np.testing.assert_allclose(found.coefficients, -turned.coefficients, atol=1e-8)
    assert (np.diff(found.thresholds) > 0).all()
    assert found.term("arm").p < 0.01


def test_ordinal_logit_refuses_one_level_no_covariate_and_separation() -> None:
    x = np.arange(30.0)
    with pytest.raises(InsufficientData, match="All 30"):
        mixed.ordinal_logit(np.ones(30), x)
    with pytest.raises(InsufficientData, match="No column"):
        mixed.ordinal_logit(x, np.ones(30))
    with pytest.raises(NotConverged, match="separation"):
        mixed.ordinal_logit(x // 10, x)
