"""Group-sequential bounds and the e-value: published constants, exact error rates, laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.errors import InsufficientData
from metrics.stats import sequential


@pytest.mark.parametrize(
    ("looks", "pocock", "obrien_fleming"),
    [(1, 1.960, 1.960), (2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024), (5, 2.413, 2.040)],
)
def test_published_constants(looks: int, pocock: float, obrien_fleming: float) -> None:
    # Jennison & Turnbull 2000, tables 2.1 and 2.3, two-sided .05
    assert sequential.pocock(looks).constant == pytest.approx(pocock, abs=6e-4)
    found = sequential.obrien_fleming(looks)
    assert found.constant == pytest.approx(obrien_fleming, abs=6e-4)
    assert found.bounds[0] == pytest.approx(found.constant * np.sqrt(looks))


def test_five_naive_looks_reject_chance_in_fourteen_percent() -> None:
    times = np.arange(1, 6) / 5
    spent = sequential.crossing(np.full(5, 1.959964), times)
    assert spent[-1] == pytest.approx(0.142, abs=5e-4)


def test_bounds_spend_alpha_for_unequal_looks() -> None:
    for boundaries in (sequential.pocock, sequential.obrien_fleming):
        found = boundaries(3, 0.01, fractions=[0.2, 0.7, 1.0])
        assert found.spent[-1] == pytest.approx(0.01, abs=1e-9)
        assert (np.diff(found.spent) > 0).all()


def test_spending_agrees_with_simulation() -> None:
    found = sequential.obrien_fleming(4, 0.10)
    steps = np.random.default_rng(6).normal(size=(200_000, 4)).cumsum(axis=1)
    z = np.abs(steps) / np.sqrt(np.arange(1, 5))
    crossed = np.maximum.accumulate(z >= found.bounds, axis=1).mean(axis=0)
    np.testing.assert_allclose(crossed, found.spent, atol=0.002)


def test_malformed_looks_are_refused() -> None:
    with pytest.raises(ValueError, match="0 looks"):
        sequential.pocock(0)
    with pytest.raises(ValueError, match="rising"):
        sequential.pocock(2, fractions=[0.6, 0.5])


def test_an_e_value_keeps_its_error_at_every_image() -> None:
    rng = np.random.default_rng(7)
    calls = rng.random((4000, 200)) < 0.5
    k, n = calls.cumsum(axis=1), np.arange(1, 201)
    reject = {
        (int(i), int(j)): sequential.e_value(int(i), int(j)).rejects
        for j in n
        for i in np.unique(k[:, j - 1])
        if abs(i - j / 2) > np.sqrt(j)  # nearer counts cannot reject
    }
    ever = [
        any(reject.get((a, b), False) for a, b in zip(row, n, strict=True)) for row in k.tolist()
    ]
    assert np.mean(ever) < 0.05


@given(st.integers(1, 300), st.data())
@settings(max_examples=60, deadline=None)
def test_interval_holds_what_is_not_rejected(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    found = sequential.e_value(k, n)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.rejects == (not found.low < 0.5 < found.high)
    mirrored = sequential.e_value(n - k, n)
    assert mirrored.log_e == pytest.approx(found.log_e, abs=1e-9)


def test_huge_evidence_stays_finite_and_no_calls_are_refused() -> None:
    found = sequential.e_value(5000, 5000)
    assert np.isfinite(found.e)
    assert found.p_anytime == 0.0 or found.p_anytime < 1e-300
    with pytest.raises(InsufficientData, match="0 readings"):
        sequential.e_value(0, 0)


@pytest.mark.parametrize("prior", [(0, 1), (1,), (1, 1, 1), (math.inf, 1), (math.nan, 1)])
def test_a_prior_that_is_no_beta_law_is_refused(prior: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="a positive prior"):
        sequential.e_value(5, 10, prior=prior)  # type: ignore[arg-type]


@pytest.mark.parametrize("constant", ["half", None, math.nan, 0, 1])
def test_a_constant_outside_0_and_1_is_refused(constant: float) -> None:
    with pytest.raises(ValueError, match="constant"):
        sequential.e_value(5, 10, constant)
