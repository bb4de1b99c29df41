"""A second, plain derivation of the plan from the printed formulas, sharing no code with it.

Written cell by cell from section 3 of the feedback design; the clip is solved by trying which
classes stand at a bound, not by bisection.
"""

import math
from itertools import product

from scipy.stats import beta as beta_law


def naive_plan(budget, targets, shares, n, y, accepted):
    """Return (n_show, rate, need) as nested lists, for the default configuration."""
    used = [c for c in range(len(targets)) if targets[c] > 0]
    m0 = (sum(sum(y[c]) for c in used) + 1) / (sum(sum(n[c]) for c in used) + 2)
    rate, need, mix, probe = [], [], [], []
    for c, target in enumerate(targets):
        m = (sum(y[c]) + 8 * m0) / (sum(n[c]) + 8)
        a = [4 * m + v for v in y[c]]
        b = [4 * (1 - m) + k - v for k, v in zip(n[c], y[c], strict=True)]
        p = [x / (x + z) if pi > 0 else 0 for x, z, pi in zip(a, b, shares[c], strict=True)]
        dead = [
            pi == 0 or (k >= 20 and beta_law.cdf(0.05, x, z) > 0.9)
            for pi, k, x, z in zip(shares[c], n[c], a, b, strict=True)
        ]
        floor = [max(v, 0.05) for v in p]
        quota = [
            0 if d else max(0.5 * target * pi - got, 0)
            for d, pi, got in zip(dead, shares[c], accepted[c], strict=True)
        ]
        fill = max(target - sum(accepted[c]) - sum(quota), 0)
        f = [0 if d else pi * v**2 for d, pi, v in zip(dead, shares[c], floor, strict=True)]
        f = [v / sum(f) for v in f] if sum(f) else f
        gain = sum(u * v for u, v in zip(f, floor, strict=True))
        cells = [
            q / v + (fill * u / gain if gain else 0)
            for q, v, u in zip(quota, floor, f, strict=True)
        ]
        total = sum(cells)
        if total > 1e-9:
            mix.append([0.9 * v / total + 0.1 * pi for v, pi in zip(cells, shares[c], strict=True)])
        else:
            mix.append(list(shares[c]))
            cells = [0.0] * len(cells)
        probe.append(total <= 1e-9 and fill > 0)
        rate.append(p)
        need.append(cells)
    sizes = _sizes(budget, [sum(v) for v in need], probe, len(used))
    totals = _round(sizes, round(round(sum(sizes), 9)))
    show = [_round([t * q for q in m], t) for t, m in zip(totals, mix, strict=True)]
    return show, rate, need


def _up(x):
    return math.ceil(round(x, 9))


def _sizes(budget, needs, probe, n_classes):
    sizes = [0.25 * budget / n_classes if p else 0.0 for p in probe]
    total = min(budget - sum(sizes), _up(1.1 * sum(needs)))
    active = [c for c, v in enumerate(needs) if v > 0]
    if not active:
        return sizes
    low, high = 0.25 * total / len(active), 2 * total / len(active)
    for c, size in zip(active, _water(total, [needs[c] for c in active], low, high), strict=True):
        sizes[c] = min(size, _up(1.1 * needs[c]))
    return sizes


def _water(total, needs, low, high):
    """Try every split into classes at the low bound, free ones and ones at the high bound."""
    order = sorted(range(len(needs)), key=lambda i: needs[i])
    for below, above in product(range(len(needs) + 1), repeat=2):
        if below + above > len(needs):
            continue
        free = order[below : len(needs) - above]
        rest = total - low * below - high * above
        scale = rest / sum(needs[i] for i in free) if free else None
        sizes = [0.0] * len(needs)
        for place, i in enumerate(order):
            sizes[i] = low if place < below else high
            if i in free:
                sizes[i] = scale * needs[i]
        fits = all(low - 1e-9 <= sizes[i] <= high + 1e-9 for i in free)
        if fits and abs(sum(sizes) - total) < 1e-7 and _ordered(sizes, needs, low, high):
            return sizes
    raise AssertionError("no split fits")


def _ordered(sizes, needs, low, high):
    """A class at a bound would, by the common scale of the free ones, lie beyond it."""
    free = [s / v for s, v in zip(sizes, needs, strict=True) if low + 1e-9 < s < high - 1e-9]
    scale = free[0] if free else None
    if scale is None:
        return True
    return all(
        abs(min(max(scale * v, low), high) - s) < 1e-6 for s, v in zip(sizes, needs, strict=True)
    )


def _round(values, total):
    floors = [math.floor(round(v, 9)) for v in values]
    parts = sorted(range(len(values)), key=lambda i: -round(values[i] - floors[i], 9))
    for i in parts[: total - sum(floors)]:
        floors[i] += 1
    return floors
