"""Confusion: definitions, extra answers, several readers, ends and refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.errors import InsufficientData
from metrics.stats.confusion import confusion, confusion_by_arm, confusion_from_matrix
from metrics.stats.proportions import interval


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    k = draw(st.integers(2, 4))
    cells = draw(st.lists(st.integers(0, 9), min_size=k * k, max_size=k * k))
    return np.array(cells).reshape(k, k) + np.eye(k, dtype=int)


@given(matrices(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_scores_are_bounded_and_ignore_the_order_of_classes(
    matrix: np.ndarray, random: object
) -> None:
    order = list(range(len(matrix)))
    random.shuffle(order)  # type: ignore[attr-defined]
    found = confusion_from_matrix(matrix, draws=30)
    again = confusion_from_matrix(matrix[np.ix_(order, order)], draws=30)
    for name in ("accuracy", "macro_precision", "macro_recall", "macro_f1"):
        score = getattr(found, name)
        assert 0 <= score.low <= score.estimate <= score.high <= 1
        assert score.estimate == pytest.approx(getattr(again, name).estimate)


def test_recall_has_wilson_limits_when_every_image_is_read_once() -> None:
    found = confusion_from_matrix([[7, 3], [2, 8]]).per_class[0]
    simple = interval(7, 10)
    assert (found.recall.low, found.recall.high) == (simple.low, simple.high)
    assert (found.precision.low, found.precision.high) == (interval(7, 9).low, interval(7, 9).high)


def test_labels_and_counts_give_the_same_result() -> None:
    intended = ["mel"] * 10 + ["nev"] * 10
    perceived = ["mel"] * 7 + ["nev"] * 3 + ["mel"] * 2 + ["nev"] * 8
    found = confusion(intended, perceived)
    again = confusion_from_matrix([[7, 3], [2, 8]], ["mel", "nev"], estimand="this reader")
    assert found.macro_f1 == again.macro_f1
    assert found.classes == ("mel", "nev")


def test_cannot_judge_is_an_answer_and_a_missing_one_is_counted() -> None:
    found = confusion(list("aabb"), ["a", "cannot judge", "b", None])
    assert found.answers == ("a", "b", "cannot judge")
    assert found.matrix.tolist() == [[1, 0, 1], [0, 1, 0]]
    assert found.per_class[0].recall.estimate == 0.5
    assert found.accuracy.n_missing == 1


def test_macro_recall_coverage_of_bootstrap_is_near_the_normal_interval() -> None:
    found = confusion_from_matrix([[60, 40], [30, 70]], draws=4000).macro_recall
    half = 1.96 * np.sqrt(0.6 * 0.4 / 100 + 0.3 * 0.7 / 100) / 2
    assert (found.low, found.high) == pytest.approx((0.65 - half, 0.65 + half), abs=0.01)


def test_several_readers_widen_the_interval() -> None:
    """The same pooled counts: readers who differ must count as readers, not as readings."""
    rng = np.random.default_rng(0)
    truth = np.repeat(["a", "b"], 50)
    skill = [0.95, 0.75, 0.55]
    frame = pd.concat(
        pd.DataFrame({"arm": "x", "reader": j, "case": np.arange(100), "intended": truth}).assign(
            perceived=np.where(rng.random(100) < p, truth, np.where(truth == "a", "b", "a"))
        )
        for j, p in enumerate(skill)
    )
    found = confusion_by_arm(frame)["x"].accuracy
    naive = interval(round(found.estimate * 300), 300)
    assert found.high - found.low > 2 * (naive.high - naive.low)
    assert found.estimand == "readers like these"


def test_perfect_scores_keep_a_lower_limit() -> None:
    found = confusion_from_matrix([[20, 0], [0, 20]])
    assert found.macro_f1.estimate == 1
    assert 0.8 < found.macro_f1.low < 0.95


def test_a_class_never_answered_has_precision_zero_and_says_so() -> None:
    found = confusion_from_matrix([[0, 5], [0, 5]]).per_class[0]
    assert (found.precision.estimate, found.precision.low, found.precision.high) == (0, 0, 1)
    assert "never answered" in found.precision.warnings[0]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((["a", "b"], ["a", None]), InsufficientData),
        (([], []), InsufficientData),
        ((["a"], ["a", "b"]), ValueError),
        (([None], ["a"]), ValueError),
    ],
)
def test_confusion_refuses(arguments: tuple, error: type[Exception]) -> None:
    with pytest.raises(error):
        confusion(*arguments)


def test_a_case_has_one_class() -> None:
    with pytest.raises(ValueError, match="more than one intended class"):
        confusion(["a", "b"], ["a", "b"], cases=[1, 1])
    with pytest.raises(ValueError, match="shape"):
        confusion_from_matrix([[1], [2]])
