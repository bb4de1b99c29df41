"""Comparisons: symmetry, laws over strata, ends and refusals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.contingency_tables import mcnemar as library_mcnemar

from metrics.errors import InsufficientData
from metrics.stats.comparison import (
    adjust,
    binomial_test,
    cmh,
    difference,
    mcnemar,
    mover,
    paired_difference,
    risk_difference_mh,
)
from metrics.stats.proportions import clustered_rate, interval

CELLS = st.integers(0, 15)
TABLES = st.lists(
    st.tuples(st.tuples(CELLS, CELLS), st.tuples(CELLS, CELLS)), min_size=1, max_size=5
).filter(lambda tables: _informs(np.array(tables)))


def _informs(tables: np.ndarray) -> bool:
    return bool(((tables.sum(1) > 0).all(1) & (tables.sum(2) > 0).all(1)).any())


@pytest.mark.parametrize("method", ["newcombe", "agresti-caffo"])
@given(n1=st.integers(1, 60), n2=st.integers(1, 60), s1=st.floats(0, 1), s2=st.floats(0, 1))
@settings(max_examples=60)
def test_difference_turns_its_sign_with_the_arms(
    method: str, n1: int, n2: int, s1: float, s2: float
) -> None:
    x1, x2 = round(s1 * n1), round(s2 * n2)
    found, turned = difference(x1, n1, x2, n2, method), difference(x2, n2, x1, n1, method)
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low))
    assert found.p == pytest.approx(turned.p)
    assert 0 <= found.p <= 1


def test_score_statistic_squares_to_pearsons_chi_square() -> None:
    found = difference(56, 70, 48, 80)
    library = chi2_contingency([[56, 14], [48, 32]], correction=False)
    assert found.statistic**2 == pytest.approx(library.statistic)
    assert found.p_score == pytest.approx(library.pvalue)


def test_equal_certainty_is_no_difference() -> None:
    found = difference(5, 5, 7, 7)
    assert (found.estimate, found.statistic, found.p, found.p_score) == (0, 0, 1, 1)
    assert found.low < 0 < found.high


@given(TABLES)
def test_cmh_turns_with_the_arms_and_ignores_the_order_of_strata(tables: list) -> None:
    counts = np.array(tables)
    found, turned, reversed_ = cmh(counts), cmh(counts[:, ::-1]), cmh(counts[::-1])
    assert found.low <= found.estimate <= found.high
    assert found.statistic == pytest.approx(turned.statistic, abs=1e-9)
    assert found.statistic == pytest.approx(reversed_.statistic, abs=1e-9)
    if 0 < found.estimate < math.inf:
        assert found.estimate == pytest.approx(1 / turned.estimate)
        assert found.low == pytest.approx(1 / turned.high)


@given(TABLES)
def test_cmh_ignores_strata_that_do_not_inform(tables: list) -> None:
    found, more = cmh(tables), cmh([*tables, [[4, 0], [9, 0]]])
    assert (found.statistic, found.low) == pytest.approx((more.statistic, more.low))
    assert any("do not inform" in warning for warning in more.warnings)


def test_cmh_equals_statsmodels() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        tables = rng.integers(1, 30, (4, 2, 2))
        library = StratifiedTable(tables.transpose(1, 2, 0).astype(float))
        equal_odds = library.test_equal_odds(adjust=True)
        found = cmh(tables)
        assert found.statistic == pytest.approx(library.test_null_odds().statistic)
        assert (found.low, found.high) == pytest.approx(library.oddsratio_pooled_confint())
        assert found.homogeneity == pytest.approx(equal_odds.statistic, abs=1e-8)


def test_homogeneity_is_defined_at_an_odds_ratio_of_one() -> None:
    """The usual root divides by 1 - ratio; these tables have ratio 1."""
    found = cmh([[[5, 5], [5, 5]], [[3, 3], [4, 4]]])
    assert found.estimate == 1
    assert found.homogeneity == pytest.approx(0)


def test_separation_gives_the_exact_limit() -> None:
    """R 4.2.2 fisher.test: (0.5726992, Inf) and (0, 1.7461237)."""
    assert cmh([[[5, 0], [3, 4]]]).low == pytest.approx(0.5726992, abs=1e-5)
    assert cmh([[[5, 0], [3, 4]]]).high == math.inf
    assert cmh([[[0, 5], [4, 3]]]).high == pytest.approx(1.7461237, abs=1e-5)


@pytest.mark.parametrize("tables", [[[[5, 0], [7, 0]]], [[[0, 0], [3, 4]]], [[[0, 0], [0, 0]]]])
def test_cmh_refuses_tables_without_contrast(tables: list) -> None:
    with pytest.raises(InsufficientData, match="None of 1 strata"):
        cmh(tables)


@pytest.mark.parametrize(
    "tables", [[[1, 2], [3, 4]], [[[0.5, 1], [1, 1]]], [[[-1, 1], [1, 1]]], []]
)
def test_tables_of_another_shape_are_refused(tables: list) -> None:
    with pytest.raises(ValueError, match="tables"):
        cmh(tables)


@given(TABLES)
def test_risk_difference_is_bounded_and_turns(tables: list) -> None:
    counts = np.array(tables)
    found, turned = risk_difference_mh(counts), risk_difference_mh(counts[:, ::-1])
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert found.estimate == pytest.approx(-turned.estimate, abs=1e-12)
    assert found.low == pytest.approx(-turned.high, abs=1e-9)


def test_risk_difference_without_spread_does_not_collapse() -> None:
    found = risk_difference_mh([[[10, 0], [0, 10]]])
    assert found.estimate == 1
    assert 0.5 < found.low < 0.7
    assert found.p < 1e-4


def test_risk_difference_of_one_stratum_is_the_wald_difference() -> None:
    found = risk_difference_mh([[[30, 20], [20, 30]]])
    half = 1.959964 * math.sqrt(2 * 0.6 * 0.4 / 50)
    assert (found.low, found.high) == pytest.approx((0.2 - half, 0.2 + half), abs=1e-6)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
    st.sampled_from(["holm", "bh", "bonferroni"]),
)
def test_adjusted_p_values_grow_and_keep_their_order(p_values: list[float], method: str) -> None:
    adjusted = adjust(p_values, method)
    order = np.argsort(p_values)
    assert np.all(adjusted >= np.array(p_values) - 1e-12)
    assert np.all(adjusted <= 1)
    assert np.all(np.diff(adjusted[order]) >= -1e-12)
    assert np.all(adjust(p_values, "bh") <= adjust(p_values, "holm") + 1e-12)


def test_adjust_refuses_missing_p_values() -> None:
    with pytest.raises(ValueError, match="missing or outside"):
        adjust([0.1, float("nan")])
    assert adjust([]).size == 0


def test_binomial_test_at_chance_and_at_the_ends() -> None:
    assert binomial_test(104, 200, 0.5).p == pytest.approx(0.6208, abs=1e-4)
    assert binomial_test(0, 20, 0.0).p == 1
    assert binomial_test(1, 20, 0.0).p == 0
    with pytest.raises(ValueError, match="p0 is 50"):
        binomial_test(1, 2, 50)
    with pytest.raises(InsufficientData):
        binomial_test(0, 0, 0.5)


@given(st.tuples(CELLS, CELLS, CELLS, CELLS).filter(any))
def test_paired_difference_turns_with_the_judgements(cells: tuple) -> None:
    table = np.array(cells).reshape(2, 2)
    found, turned = paired_difference(table), paired_difference(table.T)
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert found.low == pytest.approx(-turned.high)
    assert mcnemar(table).p == pytest.approx(mcnemar(table.T).p)


def test_mcnemar_without_discordant_pairs_says_so() -> None:
    found = mcnemar([[9, 0], [0, 3]], "asymptotic", continuity=True)
    assert (found.statistic, found.p, found.estimate) == (0, 1, 0)
    assert found.warnings == ("no discordant pair",)


@pytest.mark.parametrize("continuity", [False, True])
def test_mcnemar_equals_statsmodels(continuity: bool) -> None:
    for table in np.random.default_rng(1).integers(0, 30, (20, 2, 2)):
        for method in ("exact", "asymptotic"):
            library = library_mcnemar(table, method == "exact", continuity)
            found = mcnemar(table, method, continuity=continuity)
            assert (found.statistic, found.p) == pytest.approx((library.statistic, library.pvalue))


def test_mcnemar_correction_never_invents_a_difference() -> None:
    assert mcnemar([[9, 4], [4, 3]], "asymptotic", continuity=True).statistic == 0


def test_pairs_are_needed() -> None:
    with pytest.raises(InsufficientData, match="0 pairs"):
        mcnemar([[0, 0], [0, 0]])
    with pytest.raises(ValueError, match="2 x 2"):
        paired_difference([[1, 2, 3]])
    with pytest.raises(ValueError, match="unknown"):
        mcnemar([[1, 1], [1, 1]], "mid-p")


def test_a_difference_from_wilson_limits_is_newcombes() -> None:
    found = mover(interval(56, 70), interval(48, 80))
    newcombe = difference(56, 70, 48, 80)
    assert (found.low, found.high) == pytest.approx((newcombe.low, newcombe.high), abs=1e-12)
    assert found.p == pytest.approx(newcombe.p_score, rel=0.05)  # two approximations of one p


def test_the_p_of_limits_is_where_they_meet_zero() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(15), 4)
    for rate in (0.3, 0.5, 0.6, 0.9):
        first = clustered_rate(rng.random(60) < rate, labels, "cr2")
        found = mover(first, clustered_rate(rng.random(60) < 0.5, labels, "cr2"))
        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)
        assert np.sign(found.statistic) == np.sign(found.estimate)


def test_a_difference_without_any_spread_keeps_a_width_and_a_p() -> None:
    labels = np.repeat(np.arange(5), 2)
    none, every = (clustered_rate(np.full(10, value), labels) for value in (0, 1))
    found = mover(every, none)
    assert found.low < 1
    assert 0 < found.p < 0.05
    assert mover(none, none).p == 1.0
