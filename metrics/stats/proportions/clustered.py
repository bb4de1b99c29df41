"""A rate of images that come in clusters: one seed, prompt, batch or patient each."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData
from metrics.stats.intervals import critical, logit_interval
from metrics.stats.proportions.binomial import Limits, exact_limits
from metrics.stats.readings import binary, label_codes
from metrics.stats.result import THIS_READER, Estimate

FEW_CLUSTERS = 40
ROUNDING = 1e-12  # residual sums are multiples of 1 / n; anything smaller is rounding
METHODS = ("logit-t", "korn-graubard", "cr2")


@dataclass(frozen=True, kw_only=True)
class ClusteredRate(Estimate):
    """Hold a rate of clustered images: `se` on the rate scale, `se_logit` on the logit scale.

    `design_effect` is the variance over that of independent images, `n_effective` the number
    of independent images of the same worth; both are those of independence at a rate of 0 or 1.
    """

    se: float
    se_logit: float
    df: float
    design_effect: float
    n_effective: float
    n_clusters: int


def clustered_rate(
    values: ArrayLike, clusters: ArrayLike, method: str = "logit-t", *, level: float = 0.95
) -> ClusteredRate:
    """Return the rate of `values` (0, 1 or missing) that lie in `clusters` (a label each).

    With e_g the sum of residuals in cluster g of G, SE^2 = G / (G - 1) sum e_g^2 / n^2 (Taylor,
    CR1) and df = G - 1. `method`: logit-t (t limits on the logit scale), korn-graubard (exact
    limits at the effective n, which is cut at n) or cr2 (each e_g^2 over 1 - n_g / n, with
    Satterthwaite's df, on the logit scale; the safer one below 40 clusters). Without spread
    between clusters the limits are Clopper-Pearson's for the number of clusters.
    Raises InsufficientData for fewer than 2 clusters; ValueError for an unknown method, values
    other than 0 and 1 or missing labels.
    Sources: Korn & Graubard 1998, Surv Methodol 24:193; Bell & McCaffrey 2002, Surv Methodol
    28:169; Pustejovsky & Tipton 2018, JBES 36:672.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r} is unknown; choose one of {', '.join(METHODS)}.")
    every = binary(values)
    seen = ~np.isnan(every)
    y = every[seen]
    groups = np.unique(label_codes(clusters, len(every))[seen], return_inverse=True)[1]
    sizes = np.bincount(groups).astype(float)
    if len(sizes) < 2:
        raise InsufficientData(
            f"{len(y)} readings lie in {len(sizes)} clusters; the spread between clusters needs "
            f"at least 2. Use interval() if the images are independent."
        )
    rate = float(y.mean())
    residuals = np.bincount(groups, weights=y - rate).astype(float)
    se, df = _cr2(residuals, sizes) if method == "cr2" else _cr1(residuals, sizes)
    se = 0.0 if se < ROUNDING else se
    low, high, notes = _limits(rate, (se, df), sizes, method, level)
    independent = rate * (1 - rate) / len(y)
    effect = se**2 / independent if se > 0 else 1.0
    return ClusteredRate(
        estimate=rate,
        low=low,
        high=high,
        method=f"{method} {level:.4g}, {len(sizes)} clusters",
        n_images=len(y),
        n_readers=1,
        n_readings=len(y),
        n_missing=int((~seen).sum()),
        estimand=THIS_READER,
        warnings=notes,
        se=se,
        se_logit=se / (rate * (1 - rate)) if se > 0 else 0.0,
        df=df,
        design_effect=effect,
        n_effective=len(y) / effect,
        n_clusters=len(sizes),
    )


def _cr1(residuals: NDArray[np.float64], sizes: NDArray[np.float64]) -> tuple[float, float]:
    """Return the Taylor standard error with the factor G / (G - 1), and G - 1."""
    g, n = len(sizes), sizes.sum()
    return math.sqrt(g / (g - 1) * float(residuals @ residuals)) / float(n), g - 1.0


def _cr2(residuals: NDArray[np.float64], sizes: NDArray[np.float64]) -> tuple[float, float]:
    """Return the bias-reduced standard error of a mean and Satterthwaite's df.

    For a mean the adjustment of cluster g is (1 - n_g / n)^(-1/2). Under independence the
    adjusted sums have covariance B with B_gg = n_g and B_gh = -n_g n_h / n a_g a_h;
    df = tr(B)^2 / tr(B B).
    """
    n = sizes.sum()
    share = sizes / n
    adjusted = residuals**2 / (1 - share)
    b = -np.outer(sizes, sizes) / n / np.sqrt(np.outer(1 - share, 1 - share))
    np.fill_diagonal(b, sizes)
    return math.sqrt(float(adjusted.sum())) / float(n), float(n**2 / (b**2).sum())


def _limits(
    rate: float,
    spread: tuple[float, float],
    sizes: NDArray[np.float64],
    method: str,
    level: float,
) -> tuple[float, float, tuple[str, ...]]:
    """Return low, high and the warnings."""
    (se, df), n, g = spread, float(sizes.sum()), len(sizes)
    notes: tuple[str, ...] = ()
    if se == 0:
        low, high = exact_limits(rate, g, level)
        return low, high, (f"no spread between {g} clusters: exact limits for {g} images",)
    if method == "korn-graubard":
        return *_korn_graubard(rate, se, n, df, level), notes
    if g < FEW_CLUSTERS and method == "logit-t":
        notes = (f"{g} clusters, fewer than {FEW_CLUSTERS}: method 'cr2' is the safer one",)
    return *logit_interval(rate, se, df, level), notes


def _korn_graubard(rate: float, se: float, n: float, df: float, level: float) -> Limits:
    """Return exact limits at n_eff = p q / SE^2 (t_{n-1} / t_df)^2, at most n."""
    effective = rate * (1 - rate) / se**2
    effective *= (critical(level, n - 1) / critical(level, df)) ** 2
    return exact_limits(rate, min(effective, n), level)
