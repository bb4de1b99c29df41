"""Intended against perceived class, for readers and for downstream classifiers.

Rows are intended (true) classes, columns answers; answers that are no class ("cannot judge")
count against recall and belong to no class. Macro F1 is the mean of the classes' F1 (Opitz &
Burst 2019), never the harmonic mean of macro precision and macro recall, which is kept beside
it as `f1_of_macro_means` for comparison with tables that print that.
"""

from metrics.stats.confusion.scores import ClassScores, Confusion
from metrics.stats.confusion.tables import confusion, confusion_by_arm, confusion_from_matrix

__all__ = [
    "ClassScores",
    "Confusion",
    "confusion",
    "confusion_by_arm",
    "confusion_from_matrix",
]
