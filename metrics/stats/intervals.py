"""Shared pieces of intervals: quantiles, checks of the level, the interval on the logit scale."""

import math
from numbers import Real

from scipy.special import expit, logit, ndtr, ndtri, stdtr, stdtrit


def critical(level: float, df: float = math.inf) -> float:
    """Return the two-sided critical value: normal for infinite df, Student's t otherwise."""
    check_level(level)
    upper = 0.5 + level / 2
    return float(ndtri(upper) if math.isinf(df) else stdtrit(df, upper))


def upper_tail(statistic: float, df: float = math.inf) -> float:
    """Return P(T > statistic): normal for infinite df, Student's t otherwise.

    The functions of scipy.special do what scipy.stats does at a hundredth of its cost per call.
    """
    return float(ndtr(-statistic) if math.isinf(df) else stdtr(df, -statistic))


def check_level(level: float) -> None:
    """Raise ValueError unless the confidence level lies strictly between 0 and 1."""
    _check_open(level, "level", 1.0, "0.95")


def check_alpha(alpha: float) -> None:
    """Raise ValueError unless alpha lies strictly between 0 and 1/2, so that limits have width."""
    _check_open(alpha, "alpha", 0.5, "0.05")


def check_number(value: float, name: str) -> float:
    """Return a finite number. Raises ValueError for anything else."""
    if not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}; give a number such as 0.5.")
    return float(value)


def is_whole(value: object, least: int) -> bool:
    """Say whether a value is a whole number, `least` or more."""
    if not (isinstance(value, Real) and math.isfinite(value)):
        return False
    return float(value).is_integer() and float(value) >= least


def _check_open(value: float, name: str, most: float, example: str) -> None:
    if not isinstance(value, Real) or not 0 < value < most:
        raise ValueError(
            f"{name} is {value!r}; it must lie between 0 and {most:g}, for example {example}."
        )


def logit_interval(rate: float, se: float, df: float, level: float) -> tuple[float, float]:
    """Return expit(logit(rate) -+ t * se / (rate (1 - rate))) for a rate strictly inside (0, 1).

    The delta method carries `se` to the logit scale; limits stay inside (0, 1).
    """
    half = critical(level, df) * se / (rate * (1 - rate))
    centre = logit(rate)
    return float(expit(centre - half)), float(expit(centre + half))
