"""The multi-reader analysis: brute force, published figures, laws, and degenerate studies."""

from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.errors import InsufficientData
from metrics.stats import turing
from metrics.stats.mrmc import VarianceComponents, imrmc_file, obuchowski_rockette, power
from metrics.stats.mrmc.comparison import scales
from metrics.stats.mrmc.components import MeanSquares
from tests.metrics.stats.studies import frame_of, study

METHODS = ("jackknife", "delong", "unbiased")
RATES = ("accuracy", "sensitivity", "specificity")


def area(frame: pd.DataFrame) -> float:
    positive, negative = (frame.loc[frame.truth == k, "rating"].to_numpy() for k in (1, 0))
    return float((np.sign(positive[:, None] - negative) + 1).mean() / 2)


def cells(frame: pd.DataFrame) -> list[pd.DataFrame]:
    return [cell for _, cell in frame.groupby(["modality", "reader"])]


def test_jackknife_by_leaving_out_each_case_of_a_partly_missing_study() -> None:
    frame = study(readers=3, cases=30, missing=0.3)
    left = np.array([[area(c[c.case != k]) for c in cells(frame)] for k in range(30)])
    expected = 29 / 30 * np.cov(left.T, ddof=0) * 30
    np.testing.assert_allclose(obuchowski_rockette(frame).covariance, expected, atol=1e-15)


@pytest.mark.parametrize("metric", RATES)
def test_jackknife_of_a_rate_leaves_out_each_case_that_it_counts(metric: str) -> None:
    frame = study(readers=3, cases=30, missing=0.2)
    frame["right"] = (frame.rating > 2.5) == (frame.truth == 1)
    kinds = {"accuracy": (0, 1), "sensitivity": (1,), "specificity": (0,)}[metric]
    counted = frame[frame.truth.isin(kinds)]
    cases = counted.case.unique()
    left = np.array([[c.right[c.case != k].mean() for c in cells(counted)] for k in cases])
    expected = (len(cases) - 1) / len(cases) * np.cov(left.T, ddof=0) * len(cases)
    found = obuchowski_rockette(frame, metric=metric, positive_at=2.5)
    np.testing.assert_allclose(found.covariance, expected, atol=1e-15)


def test_van_dyke_published_error_of_sensitivity() -> None:
    # MRMCaov guide, binary_sens, 45 positive and 69 negative cases: the sensitivities printed
    # there (hits of 45) and their error variance 0.0023681257, by the jackknife.
    hits = np.array([[40, 35, 37, 42, 31], [44, 37, 41, 45, 40]])
    truth = np.repeat([1, 0], [45, 69])
    calls = np.where(truth == 1, np.arange(114) < hits[:, :, None], False)
    found = obuchowski_rockette(frame_of(calls, truth), metric="sensitivity")
    assert found.components.var_error == pytest.approx(0.0023681257, abs=5e-11)
    assert found.fixed_cases is not None
    assert found.mean_squares.modality == pytest.approx(0.02390123, abs=5e-9)
    assert found.mean_squares.modality_reader == pytest.approx(0.001802469, abs=5e-10)


def test_unbiased_covariance_by_all_disjoint_pairs_of_a_partly_missing_study() -> None:
    frame = study(readers=2, cases=16, missing=0.3)
    scores = [
        {
            (p.case, q.case): (np.sign(p.rating - q.rating) + 1) / 2
            for p in cell[cell.truth == 1].itertuples()
            for q in cell[cell.truth == 0].itertuples()
        }
        for cell in cells(frame)
    ]

    def covariance(a: dict, b: dict) -> float:
        apart = [x * y for (i, j), x in a.items() for (k, m), y in b.items() if i != k and j != m]
        return float(np.mean(list(a.values())) * np.mean(list(b.values())) - np.mean(apart))

    expected = [[covariance(a, b) for b in scores] for a in scores]
    found = obuchowski_rockette(frame, "unbiased").covariance
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_many_rating_levels_go_another_way_to_the_same_covariance() -> None:
    frame = study(cases=60)
    coarse = obuchowski_rockette(frame, "unbiased")
    rng = np.random.default_rng(0)
    extra = study(modalities=1, readers=1, cases=2)
    frame["rating"] = frame["rating"].map(dict(enumerate(np.sort(rng.normal(size=6)))))
    fine = pd.concat([frame, extra.assign(case=[60, 61], modality=0, reader=0)])
    assert coarse.random_both is not None
    # Adding two cases for one cell changes little; the blocked path runs on 60 x 8 levels.
    jittered = frame.assign(rating=frame.rating + np.arange(len(frame)) * 1e-9)
    near = obuchowski_rockette(jittered, "unbiased").covariance
    assert np.abs(near - coarse.covariance).max() < 5e-3
    assert obuchowski_rockette(fine, "unbiased").n_readings == len(fine)


@pytest.mark.parametrize("metric", RATES)
def test_rates_are_shares_of_right_calls(metric: str) -> None:
    frame = study()
    frame["right"] = (frame.rating > 2.5) == (frame.truth == 1)
    kept = {"accuracy": frame, "sensitivity": frame[frame.truth == 1]}
    part = kept.get(metric, frame[frame.truth == 0])
    expected = part.pivot_table("right", "modality", "reader").to_numpy()
    found = obuchowski_rockette(frame, "unbiased", metric, 2.5)
    np.testing.assert_allclose(found.reader_estimates, expected)
    # The variance of a mean, averaged over cells.
    spread = part.groupby(["modality", "reader"])["right"].agg(lambda x: x.var() / x.size)
    assert found.components.var_error == pytest.approx(spread.mean())


def test_van_dyke_published_tests() -> None:
    # Hillis 2007 and the MRMCaov guide: F 4.4563 on 15.2597 df; fixed readers chi-square 5.476.
    squares = MeanSquares(modality=0.004796171, reader=0.003836, modality_reader=0.0005510306)
    parts = VarianceComponents(
        var_reader=0.0015349993, var_modality_reader=0.0002004025, var_error=0.0008022883,
        cov1=0.0003466137, cov2=0.0003440748, cov3=0.0002390284,
    )  # fmt: skip
    found = scales(squares, parts, t=2, r=5)
    both, fixed = found["random_both"], found["fixed_readers"]
    assert squares.modality / both.denominator == pytest.approx(4.456319, abs=1e-5)
    assert both.df == pytest.approx(15.25967, abs=1e-4)
    assert squares.modality / fixed.denominator == pytest.approx(5.476, abs=1e-3)
    assert squares.modality / found["fixed_cases"].denominator == pytest.approx(8.704, abs=1e-3)


@pytest.mark.parametrize(
    ("squares", "covariances", "readers", "printed"),
    [
        # OR-DBM MRMC 2.51 on Franken's study (jackknife): cov2 lies below cov3.
        ((0.00023565, 0.00005020), (0.00152578, 0.00079168, 0.00048364, 0.00051251), 4,
         (4.69, 3.00, 0.00501)),
        # The MRMCaov guide on van Dyke's study with cases nested in modalities and in readers.
        ((0.004796171, 0.0005510306), (0.0008058382, 0.0, 0.0003455973, 0.0), 5,
         (2.104491, 68.42325, 0.03019283)),
        ((0.004796171, 0.0005510306), (0.0008079682, 0.0003490676, 0.0, 0.0), 5,
         (8.704, 4.0, 0.01484629)),
        # Its sensitivities at a rating of 3.
        ((0.02390123, 0.001802469), (0.0023681257, 0.0009943883, 0.0010145903, 0.0006604938), 5,
         (6.689493, 15.71732, 0.03780451)),
    ],
)  # fmt: skip
def test_published_tests_of_random_readers_and_cases(
    squares: tuple[float, float],
    covariances: tuple[float, ...],
    readers: int,
    printed: tuple[float, float, float],
) -> None:
    error, cov1, cov2, cov3 = covariances
    parts = VarianceComponents(
        var_reader=0.0, var_modality_reader=0.0, var_error=error, cov1=cov1, cov2=cov2, cov3=cov3
    )
    means = MeanSquares(modality=squares[0], reader=0.0, modality_reader=squares[1])
    both = scales(means, parts, t=2, r=readers)["random_both"]
    se = np.sqrt(2 / readers * both.denominator)
    found = (means.modality / both.denominator, both.df, se)
    assert found == pytest.approx(printed, rel=2e-3 if readers == 4 else 2e-6)


def test_cov2_below_cov3_is_clamped_for_random_readers_only() -> None:
    squares = MeanSquares(modality=0.01, reader=0.004, modality_reader=0.001)
    parts = VarianceComponents(
        var_reader=0.0, var_modality_reader=0.0, var_error=0.002, cov1=0.0005, cov2=0.0004,
        cov3=0.0006,
    )  # fmt: skip
    found = scales(squares, parts, t=2, r=4)
    assert (found["random_both"].denominator, found["random_both"].df) == (0.001, 3.0)
    assert found["fixed_readers"].denominator == pytest.approx(0.0015 - 3 * 0.0002)


@pytest.mark.parametrize("method", METHODS)
def test_fixed_readers_error_is_that_of_the_contrast(method: str) -> None:
    found = obuchowski_rockette(study(), method)
    weights = np.repeat([1, -1], 4) / 4
    assert found.fixed_readers is not None
    assert found.fixed_readers.se**2 == pytest.approx(weights @ found.covariance @ weights)
    assert found.fixed_readers.df == inf


def test_one_reader_agrees_with_delong() -> None:
    frame = study(readers=1)
    found = obuchowski_rockette(frame, "delong")
    a, b = (frame[frame.modality == k] for k in (0, 1))
    pair = turing.delong(a.truth, a.rating, b.rating)
    assert found.fixed_readers is not None
    assert found.fixed_readers.p == pytest.approx(pair.p)
    assert found.modalities[0].se == pytest.approx(pair.se_a)
    assert found.random_both is None
    assert found.modalities[0].estimand == "this reader"
    assert "1 reader" in found.warnings[0]
    with pytest.raises(InsufficientData, match="Invite another reader"):
        found.against(0.5, modality="0", assume="fixed_cases")


@given(st.integers(0, 1000), st.sampled_from(METHODS))
@settings(max_examples=15, deadline=None)
def test_laws_of_order_labels_and_scale(seed: int, method: str) -> None:
    # Unbiased covariances of a partly missing study weigh pairs unevenly: labels then matter.
    missing = 0.0 if method == "unbiased" else 0.1
    frame = study(readers=3, cases=24, missing=missing, seed=seed)
    plain = obuchowski_rockette(frame, method)
    shuffled = frame.sample(frac=1, random_state=seed)
    shuffled["reader"] = shuffled["reader"].map({0: 7, 1: 3, 2: 5})
    shuffled["case"] = 100 - shuffled["case"]
    shuffled["rating"] = np.exp(shuffled["rating"])
    moved = obuchowski_rockette(shuffled, method)
    swapped = obuchowski_rockette(frame.assign(truth=1 - frame.truth), method)
    for one in (moved, swapped):
        assert vars(one.components) == pytest.approx(vars(plain.components), abs=1e-12)
    means = [m.estimate for m in plain.modalities]
    assert means == pytest.approx([m.estimate for m in moved.modalities])
    assert means == pytest.approx([1 - m.estimate for m in swapped.modalities])


def test_single_modality_test_is_its_interval() -> None:
    found = obuchowski_rockette(study(modalities=1, cases=80))
    one = found.modalities[0]
    assert found.against(one.low).p == pytest.approx(0.05)
    low, high = one.interval("random_both", 0.90)
    margin = max(high - 0.6, 0.6 - low)
    assert found.equivalence(0.6, margin).p == pytest.approx(0.05)
    assert found.against(0.5).estimand == "readers like these"
    assert found.against(0.5, assume="fixed_cases").df == 3.0
    assert turing.verdict(found.against(0.5), found.equivalence(0.5, 0.1)).n_readers == 4


def test_three_modalities_are_tested_together_and_in_pairs() -> None:
    found = obuchowski_rockette(study(modalities=3)).random_both
    assert found is not None
    assert found.df1 == 2
    assert [(p.first, p.second) for p in found.pairs] == [("0", "1"), ("0", "2"), ("1", "2")]
    assert found.pairs[0].difference + found.pairs[2].difference == pytest.approx(
        found.pairs[1].difference
    )


def test_a_modality_must_be_named_where_there_are_several() -> None:
    with pytest.raises(ValueError, match="name the one to test"):
        obuchowski_rockette(study()).against(0.5)


def test_nested_designs_set_covariances_of_different_cases_to_zero() -> None:
    frame = study(modalities=2, readers=2, cases=40)
    by_arm = frame[(frame.case // 2 % 2) == frame.modality]
    found = obuchowski_rockette(by_arm)
    assert found.design == "cases within modalities"
    assert (found.components.cov1, found.components.cov3) == (0.0, 0.0)
    by_reader = obuchowski_rockette(frame[(frame.case // 2 % 2) == frame.reader])
    assert by_reader.design == "cases within readers"
    assert (by_reader.components.cov2, by_reader.components.cov3) == (0.0, 0.0)
    assert by_reader.n_missing == 0


@pytest.mark.parametrize("method", METHODS)
def test_perfect_readers_have_exact_limits_and_no_nan(method: str) -> None:
    truth = np.arange(40) % 2
    found = obuchowski_rockette(frame_of(np.broadcast_to(truth, (1, 3, 40)).copy(), truth), method)
    assert found.estimate == 1.0
    assert found.low == pytest.approx(0.025 ** (1 / 20))
    assert found.against(0.5).p == pytest.approx(2 * 0.5**20)
    assert not found.equivalence(0.5, 0.1).is_equivalent


def test_constant_ratings_are_chance_with_wide_limits() -> None:
    truth = np.arange(40) % 2
    found = obuchowski_rockette(frame_of(np.ones((1, 3, 40)), truth))
    assert (found.estimate, found.against(0.5).p) == (0.5, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 20) / 2)


def test_alike_modalities_do_not_differ_and_silent_ones_give_no_test() -> None:
    truth = np.arange(40) % 2
    ratings = np.broadcast_to(np.random.default_rng(0).normal(size=(3, 40)), (2, 3, 40)).copy()
    same = obuchowski_rockette(frame_of(ratings, truth)).random_both
    assert same is not None
    assert (same.statistic, same.p, same.difference) == (0.0, 1.0, 0.0)
    assert (same.low, same.high) == pytest.approx((-1 + 0.025 ** (1 / 20), 1 - 0.025 ** (1 / 20)))
    assert any("bounds from 20 units" in note for note in same.warnings)
    ratings[0], ratings[1] = truth, 1.0
    apart = obuchowski_rockette(frame_of(ratings, truth))
    assert apart.random_both is None
    assert any("no test" in note for note in apart.warnings)


def test_readers_who_do_not_vary_bound_a_difference_on_these_cases() -> None:
    truth = np.arange(40) % 2
    ratings = np.random.default_rng(0).normal(size=(2, 1, 40)).repeat(3, axis=1)
    ratings[1] = ratings[0] + truth  # every reader gains the same
    ratings[:, :, truth == 0] = -9.0
    found = obuchowski_rockette(frame_of(ratings, truth), metric="sensitivity", positive_at=-9)
    assert found.fixed_cases is not None
    assert (found.fixed_cases.low, found.fixed_cases.high) == pytest.approx(
        (-1 + 0.025 ** (1 / 3), 1 - 0.025 ** (1 / 3))
    )


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda f: f.drop(columns="truth"), ValueError, "truth"),
        (lambda f: pd.concat([f, f.head(2)]), ValueError, "2 of 322 readings repeat"),
        (lambda f: f.assign(truth=np.arange(len(f)) % 3 == 0), ValueError, "change their truth"),
        (lambda f: f.assign(truth=2), ValueError, "0 .* or 1"),
        (lambda f: f.head(0), InsufficientData, "0 readings"),
        (lambda f: f.assign(rating=np.nan), InsufficientData, "8 modality x reader cells"),
        (lambda f: f[(f.reader > 0) | (f.modality > 0)], InsufficientData, "leave such readers"),
        (lambda f: f[(f.truth == 1) | (f.case == 0)], InsufficientData, "20 positive and 1 neg"),
    ],
)
def test_malformed_frames_are_refused_with_counts(
    change: object, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        obuchowski_rockette(change(study()))  # type: ignore[operator]


def test_missing_readings_are_counted() -> None:
    frame = study(missing=0.25)
    found = obuchowski_rockette(frame)
    assert found.n_missing == 320 - len(frame)
    assert found.n_readings + found.n_missing == 320


def test_rows_without_a_rating_count_as_missing_and_change_no_number() -> None:
    frame = study(cases=42)
    blank = frame.assign(rating=frame.rating.where(frame.case < 40)).astype({"rating": "Float64"})
    found, plain = obuchowski_rockette(blank), obuchowski_rockette(frame[frame.case < 40])
    np.testing.assert_allclose(found.covariance, plain.covariance)
    assert found.n_missing == 16
    assert plain.n_missing == 0


def test_power_grows_with_readers_and_cases() -> None:
    parts = obuchowski_rockette(study(cases=80)).components
    grid = [
        [power(parts, n_readers=r, n_cases=n, effect=0.1, pilot_cases=80).power for n in (80, 320)]
        for r in (3, 6, 12)
    ]
    assert (np.diff(grid, axis=0) > 0).all()
    assert (np.diff(grid, axis=1) > 0).all()


def test_imrmc_file_holds_every_reading() -> None:
    frame = study(readers=2, cases=6, missing=0.2)
    text = imrmc_file(frame, "Semblance study")
    head, body = text.split("BEGIN DATA:\n")
    assert head.splitlines() == ["Semblance study", "N0: 3", "N1: 3", "NR: 2", "NM: 2", ""]
    lines = body.splitlines()
    assert lines[:2] == ["-1,0,0,0", "-1,1,0,1"]
    assert len(lines) == 6 + len(frame)
    first = frame.iloc[0]
    assert f"{first.reader:g},{first.case:g},{first.modality:g},{first.rating}" in lines
    with pytest.raises(ValueError, match="comma"):
        imrmc_file(frame.assign(reader=frame.reader.map({0: "a,b", 1: "c"})))
