"""Macro F1 and accuracy over training seeds."""

import numpy as np
import pandas as pd
import pytest

from metrics.downstream import compare_scores
from metrics.errors import InsufficientData
from metrics.stats.confusion import confusion
from tests.metrics.downstream.trials import simulated

ARMS = {"baseline": "real", "augmented": "augmented"}


@pytest.mark.parametrize("score", ["macro F1", "accuracy"])
@pytest.mark.parametrize("classes", [2, 3])
def test_scores_are_those_of_the_confusion_matrices(score: str, classes: int) -> None:
    frame = simulated(90, 3, classes=classes)
    found = compare_scores(frame, **ARMS, score=score, threshold=0.6, draws=100)  # type: ignore[arg-type]
    name = "macro_f1" if score == "macro F1" else "accuracy"
    for one in found.per_seed:
        for arm, value in (("real", one.baseline), ("augmented", one.augmented)):
            rows = frame[(frame["seed"] == one.seed) & (frame["arm"] == arm)]
            if classes == 2:
                answers, truth = (rows["score"] > 0.6).astype(int), rows["truth"]
            else:
                table = rows.pivot(index="case", columns="class", values="score")
                answers, truth = table.idxmax(axis=1), rows.drop_duplicates("case")["truth"]
            matrix = confusion(truth.to_numpy(), answers.to_numpy(), draws=50)
            assert value == pytest.approx(getattr(matrix, name).estimate)
            assert (found.confusions[arm, one.seed].matrix == matrix.matrix).all()
    gaps = [one.augmented - one.baseline for one in found.per_seed]
    assert found.estimate == pytest.approx(np.mean(gaps))
    assert found.low < found.estimate < found.high


def test_accuracy_has_the_error_of_paired_differences() -> None:
    frame = simulated(300, 3)
    found = compare_scores(frame, **ARMS, score="accuracy", draws=2000)
    right = frame.assign(right=(frame["score"] > 0.5) == frame["truth"])
    for one in found.per_seed:
        mine = right[right["seed"] == one.seed].pivot(index="case", columns="arm", values="right")
        gap = mine["augmented"].astype(int) - mine["real"].astype(int)
        assert one.estimate == pytest.approx(gap.mean())
        assert one.se == pytest.approx(gap.std(ddof=0) / np.sqrt(300), rel=0.1)


def test_limits_hold_no_difference() -> None:
    found = [compare_scores(simulated(90, 3, gain=0, seed=k), **ARMS, draws=100) for k in range(60)]
    assert np.mean([one.low <= 0 <= one.high for one in found]) > 0.85


def test_patients_are_drawn_whole_and_matrices_say_that_they_are_not() -> None:
    frame = simulated(120, 3, per_patient=6)
    found = compare_scores(frame, **ARMS, draws=200)
    assert "bootstrap over test clusters" in found.method
    assert "take images as independent" in " ".join(found.warnings)


def test_arms_that_answer_alike_have_width() -> None:
    real = simulated(60, 3).query("arm == 'real'")
    same = pd.concat([real, real.assign(arm="augmented")])
    for score in ("macro F1", "accuracy"):
        found = compare_scores(same, **ARMS, score=score, draws=100)  # type: ignore[arg-type]
        assert (found.estimate, found.p) == (0, 1)
        assert found.low < 0 < found.high
        assert "no estimated variance" in found.warnings[-1]


def test_a_class_that_copies_lose_is_named() -> None:
    frame = simulated(40, 3, classes=3)
    first = frame.loc[frame["truth"] == 2, "case"].unique()[:2]
    rare = frame[(frame["truth"] != 2) | frame["case"].isin(first)]
    found = compare_scores(rare, **ARMS, draws=300)
    assert any("bootstrap samples undefined" in note for note in found.warnings)
    with pytest.raises(InsufficientData, match=r"none of classes \[2\]"):
        compare_scores(frame[frame["truth"] != 2], **ARMS)


def test_mistakes_are_named() -> None:
    frame = simulated(30, 3)
    with pytest.raises(ValueError, match="score 'auc' is unknown"):
        compare_scores(frame, **ARMS, score="auc")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threshold is nan"):
        compare_scores(frame, **ARMS, threshold=float("nan"))
