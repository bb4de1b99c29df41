"""One reader's Turing test: rates, areas, equivalence, verdict."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.errors import InsufficientData
from metrics.stats import turing
from metrics.stats.result import Test as Tested
from metrics.stats.roc import curve

TRUTH = np.repeat([0, 1], [10, 12])


@st.composite
def rated(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw truths with at least two of each kind and six-level ratings."""
    n1, n0 = draw(st.integers(2, 12)), draw(st.integers(2, 12))
    truth = np.repeat([1, 0], [n1, n0])
    score = draw(st.lists(st.integers(-3, 3), min_size=n1 + n0, max_size=n1 + n0))
    return truth, np.array(score, dtype=float)


def test_performance_of_a_reader_who_always_says_real() -> None:
    found = turing.reader_performance(TRUTH, np.zeros(22))
    assert (found.sensitivity.estimate, found.specificity.estimate) == (0.0, 1.0)
    assert found.sensitivity.low == 0.0
    assert found.sensitivity.high > 0.2  # 0 of 12 does not prove blindness
    assert found.c.estimate > 1.0
    assert abs(found.d_prime.estimate) < 0.2


def test_log_linear_correction_by_hand() -> None:
    # 12 of 12 hits -> 12.5/13, 2 of 10 false alarms -> 2.5/11
    rating = np.concatenate([np.arange(10) < 2, np.ones(12)])
    found = turing.reader_performance(TRUTH, rating)
    assert found.d_prime.estimate == pytest.approx(1.7688 + 0.7479, abs=1e-3)
    assert found.criterion.se == pytest.approx(found.d_prime.se / 2)


def test_uncorrected_detection_refuses_a_perfect_rate() -> None:
    with pytest.raises(InsufficientData, match="12 of 12 hits"):
        turing.reader_performance(TRUTH, TRUTH, correction="none")


def test_missing_ratings_are_counted_and_signed_confidences_called_at_zero() -> None:
    rating = np.where(TRUTH == 1, 2.0, -1.0)
    rating[0] = np.nan
    found = turing.reader_performance(TRUTH, rating, positive_at=0)
    assert (found.n_images, found.n_readings, found.n_missing) == (22, 21, 1)
    assert found.estimate == 1.0


def test_a_single_kind_of_image_is_refused_with_counts() -> None:
    with pytest.raises(InsufficientData, match="5 positive and 0 negative"):
        turing.auc(np.ones(5), np.arange(5))
    with pytest.raises(InsufficientData):
        turing.reader_performance(np.ones(5), np.arange(5))


@pytest.mark.parametrize(
    ("score", "area", "limits"),
    [
        (TRUTH, 1.0, (0.025**0.1, 1.0)),
        (-TRUTH, 0.0, (0.0, 1 - 0.025**0.1)),
        (np.zeros(22), 0.5, (0.025**0.1 / 2, 1 - 0.025**0.1 / 2)),
    ],
    ids=["perfect", "reversed", "constant"],
)
def test_areas_without_variance_have_stated_limits(
    score: np.ndarray, area: float, limits: tuple[float, float]
) -> None:
    found = turing.auc(TRUTH, score)
    assert found.estimate == area
    assert (found.low, found.high) == pytest.approx(limits)
    assert "10 disjoint pairs" in found.warnings[0]


@given(rated())
@settings(max_examples=60, deadline=None)
def test_swapping_labels_turns_the_area_over(case: tuple[np.ndarray, np.ndarray]) -> None:
    truth, score = case
    one, other = turing.auc(truth, score), turing.auc(1 - truth, score)
    assert one.estimate == pytest.approx(1 - other.estimate)
    assert (one.low, one.se) == pytest.approx((1 - other.high, other.se))


@given(rated(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_monotone_ratings_and_order_of_images_do_not_matter(case: tuple, random: object) -> None:
    truth, score = case
    order = np.random.default_rng(3).permutation(truth.size)
    plain, changed = turing.auc(truth, score), turing.auc(truth[order], np.exp(score[order]))
    assert (plain.estimate, plain.se, plain.p) == pytest.approx(
        (changed.estimate, changed.se, changed.p)
    )
    assert 0 <= plain.low <= plain.estimate <= plain.high <= 1


def test_area_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(2)
    score = rng.integers(0, 5, 22).astype(float)
    pairs = score[TRUTH == 1][:, None] - score[TRUTH == 0]
    assert turing.auc(TRUTH, score).estimate == pytest.approx((np.sign(pairs) + 1).mean() / 2)


def test_paired_comparison_is_antisymmetric_and_zero_with_itself() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 22)) + TRUTH
    one, other = turing.delong(TRUTH, a, b), turing.delong(TRUTH, b, a)
    assert one.estimate == pytest.approx(-other.estimate)
    assert one.p == pytest.approx(other.p)
    same = turing.delong(TRUTH, a, 2 * a)
    assert (same.estimate, same.statistic, same.p) == (0.0, 0.0, 1.0)
    n_pairs = min(TRUTH.sum(), (1 - TRUTH).sum())
    assert same.high == pytest.approx(1 - 0.025 ** (1 / n_pairs))
    assert same.low == -same.high


def test_a_perfect_and_a_constant_score_cannot_be_compared() -> None:
    with pytest.raises(InsufficientData, match="without any variance"):
        turing.delong(TRUTH, TRUTH, np.zeros(22))


def test_roc_curve_encloses_the_area() -> None:
    score = np.random.default_rng(8).integers(0, 5, 22)
    points = curve(TRUTH, score)
    area = np.trapezoid(points.true_positive, points.false_positive)
    assert area == pytest.approx(turing.auc(TRUTH, score).estimate)


def test_equivalence_limits_and_p_agree() -> None:
    for x in range(60, 141):
        found = turing.equivalence(x, 200)
        assert found.is_equivalent == (found.low > 0.4 and found.high < 0.6)


def test_twenty_eight_of_fifty_is_not_equivalent() -> None:
    assert turing.equivalence(28, 50).p_upper == pytest.approx(0.3299, abs=1e-4)


def test_equivalence_refuses_no_readings_and_wide_margins() -> None:
    with pytest.raises(InsufficientData):
        turing.equivalence(0, 0)
    with pytest.raises(ValueError, match="leaves"):
        turing.equivalence(5, 10, margin=0.5)


@pytest.mark.parametrize(
    ("p_difference", "p_equivalence", "state"),
    [
        (0.01, 0.20, "detectable"),
        (0.40, 0.01, "equivalent within margin"),
        (0.01, 0.01, "both"),
        (0.40, 0.40, "inconclusive"),
    ],
)
def test_verdict_has_four_states(p_difference: float, p_equivalence: float, state: str) -> None:
    near = turing.equivalence(104, 200)
    counts = {"n_images": 200, "n_readers": 1, "n_readings": 200}
    test = Tested(0.52, 0.45, 0.59, "test", statistic=1.0, p=p_difference, **counts)
    near = turing.Equivalence(**{**vars(near), "p": p_equivalence})
    assert turing.verdict(test, near).state == state


def test_verdict_names_a_reader_who_inverts_and_refuses_unlike_tests() -> None:
    low = turing.delong(TRUTH, np.random.default_rng(1).normal(size=22) - 2 * TRUTH)
    counts = {"n_images": 22, "n_readers": 1, "n_readings": 22}
    near = turing.Equivalence(
        estimate=low.estimate, low=0.0, high=0.4, method="t", statistic=0.0, p=0.9,
        constant=0.5, margin=0.1, alpha=0.05, p_lower=0.9, p_upper=0.0, **counts,
    )  # fmt: skip
    found = turing.verdict(low, near)
    assert found.state == turing.State.DETECTABLE
    assert "wrong way" in found.warnings[-1]
    with pytest.raises(ValueError, match="different estimates"):
        turing.verdict(low, turing.equivalence(11, 22))


def test_indices_over_readers_use_t_and_need_two() -> None:
    found = turing.over_readers([0.5, 1.0, 1.5], 40)
    assert (found.low, found.high) == pytest.approx((1 - 1.2421, 1 + 1.2421), abs=1e-4)
    with pytest.raises(InsufficientData, match="Invite"):
        turing.over_readers([0.5], 40)
