"""Power of a multi-reader study from a pilot's components."""

from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal

import numpy as np

from metrics.stats.intervals import check_alpha, check_number, is_whole
from metrics.stats.mrmc.components import VarianceComponents
from metrics.stats.mrmc.modality import Assumption
from metrics.stats.roc import Floats


@dataclass(frozen=True, kw_only=True)
class Power:
    """Hold the power of a planned study, with the quantities it rests on."""

    power: float
    effect: float
    n_readers: int
    n_cases: int
    alpha: float
    se: float
    df: float
    noncentrality: float
    method: str


@dataclass(frozen=True)
class _Spread:
    """Hold the expected MS(R), the covariance between readers, and the number of readers."""

    ms: float
    cov2: float
    readers: int

    @property
    def total(self) -> float:
        """Give readers times the variance of their mean."""
        return self.ms + self.readers * self.cov2

    def df(self, ms: Floats) -> Floats:
        """Give Hillis's degrees of freedom where the study finds `ms` for MS(R)."""
        return np.asarray((self.readers - 1) * ((ms + self.readers * self.cov2) / ms) ** 2)


def power(
    components: VarianceComponents,
    *,
    n_readers: int,
    n_cases: int,
    effect: float,
    pilot_cases: int,
    alpha: float = 0.05,
    assume: Assumption = "random_both",
) -> Power:
    """Give the power to detect a difference `effect` between two modalities.

    Error covariances shrink with cases as pilot_cases / n_cases, the reader components do not
    (Hillis, Obuchowski & Berbaum 2011): ncp = r effect^2 / 2 / (var_TR + k (var - cov1 + (r - 1)
    max(cov2 - cov3, 0))) on Hillis's df. A negative var_TR counts as 0. Needs >= 2 readers.
    """
    from scipy.stats import chi2, ncx2

    _check(n_readers, n_cases, pilot_cases)
    check_alpha(alpha)
    check_number(effect, "effect")
    k, r = pilot_cases / n_cases, n_readers
    between = max(components.cov2 - components.cov3, 0.0)
    reader = max(components.var_modality_reader, 0.0) if assume != "fixed_readers" else 0.0
    within = k * (components.var_error - components.cov1 - between)
    shared = 0.0 if assume == "fixed_cases" else k * r * between
    ms = max(reader + within, 0.0)
    total = ms + shared
    if not total > 0:
        raise ValueError("The components leave no variance; power needs a positive error.")
    ncp = r * effect**2 / (2 * total)
    if assume == "fixed_readers":
        df = inf
        value = float(ncx2.sf(chi2.isf(alpha, 1), 1, ncp)) if ncp > 0 else alpha
    else:
        df = (r - 1) * (total / ms) ** 2 if ms > 0 else 1e9
        value = noncentral_f(ncp, df, alpha)
    return Power(
        power=value,
        effect=effect,
        n_readers=r,
        n_cases=n_cases,
        alpha=alpha,
        se=sqrt(2 * total / r),
        df=df,
        noncentrality=ncp,
        method=f"Obuchowski-Rockette, two modalities, {assume}",
    )


def power_single(
    components: VarianceComponents,
    *,
    n_readers: int,
    n_cases: int,
    effect: float,
    pilot_cases: int,
    margin: float | None = None,
    alpha: float = 0.05,
) -> Power:
    """Give the power of the single-modality test against a constant, or of equivalence to it.

    effect: true mean minus the constant. Without margin: two-sided t test. With margin: two
    one-sided tests of |mean - constant| < margin. Both are integrated over the MS(R) that the
    study may find, a chi-square on readers - 1 df apart from the mean, with the error and degrees
    of freedom that follow from it; without an effect this is the size of the test, a little above
    alpha below 5 readers. The components are those of a one-modality pilot (var_reader with
    modality x reader in it). Raises ValueError for impossible counts, alpha or margin and for
    components without variance. Sources: Hillis 2007, Stat Med 26:596; Hillis, Obuchowski &
    Berbaum 2011, Acad Radiol 18:129.
    """
    _check(n_readers, n_cases, pilot_cases)
    check_alpha(alpha)
    check_number(effect, "effect")
    if margin is not None and not check_number(margin, "margin") > 0:
        raise ValueError(f"margin is {margin}; it must lie above 0, for example 0.1.")
    k = pilot_cases / n_cases
    cov2 = max(components.cov2, 0.0)
    reader = max(components.var_reader + components.var_modality_reader, 0.0)
    ms = max(reader + k * (components.var_error - cov2), 0.0)
    spread = _Spread(ms, k * cov2, n_readers)
    if not spread.total > 0:
        raise ValueError("The components leave no variance; power needs a positive error.")
    kind: Literal["difference", "equivalence"] = "difference" if margin is None else "equivalence"
    se = sqrt(spread.total / n_readers)
    return Power(
        power=_single(effect, margin, spread, alpha),
        effect=effect,
        n_readers=n_readers,
        n_cases=n_cases,
        alpha=alpha,
        se=se,
        df=float(spread.df(np.array(ms))) if ms > 0 else inf,
        noncentrality=effect / se,
        method=f"single-modality Obuchowski-Rockette, {kind}, random readers and cases",
    )


def noncentral_f(noncentrality: float, df: float, alpha: float) -> float:
    """Give the chance that F on (1, df) exceeds its alpha quantile; alpha without an effect.

    scipy's noncentral F is wrong at and next to a noncentrality of 0, where power is alpha.
    """
    from scipy.stats import f, ncf

    if noncentrality < 1e-8:
        return alpha
    return float(ncf.sf(f.isf(alpha, 1, df), 1, df, noncentrality))


def _single(effect: float, margin: float | None, spread: _Spread, alpha: float) -> float:
    """Average P(reject | MS(R)) over midpoints of 2,000 equally probable cells: four digits."""
    from scipy.stats import chi2, norm, t

    shares = (np.arange(2000) + 0.5) / 2000
    freedom = spread.readers - 1
    ms = np.maximum(spread.ms * chi2.ppf(shares, freedom) / freedom, 1e-12 * spread.total)
    found = np.sqrt((ms + spread.readers * spread.cov2) / spread.readers)
    true = sqrt(spread.total / spread.readers)
    tail = alpha / 2 if margin is None else alpha
    reach = t.isf(tail, np.minimum(spread.df(ms), 1e9)) * found
    if margin is None:
        value = norm.sf((reach - effect) / true) + norm.cdf((-reach - effect) / true)
    else:
        high, low = margin - effect - reach, reach - margin - effect
        value = np.clip(norm.cdf(high / true) - norm.cdf(low / true), 0, None)
    return float(value.mean())


def _check(n_readers: int, n_cases: int, pilot_cases: int) -> None:
    if not (is_whole(n_readers, 2) and is_whole(n_cases, 2) and pilot_cases >= 2):
        raise ValueError(
            f"{n_readers} readers, {n_cases} cases, pilot of {pilot_cases} cases: power over "
            f"readers needs at least 2 of each."
        )
