"""What every public statistic promises a stranger: names of arguments, and parts of the answer."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, is_dataclass

import numpy as np
import pandas as pd
import pytest

from metrics.stats import (
    agreement,
    comparison,
    confusion,
    likert,
    mixed,
    mrmc,
    proportions,
    sequential,
    turing,
)

PARTS = ("estimate", "low", "high", "method", "counts", "estimand", "warnings")
CASES = [f"case {k}" for k in range(24)]
READINGS = pd.DataFrame(
    [
        (f"reader {r}", case, modality, k % 2 == 0, 1 + (5 * k + 3 * r + k * r) % 4 + (k % 2 == 0))
        for modality in ("old", "new")
        for r in range(3)
        for k, case in enumerate(CASES)
    ],
    columns=["reader", "case", "modality", "truth", "rating"],
)
ONE = READINGS[READINGS.modality == "new"].drop(columns="modality")
FIRST = ONE[ONE.reader == "reader 0"]
GRID = np.array([[1, 2, np.nan], [2, 2, 2], [3, 3, 2], [1, 1, 1], [4, 4, 3], [2, 3, 2]])
TABLES = np.array([[[10, 20], [5, 25]], [[8, 12], [6, 14]]])
Y = np.tile([0, 1, 1, 0, 0, 1, 0, 1], 6)
X = np.column_stack([np.ones(48), np.tile([0, 1, 1], 16)])
GROUPS = [f"group {k}" for k in np.repeat(range(8), 6)]
TIMES = ONE.assign(time=2.0 + ONE.rating % 3, order=np.tile(np.arange(24), 3), arm="synthetic")

ESTIMATES: dict[str, Callable[[], object]] = {
    "interval": lambda: proportions.interval(successes=3, n=9, method="wilson", level=0.95),
    "multi_reader_rate": lambda: proportions.multi_reader_rate(ONE.assign(value=ONE.rating > 2)),
    "clustered_rate": lambda: proportions.clustered_rate(values=Y, clusters=GROUPS),
    "post_stratified_rate": lambda: proportions.post_stratified_rate(Y, 0.2 + Y / 2),
    "paired_difference": lambda: comparison.paired_difference([[36, 12], [2, 10]]),
    "reader_performance": lambda: turing.reader_performance(FIRST.truth, FIRST.rating, 2.5),
    "hanley_mcneil": lambda: turing.hanley_mcneil(FIRST.truth, FIRST.rating),
    "verdict": lambda: turing.verdict(
        comparison.binomial_test(52, 100, 0.5), turing.equivalence(52, 100)
    ),
    "obuchowski_rockette": lambda: mrmc.obuchowski_rockette(READINGS, covariance="delong"),
    "percent_agreement": lambda: agreement.percent_agreement(GRID),
    "light_kappa": lambda: agreement.light_kappa(GRID, draws=20),
    "gwet_ac": lambda: agreement.gwet_ac(GRID, weights="quadratic"),
    "krippendorff_alpha": lambda: agreement.krippendorff_alpha(GRID, metric="ratio", draws=20),
    "confusion": lambda: confusion.confusion(list("aabbab"), list("aabbba"), draws=20),
    "majority": lambda: likert.majority_acceptability(ratings=GRID, accept_at=2, min_readers=3),
    "reading_times": lambda: mixed.reading_times(TIMES),
}
TESTS: dict[str, Callable[[], object]] = {
    "difference": lambda: comparison.difference(3, 9, 5, 9, method="newcombe"),
    "cmh": lambda: comparison.cmh(TABLES, continuity=True),
    "risk_difference_mh": lambda: comparison.risk_difference_mh(TABLES),
    "mcnemar": lambda: comparison.mcnemar([[36, 12], [2, 10]], method="asymptotic"),
    "binomial_test": lambda: comparison.binomial_test(x=52, n=100, p0=0.5),
    "auc": lambda: turing.auc(truth=FIRST.truth, score=FIRST.rating),
    "delong": lambda: turing.delong(FIRST.truth, score_a=FIRST.rating, score_b=FIRST.rating % 3),
    "equivalence": lambda: turing.equivalence(x=52, n=100, margin=0.10),
    "random_both": lambda: mrmc.obuchowski_rockette(READINGS).random_both,
    "against": lambda: mrmc.obuchowski_rockette(ONE).against(0.5),
    "tost": lambda: mrmc.obuchowski_rockette(ONE).equivalence(0.5, 0.1),
    "fleiss_kappa": lambda: agreement.fleiss_kappa(GRID[1:]),
    "cohen_kappa": lambda: agreement.cohen_kappa(GRID[:, 0], GRID[:, 2], weights="linear"),
    "icc": lambda: agreement.icc(GRID),
    "logistic": lambda: mixed.logistic_random_intercept(Y, X, groups=GROUPS, points=5),
    "gee_logistic": lambda: mixed.gee_logistic(Y, X, GROUPS),
    "ordinal_logit": lambda: mixed.ordinal_logit(Y + X[:, 1], np.arange(48) % 5),
    "crossed_mixed": lambda: mixed.crossed_mixed(
        np.log(TIMES.time), np.ones((72, 1)), TIMES.case, TIMES.reader
    ),
    "e_value": lambda: sequential.e_value(60, 100),
}


@pytest.mark.parametrize("name", [*ESTIMATES, *TESTS])
def test_every_answer_says_what_it_rests_on_and_cannot_be_changed(name: str) -> None:
    parts = PARTS + (("statistic", "p") if name in TESTS else ())
    answer = (ESTIMATES | TESTS)[name]()
    assert is_dataclass(answer)
    assert [part for part in parts if not hasattr(answer, part)] == []
    assert answer.counts["readings"] >= 6  # type: ignore[attr-defined]
    with pytest.raises((FrozenInstanceError, AttributeError)):
        answer.method = "another"  # type: ignore[attr-defined]


def test_a_multi_reader_result_has_the_names_of_its_contract() -> None:
    found = mrmc.obuchowski_rockette(READINGS, metric="auc", positive_at=0.5)
    assert list(found.reader_estimates.index) == ["new", "old"]
    assert list(found.reader_estimates.columns) == ["reader 0", "reader 1", "reader 2"]
    components = ["var_reader", "var_modality_reader", "var_error", "cov1", "cov2", "cov3"]
    assert all(isinstance(getattr(found.components, name), float) for name in components)
    assert isinstance(found.modalities, list)
    for one in found.modalities:
        assert one.low <= one.estimate <= one.high
        assert one.se > 0 < one.df
    for way in ("random_both", "fixed_readers", "fixed_cases"):
        test = getattr(found, way)
        assert test.low <= test.difference <= test.high
        assert min(test.statistic, test.df, test.se) >= 0 <= test.p <= 1


@pytest.mark.parametrize("kind", [bool, int, float, object, "boolean", "Int64"])
def test_truth_may_be_of_any_type_that_means_zero_and_one(kind: object) -> None:
    frame = READINGS.assign(truth=READINGS["truth"].astype(kind))
    assert mrmc.obuchowski_rockette(frame).estimate == mrmc.obuchowski_rockette(READINGS).estimate
