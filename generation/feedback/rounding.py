"""Turn real-valued allocations into integers by the largest remainder."""

import math
from collections.abc import Sequence

TIE = 9  # decimals at which two remainders count as equal, well above rounding noise


def largest_remainder(values: Sequence[float], total: int, offset: int = 0) -> list[int]:
    """Round `values` (>= 0, summing to about `total`) to integers that sum to `total`.

    Each value is rounded down or up. Ties go by order, starting at position `offset` modulo the
    number of values, so that another round favours another cell.
    """
    floors = [math.floor(round(value, TIE)) for value in values]
    remainders = [round(value - floor, TIE) for value, floor in zip(values, floors, strict=True)]
    count = len(values)
    start = offset % count if count else 0
    order = sorted(range(count), key=lambda i: (-remainders[i], (i - start) % count))
    for i in order[: max(total - sum(floors), 0)]:
        floors[i] += 1
    return floors


def ceil_of(value: float) -> int:
    """Round up, forgiving floating-point noise: 1.1 * 200 is 220 and not 221."""
    return math.ceil(round(value, TIE))
