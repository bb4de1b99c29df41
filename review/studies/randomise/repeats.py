"""Random shares of cases, spread over strata: repeats, and anchors that everybody reads."""

import math
from collections import defaultdict
from collections.abc import Sequence

from review.studies.randomise.keys import keyed_rank


def share_out(total: int, sizes: dict[str, int]) -> dict[str, int]:
    """Split `total` over groups in proportion to their size; largest remainder, stable by name."""
    whole = sum(sizes.values())
    total = min(total, whole)
    if not whole:
        return dict.fromkeys(sizes, 0)
    exact = {name: total * size / whole for name, size in sizes.items()}
    given = {name: math.floor(value) for name, value in exact.items()}
    spare = sorted(sizes, key=lambda name: (given[name] - exact[name], name))
    for name in spare[: total - sum(given.values())]:
        given[name] += 1
    return given


def choose_share(
    cases: Sequence[tuple[str, str]], fraction: float, *, secret: bytes, names: tuple[object, ...]
) -> frozenset[str]:
    """Choose round(fraction * n) of (case, stratum) pairs, spread over strata, by keyed rank."""
    groups: dict[str, list[str]] = defaultdict(list)
    for case, stratum in cases:
        groups[stratum].append(case)
    total = math.floor(fraction * len(cases) + 0.5)
    counts = share_out(total, {name: len(members) for name, members in groups.items()})
    chosen: set[str] = set()
    for name, members in groups.items():
        ranked = sorted(members, key=lambda c: keyed_rank(secret, *names, c))
        chosen.update(ranked[: counts[name]])
    return frozenset(chosen)
