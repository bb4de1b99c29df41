"""The order in which one reader sees the cases of one part.

Rank = HMAC-SHA256(secret, part | reader | case | replicate), then a greedy repair: at most three
equal classes or sources in a row, unannounced repeats at least max(20, n/3) positions apart, the
first five cases no controls. A rule that a small or one-sided part cannot keep is relaxed, and
OrderNote says what was reached. Pure: the same input gives the same order for ever (VERSION).
"""

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from review.studies.randomise.keys import keyed_fraction

VERSION = "hmac-repair-1"
MAX_RUN = 3
FIRST_MAIN = 5
# A majority that fills more than this share of the places a run limit leaves open would make the
# order predictable ("the fourth is always real"), so the limit gives way first.
SLACK = 0.7


@dataclass(frozen=True)
class Item:
    """A case as the order sees it; `source` is real or synthetic."""

    case: str
    image_class: str
    source: str
    is_control: bool = False


@dataclass(frozen=True)
class Again:
    """A case of an earlier sitting, read `ago` >= 1 places before this sitting's first one."""

    item: Item
    ago: int


@dataclass(frozen=True)
class Placed:
    """A position of the list."""

    item: Item
    replicate: int


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
    places = _Repair(limits, gap, earlier).place(stream)
    return Order(tuple(places), _note(places, limits, wanted, repeats, earlier))


def run_limit(values: Iterable[str]) -> int:
    """Return how many equal values may follow each other: 3, or more where one value rules."""
    counts = Counter(values)
    if len(counts) < 2:
        return max(MAX_RUN, sum(counts.values()))
    largest = max(counts.values())
    others = sum(counts.values()) - largest
    return max(MAX_RUN, math.ceil(largest / (SLACK * (others + 1))))


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


class _Repair:
    """Take the first of the waiting, then of the stream, that breaks no rule.

    `earlier` holds the places of first readings in an earlier sitting: -1 is the last one of it.
    """

    def __init__(self, limits: tuple[int, int], gap: int, earlier: dict[str, int]) -> None:
        self.limits = limits
        self.gap = gap
        self.out: list[Placed] = []
        self.first_at = dict(earlier)
        self.runs = (_RunCount(), _RunCount())  # of the last place: class, source

    def place(self, stream: list[Placed]) -> list[Placed]:
        waiting: deque[Placed] = deque()
        coming = deque(stream)
        while waiting or coming:
            if not self._take_waiting(waiting) and not self._take_coming(coming, waiting):
                left = [*waiting]
                waiting.clear()
                for placed in left:
                    self._insert_where_it_fits(placed)
                self._swap_out_long_runs()
        return self.out

    def _take_waiting(self, waiting: deque[Placed]) -> bool:
        for at, placed in enumerate(waiting):
            if self._fits_next(placed):
                del waiting[at]
                self._append(placed)
                return True
        return False

    def _take_coming(self, coming: deque[Placed], waiting: deque[Placed]) -> bool:
        while coming:
            placed = coming.popleft()
            if self._fits_next(placed):
                self._append(placed)
                return True
            waiting.append(placed)
        return False

    def _append(self, placed: Placed) -> None:
        if placed.replicate == 0:
            self.first_at[placed.item.case] = len(self.out)
        self.out.append(placed)
        for run, value in zip(self.runs, _values(placed.item), strict=True):
            run.add(value)

    def _fits_next(self, placed: Placed) -> bool:
        at = len(self.out)
        if placed.item.is_control and at < FIRST_MAIN:
            return False
        if placed.replicate:
            first = self.first_at.get(placed.item.case)
            if first is None or at - first < self.gap:
                return False
        rules = zip(self.runs, _values(placed.item), self.limits, strict=True)
        return all(run.value != value or run.length < limit for run, value, limit in rules)

    def _insert_where_it_fits(self, placed: Placed) -> None:
        """Put a leftover into the earliest place from the end that keeps the rules, else last."""
        for at in range(len(self.out), FIRST_MAIN - 1, -1):
            if self._fits_between(placed, at):
                self.out.insert(at, placed)
                self._reindex()
                return
        if placed.replicate:
            self._move_first_back(placed)
        self._append(placed)

    def _move_first_back(self, placed: Placed) -> None:
        """Move a case's first place back, so that its repeat can come last; else leave it."""
        here = self.first_at[placed.item.case]
        if here < 0:
            return
        first = self.out.pop(here)
        self._reindex()
        latest = len(self.out) + 1 - self.gap
        fitting = (at for at in range(latest, -1, -1) if self._fits_between(first, at))
        self.out.insert(next(fitting, here), first)
        self._reindex()

    def _fits_between(self, placed: Placed, at: int) -> bool:
        item, reach = placed.item, max(self.limits)
        before, after = self.out[max(0, at - reach) : at], self.out[at : at + reach]
        for field, limit in zip(("image_class", "source"), self.limits, strict=True):
            value = getattr(item, field)
            ahead = _run_back(after[::-1], field, value)
            if _run_back(before, field, value) + 1 + ahead > limit:
                return False
        if item.is_control and at < FIRST_MAIN:
            return False
        first = self.first_at.get(item.case)
        return not placed.replicate or (first is not None and at - first >= self.gap)

    def _swap_out_long_runs(self) -> None:
        """Exchange a case of a run that is too long with one from elsewhere; repeats stay put."""
        twice = {placed.item.case for placed in self.out if placed.replicate}
        movable = [at for at, p in enumerate(self.out) if p.item.case not in twice]
        for at in self._breaks():
            near = [m for m in movable if abs(m - at) < max(self.limits)]
            options = ((one, other) for one in near for other in movable)
            next((pair for pair in options if self._swap_helps(*pair)), None)

    def _breaks(self) -> list[int]:
        """Return the places at which a run is longer than its limit."""
        runs = (_RunCount(), _RunCount())
        found = []
        for at, placed in enumerate(self.out):
            for run, value in zip(runs, _values(placed.item), strict=True):
                run.add(value)
            if any(run.length > limit for run, limit in zip(runs, self.limits, strict=True)):
                found.append(at)
        return found

    def _swap_helps(self, one: int, other: int) -> bool:
        """Swap two places if every run around both then holds; say whether it did."""
        controls = self.out[one].item.is_control or self.out[other].item.is_control
        if one == other or (controls and min(one, other) < FIRST_MAIN):
            return False
        self._swap(one, other)
        reach = max(self.limits)
        around = {*range(one - reach, one + reach + 1), *range(other - reach, other + reach + 1)}
        if all(self._runs_hold(at) for at in around if 0 <= at < len(self.out)):
            return True
        self._swap(one, other)
        return False

    def _swap(self, one: int, other: int) -> None:
        self.out[one], self.out[other] = self.out[other], self.out[one]

    def _runs_hold(self, at: int) -> bool:
        """Say whether the runs that end at a place are within the limits."""
        before = self.out[max(0, at - max(self.limits)) : at]
        rules = zip(("image_class", "source"), _values(self.out[at].item), self.limits, strict=True)
        return all(_run_back(before, field, value) < limit for field, value, limit in rules)

    def _reindex(self) -> None:
        self.runs = (_RunCount(), _RunCount())
        for at, placed in enumerate(self.out):
            if placed.replicate == 0:
                self.first_at[placed.item.case] = at
            for run, value in zip(self.runs, _values(placed.item), strict=True):
                run.add(value)


@dataclass
class _RunCount:
    """The value of the last place and how often it came in a row."""

    value: str = ""
    length: int = 0

    def add(self, value: str) -> None:
        self.length = self.length + 1 if value == self.value else 1
        self.value = value


def _values(item: Item) -> tuple[str, str]:
    return item.image_class, item.source


def _run_back(places: Sequence[Placed], field: str, value: str) -> int:
    """Count how many of the last places have `value`."""
    run = 0
    for placed in reversed(places):
        if getattr(placed.item, field) != value:
            break
        run += 1
    return run


def _longest_run(values: Iterable[str]) -> int:
    longest, run, last = 0, 0, None
    for value in values:
        run = run + 1 if value == last else 1
        last = value
        longest = max(longest, run)
    return longest


def _note(
    places: Sequence[Placed],
    limits: tuple[int, int],
    wanted: int,
    repeats: int,
    earlier: dict[str, int],
) -> OrderNote:
    first_at = earlier | {p.item.case: at for at, p in enumerate(places) if p.replicate == 0}
    gaps = [at - first_at[p.item.case] for at, p in enumerate(places) if p.replicate]
    by_class = _longest_run(p.item.image_class for p in places)
    by_source = _longest_run(p.item.source for p in places)
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
