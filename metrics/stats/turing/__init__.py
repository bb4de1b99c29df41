"""The visual Turing test: can a reader tell synthetic from real images, and how sure are we.

Positive means synthetic. A rating above `positive_at` calls an image synthetic; ratings may be
0/1 calls or signed confidences (+3 surely synthetic ... -3 surely real). Chance is a constant
of the test, never a sampled arm, and "not significant" is never read as "equivalent".
"""

from metrics.stats.turing.areas import AreaTest, auc, delong, hanley_mcneil
from metrics.stats.turing.balanced import balanced_accuracy, balanced_equivalence, is_even
from metrics.stats.turing.counts import Measured
from metrics.stats.turing.performance import ReaderPerformance, over_readers, reader_performance
from metrics.stats.turing.verdicts import Equivalence, State, Verdict, equivalence, verdict

__all__ = [
    "AreaTest",
    "Equivalence",
    "Measured",
    "ReaderPerformance",
    "State",
    "Verdict",
    "auc",
    "balanced_accuracy",
    "balanced_equivalence",
    "delong",
    "equivalence",
    "hanley_mcneil",
    "is_even",
    "over_readers",
    "reader_performance",
    "verdict",
]
