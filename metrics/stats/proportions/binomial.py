"""One reader, independent images: the rate and its interval."""

from collections.abc import Callable
from numbers import Real

import numpy as np
from scipy.special import betaincinv

from metrics.errors import InsufficientData
from metrics.stats.intervals import check_level, critical
from metrics.stats.result import THIS_READER, Estimate

Limits = tuple[float, float]


def interval(successes: int, n: int, method: str = "wilson", level: float = 0.95) -> Estimate:
    """Return successes/n for one reader on independent images, with a two-sided interval.

    `method` is wilson, wilson-cc (continuity corrected), clopper-pearson, jeffreys or
    agresti-coull. Jeffreys' lower limit is 0 at 0/n and its upper limit 1 at n/n.
    Raises InsufficientData at n = 0; ValueError for impossible counts or an unknown method.
    Sources: Newcombe 1998, Stat Med 17:857; Brown, Cai & DasGupta 2001, Stat Sci 16:101.
    """
    x, n = check_counts(successes, n)
    check_level(level)
    if method not in _LIMITS:
        raise ValueError(f"method {method!r} is unknown; choose one of {', '.join(_LIMITS)}.")
    low, high = _LIMITS[method](x, n, level)
    rate = x / n
    return Estimate(
        rate,
        max(0.0, min(low, rate)),
        min(1.0, max(high, rate)),
        f"{method} {level:.4g}",
        n_images=n,
        n_readers=1,
        n_readings=n,
        estimand=THIS_READER,
    )


def lower_bound(successes: int, n: int, level: float = 0.95) -> float:
    """Return the exact one-sided lower bound b of a rate: P(X >= x | b) = 1 - level.

    Raises as `interval`. Source: Clopper & Pearson 1934, Biometrika 26:404.
    """
    x, n = check_counts(successes, n)
    check_level(level)
    return float(betaincinv(x, n - x + 1, 1 - level)) if x else 0.0


def check_counts(successes: int, n: int) -> tuple[int, int]:
    """Return both as int. Raises InsufficientData at n = 0, ValueError for impossible counts."""
    whole = all(isinstance(count, Real) and count % 1 == 0 for count in (successes, n))
    if not whole or not 0 <= successes <= max(n, 0):
        raise ValueError(
            f"{successes!r} successes of {n!r} is impossible; both must be whole, "
            f"0 <= successes <= n."
        )
    if n == 0:
        raise InsufficientData("0 readings; a rate needs at least 1.")
    return int(successes), int(n)


def exact_limits(rate: float, n: float, level: float) -> Limits:
    """Return Clopper-Pearson limits for a rate at an effective sample size, whole or not.

    Source: Korn & Graubard 1998, Surv Methodol 24:193.
    """
    check_level(level)
    x, tail = rate * n, (1 - level) / 2
    low = float(betaincinv(x, n - x + 1, tail)) if rate > 0 else 0.0
    high = float(betaincinv(x + 1, n - x, 1 - tail)) if rate < 1 else 1.0
    return low, high


def wilson_limits(x: float, n: float, level: float) -> Limits:
    """Return the score limits: the p with |x/n - p| <= z sqrt(p (1 - p) / n), n whole or not."""
    z = critical(level)
    centre = x + z * z / 2
    half = z * np.sqrt(x * (n - x) / n + z * z / 4)
    # at the ends the algebra gives 0 and 1 exactly, rounding does not
    low = 0.0 if x == 0 else float((centre - half) / (n + z * z))
    high = 1.0 if x == n else float((centre + half) / (n + z * z))
    return low, high


def _wilson_cc(x: int, n: int, level: float) -> Limits:
    z, rate = critical(level), x / n
    base, width = 2 * x + z * z, 2 * (n + z * z)
    lower = z * z - 1 / n + 4 * x * (1 - rate) + (4 * rate - 2)
    upper = z * z - 1 / n + 4 * x * (1 - rate) - (4 * rate - 2)
    low = 0.0 if x == 0 else float((base - z * np.sqrt(lower) - 1) / width)
    high = 1.0 if x == n else float((base + z * np.sqrt(upper) + 1) / width)
    return low, high


def _clopper_pearson(x: int, n: int, level: float) -> Limits:
    return exact_limits(x / n, n, level)


def _jeffreys(x: int, n: int, level: float) -> Limits:
    tail = (1 - level) / 2
    low = float(betaincinv(x + 0.5, n - x + 0.5, tail)) if x else 0.0
    high = float(betaincinv(x + 0.5, n - x + 0.5, 1 - tail)) if x < n else 1.0
    return low, high


def _agresti_coull(x: int, n: int, level: float) -> Limits:
    z = critical(level)
    size = n + z * z
    centre = (x + z * z / 2) / size
    half = z * np.sqrt(centre * (1 - centre) / size)
    return float(centre - half), float(centre + half)


_LIMITS: dict[str, Callable[[int, int, float], Limits]] = {
    "wilson": wilson_limits,
    "wilson-cc": _wilson_cc,
    "clopper-pearson": _clopper_pearson,
    "jeffreys": _jeffreys,
    "agresti-coull": _agresti_coull,
}
