"""Regressions for readings that share a reader, an image or a class.

X is an array or a frame with its intercept column; every result is a `Regression` with arrays in
the order of X's columns and `term(name)` for one coefficient with its test.
"""

from metrics.stats.mixed.crossed import CrossedMixed, crossed_mixed
from metrics.stats.mixed.gee import MarginalLogistic, gee_logistic
from metrics.stats.mixed.logistic import RandomIntercept, logistic_random_intercept
from metrics.stats.mixed.ordinal import OrdinalLogit, ordinal_logit
from metrics.stats.mixed.regression import Regression
from metrics.stats.mixed.times import ReadingTimes, reading_times

__all__ = [
    "CrossedMixed",
    "MarginalLogistic",
    "OrdinalLogit",
    "RandomIntercept",
    "ReadingTimes",
    "Regression",
    "crossed_mixed",
    "gee_logistic",
    "logistic_random_intercept",
    "ordinal_logit",
    "reading_times",
]
