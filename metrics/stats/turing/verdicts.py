"""Equivalence to a constant, and the four things that may be said about it."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf, sqrt

from metrics.stats.intervals import check_alpha, check_number
from metrics.stats.proportions.binomial import check_counts
from metrics.stats.result import THIS_READER, Estimate, Test


@dataclass(frozen=True, kw_only=True)
class Equivalence(Test):
    """Hold two one-sided tests of |estimate - constant| < margin; p is the larger of the two.

    low and high are the 1 - 2 alpha limits: within the margin exactly when both tests reject.
    """

    constant: float
    margin: float
    alpha: float
    p_lower: float
    p_upper: float
    se: float = 0.0
    df: float = inf

    @property
    def is_equivalent(self) -> bool:
        """Say whether both one-sided tests reject at alpha."""
        return self.p < self.alpha


class State(StrEnum):
    """Name what the data allow to be said."""

    DETECTABLE = "detectable"
    EQUIVALENT = "equivalent within margin"
    BOTH = "both"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Verdict(Estimate):
    """Hold the four-state verdict with the two p-values that decide it and a sentence."""

    state: State
    constant: float
    margin: float
    alpha: float
    p_difference: float
    p_equivalence: float
    sentence: str


def equivalence(
    x: int, n: int, margin: float = 0.10, *, constant: float = 0.5, alpha: float = 0.05
) -> Equivalence:
    """Test by two exact one-sided binomial tests whether a rate lies within constant +- margin.

    One reader, independent images. p_lower: P(X >= x | constant - margin); p_upper: P(X <= x |
    constant + margin); p is the larger. Limits are Clopper-Pearson at 1 - 2 alpha.
    Raises InsufficientData when n is 0, ValueError when the margin leaves (0, 1).
    Source: Schuirmann 1987, J Pharmacokinet Biopharm 15:657.
    """
    from scipy.stats import binom, binomtest

    x, n = check_counts(x, n)
    check_alpha(alpha)
    check_number(margin, "margin")
    check_number(constant, "constant")
    lower, upper = constant - margin, constant + margin
    if not (margin > 0 and lower > 0 and upper < 1):
        raise ValueError(f"Margin {margin} around {constant} leaves (0, 1); choose a smaller one.")
    p_lower, p_upper = float(binom.sf(x - 1, n, lower)), float(binom.cdf(x, n, upper))
    limits = binomtest(x, n).proportion_ci(1 - 2 * alpha, method="exact")
    return Equivalence(
        estimate=x / n,
        low=float(limits.low),
        high=float(limits.high),
        method="exact binomial TOST",
        statistic=float(x),
        p=max(p_lower, p_upper),
        constant=constant,
        margin=margin,
        alpha=alpha,
        p_lower=p_lower,
        p_upper=p_upper,
        se=sqrt(x / n * (1 - x / n) / n),
        n_images=n,
        n_readers=1,
        n_readings=n,
        estimand=THIS_READER,
    )


_STATES = {
    (True, True): State.BOTH,
    (True, False): State.DETECTABLE,
    (False, True): State.EQUIVALENT,
    (False, False): State.INCONCLUSIVE,
}
_SAYS = {
    State.DETECTABLE: "differs from {c:g} and is not shown to lie within {m:g} of it",
    State.EQUIVALENT: "lies within {m:g} of {c:g} and is not shown to differ from it",
    State.BOTH: "differs from {c:g}, yet lies within {m:g} of it",
    State.INCONCLUSIVE: "is neither shown to differ from {c:g} nor to lie within {m:g} of it",
}


def verdict(
    difference: Test,
    equivalent: Equivalence,
    *,
    alpha: float = 0.05,
    detect_alpha: float | None = None,
) -> Verdict:
    """Combine the test against the constant with the equivalence test into one of four states.

    difference: the two-sided test against the constant (binomial, DeLong or multi-reader);
    equivalent: the two one-sided tests from the margin frozen in the plan. Below the constant
    counts as detectable too: a reader who inverts does see the difference. `detect_alpha` is the
    level of the two-sided test alone, where looks before the end have spent some of alpha.
    Raises ValueError when the two tests are not of the same estimate.
    Source: Lakens 2017, Soc Psychol Pers Sci 8:355.
    """
    if not (isinstance(difference, Test) and isinstance(equivalent, Equivalence)):
        raise ValueError(
            f"verdict was given a {type(difference).__name__} and a {type(equivalent).__name__}; "
            f"it combines a test such as binomial_test() with the result of equivalence()."
        )
    if abs(difference.estimate - equivalent.estimate) > 1e-9:
        raise ValueError(
            f"The tests are of different estimates, {difference.estimate:g} and "
            f"{equivalent.estimate:g}: give both tests of one analysis."
        )
    detected = difference.p < (alpha if detect_alpha is None else detect_alpha)
    within = equivalent.p < alpha
    state = _STATES[detected, within]
    warnings = difference.warnings
    if detected and difference.estimate < equivalent.constant:
        warnings += ("below the constant: readers see a difference and name it the wrong way",)
    says = _SAYS[state].format(c=equivalent.constant, m=equivalent.margin)
    return Verdict(
        estimate=difference.estimate,
        low=difference.low,
        high=difference.high,
        method=f"{difference.method}; {equivalent.method}",
        state=state,
        constant=equivalent.constant,
        margin=equivalent.margin,
        alpha=alpha,
        p_difference=difference.p,
        p_equivalence=equivalent.p,
        sentence=f"The estimate {difference.estimate:.3f} {says} ({difference.estimand}).",
        n_images=difference.n_images,
        n_readers=difference.n_readers,
        n_readings=difference.n_readings,
        n_missing=difference.n_missing,
        estimand=difference.estimand,
        warnings=warnings,
    )
