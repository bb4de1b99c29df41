"""What a stranger may pass by mistake: a named refusal that says what to give instead."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from metrics.errors import NotConverged
from metrics.stats import (
    agreement,
    comparison,
    confusion,
    likert,
    mixed,
    mrmc,
    planning,
    proportions,
    sequential,
    turing,
)

TRUTH, SCORE = [0, 0, 0, 1, 1, 1], [1, 2, 3, 2, 3, 4]
ALIKE = [[1, 1], [2, 2], [3, 3]]
X = np.column_stack([np.ones(40), np.tile([0, 1], 20)])
Y, GROUPS = np.tile([0, 1, 1, 0, 0], 8), np.repeat(np.arange(8), 5)
READINGS = pd.DataFrame(
    [
        (reader, case, modality, case % 2, (3 * case + reader + modality) % 5 + case % 2)
        for reader in range(3)
        for case in range(12)
        for modality in range(2)
    ],
    columns=["reader", "case", "modality", "truth", "rating"],
)
TIMES = READINGS.assign(time=1.0 + READINGS["rating"])
LEVELLED: dict[str, Callable[[float], object]] = {
    "interval": lambda level: proportions.interval(3, 9, level=level),
    "clustered": lambda level: proportions.clustered_rate([1, 1, 1, 1], [1, 1, 2, 2], level=level),
    "weighted": lambda level: proportions.post_stratified_rate([0, 0], [0.5, 0.2], level=level),
    "difference": lambda level: comparison.difference(1, 9, 3, 9, level=level),
    "performance": lambda level: turing.reader_performance(TRUTH, TRUTH, level=level),
    "auc": lambda level: turing.auc(TRUTH, TRUTH, level=level),
    "delong": lambda level: turing.delong(TRUTH, SCORE, TRUTH, level=level),
    "hanley": lambda level: turing.hanley_mcneil(TRUTH, SCORE, level=level),
    "mrmc": lambda level: mrmc.obuchowski_rockette(READINGS, level=level),
    "percent": lambda level: agreement.percent_agreement(ALIKE, level=level),
    "gwet": lambda level: agreement.gwet_ac(ALIKE, level=level),
    "light": lambda level: agreement.light_kappa(ALIKE, level=level, draws=10),
    "alpha": lambda level: agreement.krippendorff_alpha(ALIKE, level=level, draws=10),
    "cohen": lambda level: agreement.cohen_kappa([1, 2, 1], [1, 2, 1], level=level),
    "logistic": lambda level: mixed.logistic_random_intercept(Y, X, GROUPS, 3, level=level),
    "gee": lambda level: mixed.gee_logistic(Y, X, GROUPS, level=level),
    "ordinal": lambda level: mixed.ordinal_logit(Y, X, level=level),
    "times": lambda level: mixed.reading_times(TIMES, level=level),
    "confusion": lambda level: confusion.confusion([0, 1], [0, 1], level=level, draws=10),
    "majority": lambda level: likert.majority_acceptability([[5, 5, 5]], level=level),
    "precision": lambda level: planning.precision_size(0.5, 0.1, level=level),
}


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, float("nan"), "95 %"])
@pytest.mark.parametrize("name", LEVELLED)
def test_a_level_outside_0_and_1_is_refused_everywhere(name: str, level: float) -> None:
    with pytest.raises(ValueError, match="level is"):
        LEVELLED[name](level)


TWO = mrmc.obuchowski_rockette(READINGS)
ONE = mrmc.obuchowski_rockette(READINGS[READINGS["modality"] == 0])
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no count": (lambda: proportions.interval(None, 9), "both must be whole"),  # type: ignore[arg-type]
    "half a count": (lambda: turing.equivalence(1.5, 10), "both must be whole"),  # type: ignore[arg-type]
    "alpha of one half": (lambda: turing.equivalence(5, 10, alpha=0.5), "alpha is 0.5"),
    "mrmc alpha": (lambda: ONE.equivalence(0.5, 0.1, alpha=0.7), "alpha is 0.7"),
    "no constant": (lambda: ONE.against(float("nan")), "constant is nan"),
    "a constant in words": (lambda: ONE.against("chance"), "constant is 'chance'"),  # type: ignore[arg-type]
    "a margin in words": (lambda: ONE.equivalence(0.5, "small"), "margin is 'small'"),  # type: ignore[arg-type]
    "another assumption": (
        lambda: ONE.against(0.5, assume="fixed"),  # type: ignore[arg-type]
        "choose one of random_both, fixed_readers, fixed_cases",
    ),
    "one of two modalities": (
        lambda: TWO.against(0.5),
        "the study has 2 modalities, 0, 1; name the one to test, for example modality='0'",
    ),
    "equivalence of one of two": (lambda: TWO.equivalence(0.5, 0.1), "No modality is named"),
    "a modality of another study": (lambda: TWO.against(0.5, modality="CT"), "'CT' is not among"),
    "no p0": (lambda: comparison.binomial_test(1, 2, None), "p0 is None"),  # type: ignore[arg-type]
    "no margin": (lambda: turing.equivalence(3, 5, None), "margin is None"),  # type: ignore[arg-type]
    "a verdict of one test twice": (
        lambda: turing.verdict(*[comparison.binomial_test(5, 10, 0.5)] * 2),  # type: ignore[arg-type]
        "combines a test such as binomial_test",
    ),
    "text in a table": (lambda: comparison.mcnemar(np.full((2, 2), "a")), "must hold numbers"),
    "ragged strata": (lambda: comparison.cmh([[[1, 2], [3, 4]], [[1, 2]]]), "rows of one length"),
    "text for p-values": (lambda: comparison.adjust(["low"]), "p_values must hold numbers"),
    "clusters of lists": (lambda: proportions.clustered_rate([1, 0], [[1], [2]]), "not of lists"),
    "pairs for readers": (lambda: agreement.cohen_kappa([[1, 2]], [[1, 2]]), "not of lists"),
    "a grid of classes": (lambda: confusion.confusion([["a"]], [["a"]]), "not of lists"),
    "shares of nothing": (
        lambda: proportions.post_stratified_rate(
            [1, 0] * 2, [0.5] * 4, list("aabb"), {"a": 0, "b": 0}
        ),
        "together above 0",
    ),
    "a table of X": (lambda: mixed.gee_logistic(Y, np.ones((40, 1, 1)), GROUPS), "3 dimensions"),
    "no X": (lambda: mixed.ordinal_logit(Y, None), "0 dimensions"),  # type: ignore[arg-type]
    "no groups": (
        lambda: mixed.logistic_random_intercept(Y, X, None),  # type: ignore[arg-type]
        "groups must be a list",
    ),
    "order in words": (lambda: mixed.reading_times(TIMES.assign(order="first")), "order must be"),
    "times that the images decide": (
        lambda: mixed.crossed_mixed(
            TIMES["case"] + 2 * TIMES["reader"], np.ones((72, 1)), TIMES["case"], TIMES["reader"]
        ),
        "72 readings leave no residual variance",
    ),
    "an effect of nan": (
        lambda: mrmc.power(
            TWO.components, n_readers=4, n_cases=9, effect=float("nan"), pilot_cases=9
        ),
        "effect is nan",
    ),
    "a rate in words": (lambda: planning.two_proportions_power("half", 0.4, 9), "rate is 'half'"),  # type: ignore[arg-type]
    "looks in words": (lambda: sequential.pocock("two"), "looks is 'two'"),  # type: ignore[arg-type]
    "no cut": (
        lambda: mrmc.obuchowski_rockette(READINGS, metric="accuracy", positive_at=float("nan")),
        "positive_at is missing",
    ),
    "text for truth": (lambda: turing.auc(["real", "fake"], [1, 2]), "truth must be"),
    "text for rating": (
        lambda: mrmc.obuchowski_rockette(READINGS.assign(rating="high")),
        "rating must be",
    ),
    "an array for a frame": (lambda: mrmc.obuchowski_rockette(np.ones(3)), "one row per reading"),  # type: ignore[arg-type]
    "a table of p-values": (lambda: comparison.adjust([[0.1, 0.2]]), "a family is a list"),
    "endless counts": (lambda: comparison.mcnemar([[np.inf, 0], [0, 1]]), "whole counts"),
    "a probability of nothing": (
        lambda: proportions.post_stratified_rate([1, 0], [1e-300, 1]),
        "outside",
    ),
    "one draw": (lambda: agreement.krippendorff_alpha(ALIKE, draws=1), "at least 2"),
    "no quadrature": (lambda: mixed.logistic_random_intercept(Y, X, GROUPS, 0), "points is 0"),
    "labels in X": (
        lambda: mixed.gee_logistic(Y, pd.DataFrame({"a": ["u", "v"] * 20}), GROUPS),
        "code its labels",
    ),
    "an endless outcome": (
        lambda: mixed.crossed_mixed(np.full(40, np.inf), X, GROUPS, Y),
        "infinite",
    ),
    "another structure": (
        lambda: mixed.gee_logistic(Y, X, GROUPS, "ar1"),  # type: ignore[arg-type]
        "structure 'ar1'",
    ),
    "no times": (lambda: mixed.reading_times(READINGS), "also needs time"),
    "one reader's times": (
        lambda: mixed.reading_times(TIMES[TIMES["reader"] == 0].drop(columns="truth")),
        "1 reader timed on 12 images",
    ),
    "a cap below 0": (lambda: mixed.reading_times(TIMES, cap=-1.0), "cap is -1"),
    "a rate above 1": (lambda: planning.acceptance_rule(100, 1.5), r"rate in \[0, 1\]"),
    "power of 1": (lambda: planning.two_proportions_size(0.4, 0.5, target=1.0), "strictly between"),
    "no cases": (
        lambda: planning.latent_components("auc", 0.6, n_positive=0, n_negative=5),
        "give 1 of each",
    ),
    "a look at nothing": (lambda: sequential.pocock(2, fractions=[1e-9, 1]), "above the one"),
    "half a look": (lambda: sequential.pocock(1.5), "whole number"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", REFUSED)
def test_mistakes_are_named(name: str) -> None:
    call, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        call()


def test_groups_that_decide_the_answer_have_no_finite_sd() -> None:
    with pytest.raises(NotConverged, match=r"20 of 40 are 1 in 8 groups.*without end"):
        mixed.logistic_random_intercept(GROUPS % 2, np.ones((40, 1)), GROUPS)


def test_power_without_an_effect_is_alpha() -> None:
    two = mrmc.obuchowski_rockette(READINGS).components
    assert mrmc.power(two, n_readers=5, n_cases=40, effect=0.0, pilot_cases=12).power == 0.05


def test_power_rises_smoothly_from_alpha() -> None:
    two = mrmc.obuchowski_rockette(READINGS).components
    curve = [
        mrmc.power(two, n_readers=5, n_cases=40, effect=effect, pilot_cases=12).power
        for effect in (0.0, 1e-6, 1e-3, 0.01, 0.05, 0.2)
    ]
    assert curve == sorted(curve)
    assert curve[1] == pytest.approx(0.05, abs=1e-6)


def test_rows_and_columns_serve_as_a_frame() -> None:
    frame = mrmc.obuchowski_rockette(READINGS)
    for given in (READINGS.to_dict("records"), READINGS.to_dict("list")):
        assert mrmc.obuchowski_rockette(given).random_both == frame.random_both  # type: ignore[arg-type]


def test_a_modality_is_named_by_its_label_or_by_its_words() -> None:
    labelled = mrmc.obuchowski_rockette(READINGS.assign(modality=READINGS["modality"] + 0.5))
    found = {
        labelled.against(0.5, modality=name).estimate for name in (1.5, "1.5", np.float64(1.5))
    }
    assert found == {labelled.modalities[1].estimate}


def test_classes_of_two_kinds_are_ordered_by_their_words() -> None:
    intended, perceived = (pd.Series(given) for given in ([1, "b", 1, "b"], [1, "b", "b", "b"]))
    assert confusion.confusion(intended, perceived, draws=10).classes == (1, "b")


def test_missing_scores_of_two_readers_may_be_any_kind_of_missing() -> None:
    gaps = pd.Series([1, None, 3, 2, 3, 4], dtype="Int64")
    assert turing.delong([0, 0, 0, 1, 1, 1], gaps, SCORE).n_missing == 1


def test_endless_scores_of_both_signs_are_not_missing() -> None:
    far = turing.delong(TRUTH, [-np.inf, 2, 3, 2, 3, np.inf], [np.inf, 1, 2, 2, 3, -np.inf])
    assert (far.n_missing, far.n_readings) == (0, 6)
