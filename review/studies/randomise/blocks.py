"""Balanced incomplete blocks: k of R readers per case.

Greedy over cases, stratum by stratum: the next reader is the one with the least (stratum load,
total load, concurrence with the readers already chosen for the case). Ties go by keyed rank, so
that nobody can tell from the list who else reads a case.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

from review.studies.errors import BadProtocol
from review.studies.randomise.keys import keyed_rank


def assign_blocks(
    cases: Sequence[tuple[str, str]], readers: Sequence[str], k: int, *, secret: bytes
) -> dict[str, tuple[str, ...]]:
    """Map every case of (case, stratum) to its k readers. k = 0 or k >= R: everybody reads all."""
    if not readers:
        raise BadProtocol("There are no readers to spread the cases over. Invite readers first.")
    if not 0 < k < len(readers):
        return {case: tuple(readers) for case, _ in cases}
    return _Blocks(readers, k).spread(sorted(cases, key=lambda c: _case_key(secret, c)))


def spread_added(
    cases: Sequence[tuple[str, str]],
    unread: Mapping[str, int],
    k: int,
    *,
    secret: bytes,
    barred: Mapping[str, frozenset[str]],
) -> dict[str, tuple[str, ...]]:
    """Map cases of (case, stratum) that are added to a running study to k readers each.

    `unread` counts what every reader has left: the shortest list comes first; among equals the
    reader with the fewest added cases of the stratum, then by keyed rank. `barred` names the cases
    that a reader may not get. A case that fewer than k readers may get goes to those.
    """
    left = dict(unread)
    loads: Counter[tuple[str, str]] = Counter()
    chosen: dict[str, tuple[str, ...]] = {}
    for case, stratum in sorted(cases, key=lambda c: _case_key(secret, c)):
        ranked = sorted(
            (
                left[reader],
                loads[reader, stratum],
                keyed_rank(secret, "added", case, reader),
                reader,
            )
            for reader in left
            if case not in barred.get(reader, frozenset())
        )
        chosen[case] = tuple(sorted(reader for *_, reader in ranked[:k]))
        for reader in chosen[case]:
            left[reader] += 1
            loads[reader, stratum] += 1
    return chosen


def _case_key(secret: bytes, case: tuple[str, str]) -> tuple[str, int]:
    return case[1], keyed_rank(secret, "block", case[0])


class _Blocks:
    def __init__(self, readers: Sequence[str], k: int) -> None:
        self.readers = readers
        self.k = k
        size = len(readers)
        self.total = [0] * size
        self.pairs = [[0] * size for _ in range(size)]

    def spread(self, cases: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
        chosen: dict[str, tuple[str, ...]] = {}
        stratum, load = None, [0] * len(self.readers)
        for number, (case, name) in enumerate(cases):
            if name != stratum:
                stratum, load = name, [0] * len(self.readers)
            block = self._block(load, number)
            chosen[case] = tuple(self.readers[reader] for reader in block)
        return chosen

    def _block(self, load: list[int], number: int) -> list[int]:
        """Take the readers with the least load; among equals, the ones who met least often."""
        size = len(self.readers)
        order = sorted(range(size), key=lambda r: (load[r], self.total[r], (r + number) % size))
        last = order[self.k - 1]
        edge = (load[last], self.total[last])
        sure = [r for r in order if (load[r], self.total[r]) < edge]
        tied = [r for r in order if (load[r], self.total[r]) == edge]
        options = combinations(tied, self.k - len(sure))
        block = min((sure + list(option) for option in options), key=self._met)
        for reader in block:
            load[reader] += 1
            self.total[reader] += 1
            for other in block:
                if other != reader:
                    self.pairs[reader][other] += 1
        return sorted(block)

    def _met(self, block: list[int]) -> tuple[int, int]:
        meetings = [self.pairs[one][other] for one, other in combinations(block, 2)]
        return sum(meetings), max(meetings, default=0)
