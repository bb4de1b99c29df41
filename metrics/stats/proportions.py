"""Rates with intervals: one reader, several readers, clustered images, logged draw probabilities.

All rates are fractions in [0, 1]. Readings are never pooled as if they were independent.
"""

from metrics.stats.binomial import interval, lower_bound

__all__ = ["interval", "lower_bound"]
