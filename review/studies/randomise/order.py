"""The order in which one reader sees the cases of one part.

Rank = HMAC-SHA256(secret, part | reader | case | replicate), then a greedy repair: at most three
equal classes or sources in a row, unannounced repeats at least max(20, n/3) positions apart, the
first five cases no controls. A rule that a small or one-sided part cannot keep is relaxed, and
OrderNote says what was reached. Pure: the same input gives the same order for ever (VERSION).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from review.studies.randomise.keys import keyed_fraction
from review.studies.randomise.repair import (
    FIRST_MAIN,
    MAX_RUN,
    Item,
    Placed,
    Repair,
    longest_run,
    run_limit,
)

VERSION = "hmac-repair-1"


@dataclass(frozen=True)
class Again:
    """A case of an earlier sitting, read `ago` >= 1 places before this sitting's first one."""

    item: Item
    ago: int


@dataclass(frozen=True)
class OrderNote:
    """What the repair reached; stored beside the order."""

    version: str
    n: int
    repeats: int
    run_limit_class: int
    run_limit_source: int
    longest_run_class: int
    longest_run_source: int
    gap_wanted: int
    gap_reached: int | None
    controls_among_first: int
    relaxed: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Order:
    """The list of one reader for one part."""

    places: tuple[Placed, ...]
    note: OrderNote


def order_cases(
    items: Sequence[Item],
    *,
    secret: bytes,
    part: object,
    reader: object,
    repeated: frozenset[str] = frozenset(),
    min_gap: int = 20,
    again: Sequence[Again] = (),
) -> Order:
    """Return the reader's list; `repeated` names the cases that come twice.

    `again` are cases that were read in an earlier sitting and come here for the second time.
    """
    repeats = len(repeated) + len(again)
    n = len(items) + repeats
    wanted = max(min_gap, math.ceil(n / 3))
    gap = max(1, min(wanted, n - repeats))
    names = (part, reader)
    stream = _keyed_stream(items, secret, names, repeated, gap / max(n, 1))
    stream = _merge_again(stream, again, secret, names)
    limits = (
        run_limit(placed.item.image_class for placed in stream),
        run_limit(placed.item.source for placed in stream),
    )
    earlier = {once.item.case: -once.ago for once in again}
    places = Repair(limits, gap, earlier).place(stream)
    return Order(tuple(places), _note(places, limits, wanted, repeats, earlier))


def _keyed_stream(
    items: Sequence[Item],
    secret: bytes,
    names: tuple[object, object],
    repeated: frozenset[str],
    gap: float,
) -> list[Placed]:
    """Sort by key. A repeated case's first place leaves room for its second, `gap` (a share) on."""
    # A key is a place only up to about sqrt(n): without this room the last repeats find none.
    gap = min(0.95, gap + 1.5 / math.sqrt(max(1, len(items) + len(repeated))))
    keyed: list[tuple[float, str, Placed]] = []
    for item in items:
        first = keyed_fraction(secret, *names, item.case, 0)
        if item.case in repeated:
            first *= 1 - gap
            free = 1 - gap - first
            second = first + gap + free * keyed_fraction(secret, *names, item.case, 1)
            keyed.append((second, item.case, Placed(item, 1)))
        keyed.append((first, item.case, Placed(item, 0)))
    keyed.sort(key=lambda entry: entry[:2])
    return [placed for _, _, placed in keyed]


def _merge_again(
    stream: list[Placed], again: Sequence[Again], secret: bytes, names: tuple[object, object]
) -> list[Placed]:
    """Put second readings of an earlier sitting's cases at keyed places of the stream."""
    n = len(stream)
    keyed = [((at + 0.5) / n, placed.item.case, placed) for at, placed in enumerate(stream)]
    for once in again:
        key = keyed_fraction(secret, *names, once.item.case, 1)
        keyed.append((key, once.item.case, Placed(once.item, 1)))
    return [placed for _, _, placed in sorted(keyed, key=lambda entry: entry[:2])]


def _note(
    places: Sequence[Placed],
    limits: tuple[int, int],
    wanted: int,
    repeats: int,
    earlier: dict[str, int],
) -> OrderNote:
    first_at = earlier | {p.item.case: at for at, p in enumerate(places) if p.replicate == 0}
    gaps = [at - first_at[p.item.case] for at, p in enumerate(places) if p.replicate]
    by_class = longest_run(p.item.image_class for p in places)
    by_source = longest_run(p.item.source for p in places)
    early = sum(p.item.is_control for p in places[:FIRST_MAIN])
    reached = min(gaps, default=None)
    kept = {
        f"equal classes in a row: {by_class}, not {MAX_RUN}": by_class <= MAX_RUN,
        f"equal sources in a row: {by_source}, not {MAX_RUN}": by_source <= MAX_RUN,
        f"repeats {reached} apart, not {wanted}": reached is None or reached >= wanted,
        f"{early} controls among the first {FIRST_MAIN}": not early,
    }
    return OrderNote(
        version=VERSION,
        n=len(places),
        repeats=repeats,
        run_limit_class=limits[0],
        run_limit_source=limits[1],
        longest_run_class=by_class,
        longest_run_source=by_source,
        gap_wanted=wanted,
        gap_reached=reached,
        controls_among_first=early,
        relaxed=tuple(text for text, is_kept in kept.items() if not is_kept),
    )
