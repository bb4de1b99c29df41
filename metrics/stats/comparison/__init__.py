"""Two generators compared: differences of rates, over classes, with and without pairing.

Differences are fractions in [-1, 1]: first arm minus second. A p-value here speaks of one
reader (or of one majority verdict per image); several readers go through metrics.stats.mrmc.
"""

from metrics.stats.comparison.adjustment import adjust
from metrics.stats.comparison.from_limits import mover
from metrics.stats.comparison.paired import PairedDifference, mcnemar, paired_difference
from metrics.stats.comparison.stratified import CochranMantelHaenszel, cmh, risk_difference_mh
from metrics.stats.comparison.two_rates import Difference, binomial_test, difference

__all__ = [
    "CochranMantelHaenszel",
    "Difference",
    "PairedDifference",
    "adjust",
    "binomial_test",
    "cmh",
    "difference",
    "mcnemar",
    "mover",
    "paired_difference",
    "risk_difference_mh",
]
