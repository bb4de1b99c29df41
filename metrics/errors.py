"""Errors of the statistics: each says what was asked, what the data hold, and what to do."""


class InsufficientData(ValueError):
    """Say that the data cannot carry the statistic, with the counts that were found."""


class NotConverged(ValueError):
    """Say that an iterative fit stopped before its optimum, or that none exists (separation)."""
