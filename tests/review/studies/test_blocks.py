"""Balanced incomplete blocks: the figures that the design names."""

import time
from collections import Counter
from itertools import combinations

import pytest

from review.studies.errors import BadProtocol
from review.studies.randomise.blocks import assign_blocks
from review.studies.randomise.order import Item, order_cases

SECRET = b"b" * 32


def spread(n: int, readers: int, k: int = 3, strata: int = 28) -> tuple[Counter, Counter, dict]:
    """Return (loads, pair counts, blocks) for n cases in 14 classes x 2 arms."""
    cases = [(f"C{i:05d}", f"s{i % strata:02d}") for i in range(n)]
    blocks = assign_blocks(cases, [f"R{r:02d}" for r in range(readers)], k, secret=SECRET)
    loads = Counter(reader for block in blocks.values() for reader in block)
    pairs = Counter(pair for block in blocks.values() for pair in combinations(block, 2))
    return loads, pairs, blocks


def test_five_readers_share_2800_cases_exactly() -> None:
    loads, pairs, _ = spread(2800, 5)
    assert set(loads.values()) == {1680}
    assert set(pairs.values()) == {840}
    assert len(pairs) == 10


def test_eight_readers_share_2800_cases_and_meet_alike() -> None:
    loads, pairs, _ = spread(2800, 8)
    assert set(loads.values()) == {1050}
    assert len(pairs) == 28
    assert min(pairs.values()) >= 292
    assert max(pairs.values()) <= 310


def test_loads_are_balanced_within_every_stratum() -> None:
    _, _, blocks = spread(2800, 8)
    for stratum in range(28):
        mine = Counter(
            r for case, block in blocks.items() if int(case[1:]) % 28 == stratum for r in block
        )
        assert max(mine.values()) - min(mine.values()) <= 1


def test_k_of_zero_lets_everybody_read_all() -> None:
    _, _, blocks = spread(10, 3, k=0)
    assert all(len(block) == 3 for block in blocks.values())


def test_no_reader_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(BadProtocol, match="Invite readers"):
        assign_blocks([("C1", "s")], [], 3, secret=SECRET)


def test_42000_cases_and_12_readers_take_seconds() -> None:
    started = time.process_time()
    loads, _, blocks = spread(42_000, 12)
    items = [
        Item(f"C{i:05d}", f"k{i % 14}", "real" if i % 4 == 0 else "synthetic")
        for i in range(42_000)
    ]
    for reader in sorted(loads):
        mine = [item for item in items if reader in blocks[item.case]]
        order_cases(mine, secret=SECRET, part=1, reader=reader)
    assert set(loads.values()) == {10_500}
    assert time.process_time() - started < 30
