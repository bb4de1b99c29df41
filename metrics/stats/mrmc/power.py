"""Power of a multi-reader study from a pilot's components."""

from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal

from metrics.stats.intervals import check_alpha
from metrics.stats.mrmc.components import VarianceComponents
from metrics.stats.mrmc.modality import Assumption


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
class _Error:
    variance: float  # of the contrast, squared units of the metric
    df: float


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
    k, r = pilot_cases / n_cases, n_readers
    between = max(components.cov2 - components.cov3, 0.0)
    reader = max(components.var_modality_reader, 0.0) if assume != "fixed_readers" else 0.0
    within = k * (components.var_error - components.cov1 - between)
    shared = 0.0 if assume == "fixed_cases" else k * r * between
    ms = max(reader + within, 0.0)
    total = ms + shared
    if total <= 0:
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
    one-sided tests of |mean - constant| < margin, integrated over the estimated error. The
    components are those of a one-modality pilot (var_reader with modality x reader in it).
    """
    _check(n_readers, n_cases, pilot_cases)
    check_alpha(alpha)
    k, r = pilot_cases / n_cases, n_readers
    shared = k * max(components.cov2, 0.0)
    reader = components.var_reader + components.var_modality_reader
    ms = max(max(reader, 0.0) + k * (components.var_error - max(components.cov2, 0.0)), 0.0)
    total = ms + r * shared
    if total <= 0:
        raise ValueError("The components leave no variance; power needs a positive error.")
    error = _Error(total / r, (r - 1) * (total / ms) ** 2 if ms > 0 else 1e9)
    value = (
        _detect(effect, error, alpha) if margin is None else _accept(effect, margin, error, alpha)
    )
    kind: Literal["difference", "equivalence"] = "difference" if margin is None else "equivalence"
    return Power(
        power=value,
        effect=effect,
        n_readers=r,
        n_cases=n_cases,
        alpha=alpha,
        se=sqrt(error.variance),
        df=error.df,
        noncentrality=effect / sqrt(error.variance),
        method=f"single-modality Obuchowski-Rockette, {kind}, random readers and cases",
    )


def _detect(effect: float, error: _Error, alpha: float) -> float:
    return noncentral_f(effect**2 / error.variance, error.df, alpha)


def noncentral_f(noncentrality: float, df: float, alpha: float) -> float:
    """Give the chance that F on (1, df) exceeds its alpha quantile; alpha without an effect.

    scipy's noncentral F is wrong at and next to a noncentrality of 0, where power is alpha.
    """
    from scipy.stats import f, ncf

    if noncentrality < 1e-8:
        return alpha
    return float(ncf.sf(f.isf(alpha, 1, df), 1, df, noncentrality))


def _accept(effect: float, margin: float, error: _Error, alpha: float) -> float:
    """Integrate P(both one-sided tests reject | estimated error) over chi-square(df) / df."""
    import numpy as np
    from scipy.stats import chi2, norm, t

    se = sqrt(error.variance)
    critical = float(t.isf(alpha, error.df))
    # Midpoints of equal-probability cells: 2,000 give four digits, and no tail is cut off.
    ratio = np.sqrt(chi2.ppf((np.arange(2000) + 0.5) / 2000, error.df) / error.df)
    high = (margin - effect) / se - critical * ratio
    low = (-margin - effect) / se + critical * ratio
    return float(np.clip(norm.cdf(high) - norm.cdf(low), 0, None).mean())


def _check(n_readers: int, n_cases: int, pilot_cases: int) -> None:
    if n_readers < 2 or n_cases < 2 or pilot_cases < 2:
        raise ValueError(
            f"{n_readers} readers, {n_cases} cases, pilot of {pilot_cases} cases: power over "
            f"readers needs at least 2 of each."
        )
