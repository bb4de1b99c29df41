"""The tail of a list that grows: keyed, repaired, and the same when it is computed again."""

from collections import Counter
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from review.studies.randomise.blocks import spread_added
from review.studies.randomise.keys import keyed_rank
from review.studies.randomise.order import FIRST_MAIN, MAX_RUN, Item
from review.studies.randomise.tail import Tail, order_tail

SECRET = b"t" * 32
NAMES = {"secret": SECRET, "part": 1, "reader": "R01"}


def items_of(n: int, first: int = 0, classes: int = 4, every: int = 2) -> list[Item]:
    return [
        Item(f"C{first + i:04d}", f"k{i % classes}", "real" if i % every == 0 else "synthetic")
        for i in range(n)
    ]


def longest(items: list[Item], field: str) -> int:
    return max(len(list(group)) for _, group in groupby(items, key=lambda i: getattr(i, field)))


def test_one_case_of_each_kind_stands_in_the_order_of_its_key() -> None:
    added = [Item(f"C{i:04d}", f"k{i}", "real" if i % 2 else "synthetic") for i in range(3)]
    ranked = sorted(added, key=lambda item: keyed_rank(SECRET, 1, "R01", item.case, 0))
    assert list(order_tail([], added, **NAMES).items) == ranked


@given(n=st.integers(1, 40), before=st.integers(0, 60), reader=st.sampled_from(["R01", "R02"]))
@settings(max_examples=80, deadline=None)
def test_every_added_case_stands_once_and_no_run_is_longer_than_three(
    n: int, before: int, reader: str
) -> None:
    there, added = items_of(before), items_of(n, first=100)
    tail = order_tail(there, added, secret=SECRET, part=1, reader=reader)
    assert sorted(item.case for item in tail.items) == [item.case for item in added]
    if n >= 8:
        near = [*there[-MAX_RUN:], *tail.items]
        assert longest(near, "image_class") <= MAX_RUN
        assert longest(near, "source") <= MAX_RUN
        assert tail.note.relaxed == ()


def test_runs_count_the_places_before() -> None:
    there = [Item(f"C{i:04d}", f"k{i}", "synthetic") for i in range(MAX_RUN)]
    added = items_of(12, first=50)
    assert order_tail(there, added, **NAMES).items[0].source == "real"
    free = order_tail([], added, secret=SECRET, part=1, reader="R01").items
    assert sorted(i.case for i in free) == sorted(i.case for i in added)


def test_cases_of_one_source_relax_the_rule_and_say_so() -> None:
    added = [Item(f"C{i:04d}", f"k{i % 3}", "synthetic") for i in range(10)]
    tail = order_tail(items_of(20, first=50), added, **NAMES)
    assert len(tail.items) == 10
    assert any("equal sources in a row" in text for text in tail.note.relaxed)


@given(n=st.integers(1, 25), before=st.integers(0, 80), every=st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_no_more_of_the_list_is_needed_than_a_run_reaches_back(
    n: int, before: int, every: int
) -> None:
    there, added = items_of(before, every=every), items_of(n, first=100, every=every)
    near = there[max(0, before - max(FIRST_MAIN, n)) :]
    assert order_tail(near, added, **NAMES) == order_tail(there, added, **NAMES)


def test_a_control_is_not_among_the_first_five_of_a_new_sitting() -> None:
    added = [*items_of(10, first=10), Item("C0099", "k1", "real", is_control=True)]
    for number in range(20):
        tail: Tail = order_tail([], added, secret=SECRET, part=1, reader=f"R{number}")
        assert not any(item.is_control for item in tail.items[:FIRST_MAIN])


def spread(n: int, unread: dict[str, int], k: int, **more: object) -> dict[str, tuple[str, ...]]:
    cases = [(f"C{i:04d}", f"s{i % 2}") for i in range(n)]
    return spread_added(cases, unread, k, secret=SECRET, barred=more or {})  # type: ignore[arg-type]


def test_added_cases_go_to_k_readers_with_the_shortest_lists() -> None:
    chosen = spread(6, {"R01": 10, "R02": 0, "R03": 4}, 1)
    assert Counter(who for block in chosen.values() for who in block) == {"R02": 5, "R03": 1}
    chosen = spread(9, {"R01": 5, "R02": 5, "R03": 5}, 2)
    assert {len(block) for block in chosen.values()} == {2}
    loads = Counter(who for block in chosen.values() for who in block)
    assert set(loads.values()) == {6}


def test_nobody_gets_a_case_that_is_barred_and_fewer_than_k_is_what_it_is() -> None:
    barred = {"R01": frozenset({"C0000"}), "R02": frozenset({"C0000", "C0001"})}
    chosen = spread(2, {"R01": 0, "R02": 0}, 2, **barred)
    assert chosen == {"C0000": (), "C0001": ("R01",)}
