"""Shared pieces of intervals: quantiles, checks of the level, the interval on the logit scale."""

import math

from scipy.special import expit, logit, ndtri, stdtrit


def critical(level: float, df: float = math.inf) -> float:
    """Return the two-sided critical value: normal for infinite df, Student's t otherwise."""
    check_level(level)
    upper = 0.5 + level / 2
    return float(ndtri(upper) if math.isinf(df) else stdtrit(df, upper))


def check_level(level: float) -> None:
    """Raise ValueError unless the confidence level lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1, for example 0.95.")


def logit_interval(rate: float, se: float, df: float, level: float) -> tuple[float, float]:
    """Return expit(logit(rate) -+ t * se / (rate (1 - rate))) for a rate strictly inside (0, 1).

    The delta method carries `se` to the logit scale; limits stay inside (0, 1).
    """
    half = critical(level, df) * se / (rate * (1 - rate))
    centre = logit(rate)
    return float(expit(centre - half)), float(expit(centre + half))
