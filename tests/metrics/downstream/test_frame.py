"""Frames of test scores: what is read, what is refused and how."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from metrics.downstream import compare_auroc, compare_scores
from metrics.downstream.frame import read_trials
from metrics.errors import InsufficientData
from tests.metrics.downstream.trials import simulated

FRAME = simulated(30, 3)
MANY = simulated(30, 3, classes=3)
ARMS = {"baseline": "real", "augmented": "augmented"}


def test_arranges_arms_seeds_classes_and_cases() -> None:
    found = read_trials(MANY, "real", "augmented")
    assert found.scores.shape == (2, 3, 3, 30)
    row = MANY[(MANY["arm"] == "augmented") & (MANY["seed"] == 2) & (MANY["class"] == 1)]
    assert found.scores[1, 2, 1].tolist() == row["score"].tolist()
    assert (found.positive.sum(axis=0) == 1).all()
    assert found.positive[2].tolist() == (row["truth"] == 2).tolist()


def test_other_arms_and_seeds_of_one_arm_are_left_out() -> None:
    third = FRAME[FRAME["arm"] == "real"].assign(arm="other")
    lonely = FRAME[FRAME["arm"] == "real"].assign(seed=99)
    found = read_trials(pd.concat([FRAME, third, lonely]), "real", "augmented")
    assert found.seeds == (0, 1, 2)
    assert found.arms == ("real", "augmented")


def test_labels_may_be_words_and_rows_dicts() -> None:
    words = MANY.assign(**{"class": "c" + MANY["class"].astype(str)})
    words = words.assign(
        truth="c" + words["truth"].astype(str), seed="s" + MANY["seed"].astype(str)
    )
    found = compare_auroc(words.to_dict("records"), **ARMS)  # type: ignore[arg-type]
    assert found.estimate == compare_auroc(MANY, **ARMS).estimate
    assert list(found.per_class) == ["c0", "c1", "c2"]


def test_truth_may_be_of_any_type_that_means_zero_and_one() -> None:
    for kind in (bool, int, float, object):
        frame = FRAME.assign(truth=FRAME["truth"].astype(kind))
        assert compare_auroc(frame, **ARMS) == compare_auroc(FRAME, **ARMS)


def with_cell(column: str, value: object) -> pd.DataFrame:
    frame = FRAME.astype({column: object})
    frame.loc[frame.index[4], column] = value  # type: ignore[call-overload]
    return frame


REFUSED: dict[str, tuple[Callable[[], pd.DataFrame], type, str]] = {
    "two seeds": (
        lambda: FRAME[FRAME["seed"] < 2],
        InsufficientData,
        r"2 training seeds in both arms \(2 in 'real', 2 in 'augmented'\); .* at least 3",
    ),
    "two seeds in one arm": (
        lambda: FRAME[(FRAME["seed"] < 2) | (FRAME["arm"] == "real")],
        InsufficientData,
        r"2 training seeds in both arms \(3 in 'real', 2 in 'augmented'\)",
    ),
    "no arm": (lambda: FRAME[FRAME["arm"] == "real"], ValueError, r"has arms \['real'\]"),
    "no column": (lambda: FRAME.drop(columns="score"), ValueError, "also needs score"),
    "twice": (lambda: pd.concat([FRAME, FRAME.head(2)]), ValueError, "2 of 182 rows repeat"),
    "two truths": (lambda: with_cell("truth", 1 - FRAME.iloc[4]["truth"]), ValueError, "1 cases"),
    "no truth": (lambda: with_cell("truth", None), ValueError, "'truth': 1"),
    "no case": (lambda: with_cell("case", None), ValueError, "'case': 1"),
    "no class": (
        lambda: MANY.assign(**{"class": MANY["class"].mask(MANY["case"] == 3)}),
        ValueError,
        "'class': 18",
    ),
    "truth of 2": (
        lambda: FRAME.assign(truth=2 * FRAME["truth"]),
        ValueError,
        "add a column class",
    ),
    "no cluster": (lambda: with_cell("cluster", None), ValueError, "1 rows lack their cluster"),
    "two clusters": (lambda: with_cell("cluster", "x"), ValueError, "1 cases change their cluster"),
    "score in words": (lambda: with_cell("score", "high"), ValueError, "score must be"),
    "endless score": (lambda: with_cell("score", np.inf), ValueError, "infinite"),
    "a class without scores": (
        lambda: MANY[MANY["class"] != 2],
        ValueError,
        r"class has \[.*\], truth also \[2\]",
    ),
    "no complete image": (
        lambda: FRAME[(FRAME["case"] < 15) | (FRAME["arm"] == "real")].query(
            "case >= 15 or arm != 'real'"
        ),
        InsufficientData,
        "0 of 30 images have a score in all 6 trainings",
    ),
    "lists as labels": (
        lambda: FRAME.assign(case=[[case] for case in FRAME["case"]]),
        ValueError,
        "case must be a list of labels, not of lists",
    ),
    "nothing": (lambda: FRAME.iloc[:0], ValueError, r"has arms \[\]"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("compare", [compare_auroc, compare_scores])
def test_mistakes_are_named(name: str, compare: Callable[..., object]) -> None:
    make, error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        compare(make(), **ARMS)


def test_an_arm_is_not_compared_with_itself() -> None:
    with pytest.raises(ValueError, match="must be two of them"):
        compare_auroc(FRAME, baseline="real", augmented="real")


@pytest.mark.parametrize("compare", [compare_auroc, compare_scores])
def test_levels_and_draws_are_checked(compare: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="level is 2"):
        compare(FRAME, **ARMS, level=2)
    clustered = FRAME.assign(cluster=FRAME["case"] // 2)
    with pytest.raises(ValueError, match="draws is 1"):
        compare(clustered, **ARMS, draws=1)
