"""Put the places of a list in an order that keeps the rules, moving as few as it can.

Take the first place that breaks no rule; put a leftover where it fits from the end; exchange places
of a run that is too long. Pure: the same stream gives the same order.
"""

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
class Placed:
    """A position of the list."""

    item: Item
    replicate: int


def run_limit(values: Iterable[str]) -> int:
    """Return how many equal values may follow each other: 3, or more where one value rules."""
    counts = Counter(values)
    if len(counts) < 2:
        return max(MAX_RUN, sum(counts.values()))
    largest = max(counts.values())
    others = sum(counts.values()) - largest
    return max(MAX_RUN, math.ceil(largest / (SLACK * (others + 1))))


def longest_run(values: Iterable[str]) -> int:
    longest, run, last = 0, 0, None
    for value in values:
        run = run + 1 if value == last else 1
        last = value
        longest = max(longest, run)
    return longest


class Repair:
    """Take the first of the waiting, then of the stream, that breaks no rule.

    `earlier` holds the places of first readings in an earlier sitting: -1 is the last one of it.
    `kept` are places that stand already: what comes is put behind them, none of them moves.
    """

    def __init__(
        self,
        limits: tuple[int, int],
        gap: int,
        earlier: dict[str, int],
        kept: Sequence[Placed] = (),
    ) -> None:
        self.limits = limits
        self.gap = gap
        self.out = list(kept)
        self.first_free = len(kept)
        self.first_at = dict(earlier)
        self._reindex()

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
        for at in range(len(self.out), max(FIRST_MAIN, self.first_free) - 1, -1):
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
        movable = [
            at
            for at, p in enumerate(self.out)
            if at >= self.first_free and p.item.case not in twice
        ]
        for at in self._breaks():
            near = [m for m in movable if abs(m - at) < max(self.limits)]
            options = ((one, other) for one in near for other in movable)
            next((pair for pair in options if self._swap_helps(*pair)), None)

    def _breaks(self) -> list[int]:
        """Return the places that may move and at which a run is longer than its limit."""
        runs = (_RunCount(), _RunCount())
        found = []
        for at, placed in enumerate(self.out):
            for run, value in zip(runs, _values(placed.item), strict=True):
                run.add(value)
            too_long = any(run.length > most for run, most in zip(runs, self.limits, strict=True))
            if too_long and at >= self.first_free:
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
        self.runs = (_RunCount(), _RunCount())  # of the last place: class, source
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
