"""Planning: the tables that the planner page shows, recomputed."""

import math

import numpy as np
import pytest

from metrics.stats import planning, turing


def test_chance_to_miss_a_reader_at_sixty_percent() -> None:
    missed = [1 - planning.binomial_power(n, 0.60) for n in (20, 50, 100, 200, 400)]
    np.testing.assert_allclose(missed, [0.87, 0.76, 0.54, 0.21, 0.02], atol=0.005)


def test_chance_to_show_equivalence_at_true_chance() -> None:
    shown = [planning.equivalence_power(n) for n in (50, 100, 200, 300, 400)]
    np.testing.assert_allclose(shown, [0, 0.24, 0.77, 0.93, 0.98], atol=0.005)


def test_equivalence_power_counts_what_the_test_accepts() -> None:
    n = 120
    passes = [turing.equivalence(x, n).is_equivalent for x in range(n + 1)]
    from scipy.stats import binom

    expected = binom.pmf(np.flatnonzero(passes), n, 0.52).sum()
    assert planning.equivalence_power(n, 0.52) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("n", "needs", "passes"),
    [(30, 28, 0.41), (50, 45, 0.62), (100, 87, 0.88), (200, 170, 0.99), (300, 252, 1.0)],
)
def test_eighty_percent_rule_with_exact_bound(n: int, needs: int, passes: float) -> None:
    rule = planning.acceptance_rule(n, 0.90)
    assert rule.bound_needs == needs
    assert rule.bound_passes == pytest.approx(passes, abs=0.005)
    from scipy.stats import binomtest

    lower = [
        binomtest(k, n, alternative="greater").proportion_ci(0.95).low for k in (needs - 1, needs)
    ]
    assert lower[0] <= 0.80 < lower[1]


def test_point_rule_passes_below_its_own_target() -> None:
    assert planning.acceptance_rule(100, 0.80).point_passes == pytest.approx(0.56, abs=0.005)
    assert planning.acceptance_rule(100, 0.75).point_passes == pytest.approx(0.15, abs=0.005)
    assert planning.acceptance_rule(30).point_needs == 24
    assert planning.acceptance_rule(10).bound_needs == 11  # no count of 10 is enough


def test_sizes_keep_their_power_and_less_does_not() -> None:
    for size, power in (
        (planning.equivalence_size(), planning.equivalence_power),
        (planning.binomial_size(0.6), lambda n: planning.binomial_power(n, 0.6)),
    ):
        assert all(power(size.n + k) >= 0.8 for k in range(20))
        assert min(power(size.n - 1 + k) for k in range(20)) < 0.8


def test_seed_design_is_underpowered() -> None:
    assert planning.two_proportions_power(0.50, 0.60, 100) == pytest.approx(0.29, abs=0.005)
    size = planning.two_proportions_size(0.488, 0.60)
    assert size.n == 310
    assert size.power >= 0.80


def test_wilson_half_width() -> None:
    size = planning.precision_size(0.5, 0.1)
    from scipy.stats import binomtest

    limits = binomtest(size.n // 2, size.n).proportion_ci(method="wilson")
    assert (limits.high - limits.low) / 2 == pytest.approx(0.1, abs=0.002)


def test_latent_components_agree_with_simulation() -> None:
    parts = planning.latent_components(
        "auc", 0.7, n_positive=8, n_negative=6, reader_variance=0.1, case_correlation=0.8
    )
    rng = np.random.default_rng(1)
    n, truth = 20_000, np.repeat([1, 0], [8, 6])
    shift = np.sqrt(2 * 1.1) * 0.5244005127080409  # z(.7)
    case = rng.normal(size=(n, 1, 14)) * np.sqrt(0.8)
    reader = (rng.normal(size=(n, 2, 2)) * np.sqrt(0.1))[:, :, truth]
    latent = case + reader + rng.normal(size=(n, 2, 14)) * np.sqrt(0.2) + shift * truth
    areas = (latent[:, :, :8, None] > latent[:, :, None, 8:]).mean(axis=(2, 3))
    assert areas.mean() == pytest.approx(0.7, abs=0.003)
    assert areas.var() == pytest.approx(parts.var_reader + parts.var_error, rel=0.03)
    assert np.cov(areas.T)[0, 1] == pytest.approx(parts.cov2, rel=0.05)


@pytest.mark.parametrize(
    ("metric", "mean", "readers", "n", "reader_variance", "margin", "simulated"),
    [
        ("auc", 0.60, 2, 50, 0.02, None, 0.310),
        ("auc", 0.65, 3, 50, 0.10, None, 0.334),
        ("rate", 0.60, 3, 60, 0.02, None, 0.346),
        ("auc", 0.50, 3, 100, 0.02, None, 0.065),
        ("auc", 0.50, 3, 50, 0.02, 0.1, 0.211),
        ("rate", 0.50, 3, 100, 0.02, 0.1, 0.303),
        ("auc", 0.50, 8, 100, 0.02, 0.1, 0.837),
    ],
)
def test_turing_power_is_that_of_simulated_studies(
    metric: str,
    mean: float,
    readers: int,
    n: int,
    reader_variance: float,
    margin: float | None,
    simulated: float,
) -> None:
    # 4,000 studies of the latent normal model, unbiased covariances; standard error below .008.
    plan = planning.turing_power(
        metric,  # type: ignore[arg-type]
        mean,
        n_readers=readers,
        n_positive=n,
        n_negative=n if metric == "auc" else 0,
        reader_variance=reader_variance,
        margin=margin,
    )
    assert plan.power == pytest.approx(simulated, abs=0.02)


def test_turing_power_grows_and_equivalence_needs_many_readers() -> None:
    shown = [
        planning.turing_power("auc", 0.5, n_readers=r, n_positive=n, n_negative=n, margin=0.1).power
        for r, n in ((3, 50), (3, 100), (5, 100), (8, 100), (10, 150))
    ]
    assert (np.diff(shown) > 0).all()
    assert shown[0] < 0.3
    assert shown[-1] > 0.9


@pytest.mark.parametrize(
    "call",
    [
        lambda: planning.two_proportions_size(0.5, 0.5),
        lambda: planning.equivalence_size(0.65),
        lambda: planning.acceptance_size(0.75),
        lambda: planning.binomial_size(0.5),
        lambda: planning.precision_size(0.5, 0.6),
        lambda: planning.two_proportions_power(0.0, 0.5, 10),
        lambda: planning.turing_power("auc", 0.6, n_readers=1, n_positive=20, n_negative=20),
        lambda: planning.turing_power(
            "auc", 0.5, n_readers=3, n_positive=20, n_negative=20, margin=-0.1
        ),
        lambda: planning.turing_power(
            "area",  # type: ignore[arg-type]
            0.5,
            n_readers=3,
            n_positive=20,
            n_negative=20,
        ),
        *(
            lambda n=n, name=name: planning.turing_power(
                "auc", 0.6, **{"n_readers": 3, "n_positive": 20, "n_negative": 20, name: n}
            )
            for n in (math.nan, math.inf, 2.5, "3", None)
            for name in ("n_readers", "n_positive", "n_negative")
        ),
        *(
            lambda n=n, plan=plan: plan(n)
            for n in (math.nan, math.inf, 2.5, "3", None, 0)
            for plan in (
                lambda n: planning.two_proportions_power(0.4, 0.6, n),
                lambda n: planning.binomial_power(n, 0.6),
                planning.equivalence_power,
                planning.acceptance_rule,
            )
        ),
        *(
            lambda rate=rate, plan=plan: plan(rate)
            for rate in (math.nan, "half", None, 2)
            for plan in (
                planning.binomial_size,
                planning.equivalence_size,
                planning.acceptance_size,
                lambda rate: planning.precision_size(0.5, rate),
            )
        ),
    ],
)
def test_impossible_plans_are_refused(call: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        call()  # type: ignore[operator]
