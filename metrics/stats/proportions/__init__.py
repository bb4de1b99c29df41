"""Rates with intervals: one reader, several readers, clustered images, logged draw probabilities.

All rates are fractions in [0, 1]. Readings are never pooled as if they were independent.
"""

from metrics.stats.proportions.binomial import interval, lower_bound
from metrics.stats.proportions.clustered import ClusteredRate, clustered_rate
from metrics.stats.proportions.multi_reader import MultiReaderRate, multi_reader_rate
from metrics.stats.proportions.printed import is_reachable
from metrics.stats.proportions.weighted import PostStratifiedRate, post_stratified_rate

__all__ = [
    "ClusteredRate",
    "MultiReaderRate",
    "PostStratifiedRate",
    "clustered_rate",
    "interval",
    "is_reachable",
    "lower_bound",
    "multi_reader_rate",
    "post_stratified_rate",
]
