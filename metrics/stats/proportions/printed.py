"""Read published tables: can a printed percentage come from a whole count?"""

import math

from metrics.stats.proportions.binomial import check_counts


def is_reachable(percent: float, n: int, decimals: int = 2) -> bool:
    """Say whether some whole k of n rounds to the printed percentage (GRIM test).

    A tie may have been rounded either way. Raises InsufficientData at n = 0; ValueError for a
    percentage outside [0, 100]. Source: Brown & Heathers 2017, Soc Psychol Pers Sci 8:363.
    """
    n = check_counts(0, n)[1]
    if not 0 <= percent <= 100:
        raise ValueError(f"percent is {percent}; it must lie in [0, 100].")
    near = math.floor(percent * n / 100)
    half = 0.5 * 10.0**-decimals + 1e-9
    return any(abs(100 * k / n - percent) <= half for k in (near, near + 1) if k <= n)
