"""Adjust a family of p-values: all classes of one question are one family."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

METHODS = {"holm": "holm", "bh": "fdr_bh", "bonferroni": "bonferroni"}


def adjust(p_values: ArrayLike, method: str = "holm") -> NDArray[np.float64]:
    """Return adjusted p-values in the order given.

    holm bounds the family-wise error (confirmatory), bh the false discovery rate (screening),
    bonferroni is the simplest bound. An empty family gives an empty array.
    Raises ValueError for an unknown method and for values outside [0, 1] or missing.
    Sources: Holm 1979, Scand J Stat 6:65; Benjamini & Hochberg 1995, JRSS B 57:289.
    """
    from statsmodels.stats.multitest import multipletests

    if method not in METHODS:
        raise ValueError(f"method {method!r} is unknown; choose one of {', '.join(METHODS)}.")
    family = np.atleast_1d(np.asarray(p_values, dtype=float))
    wrong = family[~((family >= 0) & (family <= 1))]
    if wrong.size:
        raise ValueError(
            f"{wrong.size} of {family.size} p-values are missing or outside [0, 1], for example "
            f"{wrong.flat[0]}. Leave untested classes out of the family and say so."
        )
    if not family.size:
        return family
    return np.asarray(multipletests(family, method=METHODS[method])[1], dtype=float)
