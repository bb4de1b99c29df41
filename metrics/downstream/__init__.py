"""Does a classifier get better when synthetic images join its training?

An arm is how the training set was made (real images alone, or augmented); a seed is one training.
Every training of both arms is tested on the same images.
"""

from metrics.downstream.auroc import AurocComparison, compare_auroc
from metrics.downstream.frame import COLUMNS
from metrics.downstream.scores import ScoreComparison, compare_scores
from metrics.downstream.seeds import Comparison, SeedDifference

__all__ = [
    "COLUMNS",
    "AurocComparison",
    "Comparison",
    "ScoreComparison",
    "SeedDifference",
    "compare_auroc",
    "compare_scores",
]
