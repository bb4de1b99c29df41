"""One reader's calls, synthetic or real, and which accuracy of them may be held against chance."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metrics.report.facts import Facts
from metrics.report.selection import readers_of
from metrics.stats.comparison import binomial_test
from metrics.stats.result import Test
from metrics.stats.turing import (
    Equivalence,
    balanced_accuracy,
    balanced_equivalence,
    equivalence,
    is_even,
)

CHANCE = 0.5
MIDDLE = 3.5  # answers 1..3 call an image synthetic, 4..6 real
ACCURACY, BALANCED = "accuracy", "balanced accuracy"


def truth(part: pd.DataFrame) -> NDArray[np.float64]:
    """Return 1 for synthetic, 0 for real."""
    return (part["source"] == "synthetic").to_numpy(dtype=float)


def scores(part: pd.DataFrame) -> NDArray[np.float64]:
    """Return the signed confidence that an image is synthetic: +2.5 .. -2.5, NaN = no answer."""
    return MIDDLE - part["turing"].to_numpy(dtype=float, na_value=np.nan)


def counts_of(part: pd.DataFrame) -> tuple[int, int]:
    """Return how many synthetic and how many real images were judged."""
    images = part[part["turing"].notna()].drop_duplicates(["case", "source"])
    n_synthetic = int(truth(images).sum())
    return n_synthetic, len(images) - n_synthetic


def calls_endpoint(part: pd.DataFrame) -> str:
    """Return which accuracy may be held against one half: balanced where counts are uneven."""
    n_synthetic, n_real = counts_of(part)
    one = len(readers_of(part)) < 2
    even = is_even(n_synthetic, n_real) if one else n_synthetic == n_real
    return ACCURACY if even else BALANCED


def uneven_note(part: pd.DataFrame) -> str:
    """Say what accuracy a reader without skill can have, or nothing where that is one half."""
    n_synthetic, n_real = counts_of(part)
    if calls_endpoint(part) == ACCURACY or not n_synthetic or not n_real:
        return ""
    most = max(n_synthetic, n_real) / (n_synthetic + n_real)
    return (
        f"{n_synthetic} synthetic and {n_real} real images: without skill accuracy lies between "
        f"{1 - most:.2f} and {most:.2f}, so that {BALANCED}, the mean of sensitivity and "
        f"specificity, is held against {CHANCE:g}"
    )


def _right(mine: pd.DataFrame) -> tuple[int, int]:
    """Return how many calls of one reader are right, and how many there are."""
    s = scores(mine)
    seen = ~np.isnan(s)
    return int(((s[seen] > 0) == (truth(mine)[seen] == 1)).sum()), int(seen.sum())


def single_test(mine: pd.DataFrame, endpoint: str) -> Test:
    """Test one reader's calls against chance, exactly. Raises InsufficientData without calls."""
    if endpoint == BALANCED:
        return balanced_accuracy(truth(mine), scores(mine), 0)
    return binomial_test(*_right(mine), CHANCE)


def single_equivalence(mine: pd.DataFrame, endpoint: str, facts: Facts) -> Equivalence:
    """Test whether one reader's calls lie within the planned margin of chance."""
    if endpoint == BALANCED:
        return balanced_equivalence(truth(mine), scores(mine), facts.margin, 0, alpha=facts.alpha)
    return equivalence(*_right(mine), facts.margin, alpha=facts.alpha)
