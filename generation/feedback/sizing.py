"""Split the budget over the classes: proportional to need, within bounds, never over need."""

import math
from collections.abc import Sequence

from generation.feedback.inputs import PlanConfig
from generation.feedback.rounding import ceil_of

BISECTIONS = 200  # halvings; the interval is then far below floating-point resolution


def class_sizes(
    needs: Sequence[float],
    weights: Sequence[float],
    probed: Sequence[bool],
    budget: int,
    config: PlanConfig,
    *,
    n_classes: int,
) -> list[float]:
    """Return the real-valued number of images to show per class (t_c).

    needs: need_c; weights: what t_c is proportional to (need_c under the default policy);
    probed: classes that get only the probe lo B / C; n_classes: C, the classes with a target.
    With T = min(budget left by the probes, ceil((1 + slack) need)) and C' classes in need,
    t_c = clip(lambda weight_c, lo T / C', hi T / C') sums to T, then t_c <= ceil((1 + slack) need).
    """
    probe = config.lo * budget / n_classes if n_classes else 0.0
    left = budget - probe * sum(probed)
    total = min(left, ceil_of((1 + config.slack) * math.fsum(needs)))
    active = [i for i, need in enumerate(needs) if need > 0]
    sizes = [probe if is_probed else 0.0 for is_probed in probed]
    clipped = _clip_to_total([weights[i] for i in active], total, config.lo, config.hi)
    for i, size in zip(active, clipped, strict=True):
        sizes[i] = min(size, float(ceil_of((1 + config.slack) * needs[i])))
    return sizes


def _clip_to_total(weights: Sequence[float], total: float, lo: float, hi: float) -> list[float]:
    """Find lambda by bisection so that clip(lambda w, lo T/n, hi T/n) sums to T = total.

    lo <= 1 <= hi makes a solution exist.
    """
    if not weights:
        return []
    low, high = lo * total / len(weights), hi * total / len(weights)

    def sizes(scale: float) -> list[float]:
        return [min(max(scale * weight, low), high) for weight in weights]

    below, above = 0.0, high / min(weights)
    for _ in range(BISECTIONS):
        middle = (below + above) / 2
        if math.fsum(sizes(middle)) < total:
            below = middle
        else:
            above = middle
    return sizes(above)
