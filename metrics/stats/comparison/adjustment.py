"""Adjust a family of p-values: all classes of one question are one family."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.stats.readings import table_of

METHODS = ("holm", "bh", "bonferroni")


def adjust(p_values: ArrayLike, method: str = "holm") -> NDArray[np.float64]:
    """Return adjusted p-values in the order given.

    With p_(1) <= ... <= p_(m): holm max_{j<=i} (m - j + 1) p_(j) bounds the family-wise error
    (confirmatory), bh min_{j>=i} m p_(j) / j the false discovery rate (screening), bonferroni
    m p_i is the simplest bound; all cut at 1. An empty family gives an empty array.
    Raises ValueError for an unknown method and for values outside [0, 1] or missing.
    Sources: Holm 1979, Scand J Stat 6:65; Benjamini & Hochberg 1995, JRSS B 57:289.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r} is unknown; choose one of {', '.join(METHODS)}.")
    family = np.atleast_1d(table_of(p_values, "p_values"))
    if family.ndim > 1:
        raise ValueError(f"p_values has shape {family.shape}; a family is a list of p-values.")
    wrong = family[~((family >= 0) & (family <= 1))]
    if wrong.size:
        raise ValueError(
            f"{wrong.size} of {family.size} p-values are missing or outside [0, 1], for example "
            f"{wrong.flat[0]}. Leave untested classes out of the family and say so."
        )
    m, order = family.size, np.argsort(family, kind="stable")
    rank = np.arange(1, m + 1)
    if method == "holm":
        raised = np.maximum.accumulate((m - rank + 1) * family[order])
    elif method == "bh":
        raised = np.minimum.accumulate((m / rank * family[order])[::-1])[::-1]
    else:
        raised = m * family[order]
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted
