"""Split one reader's list of a part into consecutive sittings, balanced over strata."""

from collections.abc import Mapping, Sequence

from review.studies.randomise.keys import keyed_rank
from review.studies.randomise.order import Again, Item, Order, order_cases


def split_cases(
    strata: Mapping[str, str], sittings: int, *, secret: bytes, names: tuple[object, ...]
) -> dict[str, int]:
    """Map every case of {case: stratum} to a sitting from 0.

    Sittings differ by at most one case, in each stratum and in total: the cases are dealt out in
    turn, stratum after stratum, by keyed rank within each.
    """
    dealt = sorted(strata, key=lambda case: (strata[case], keyed_rank(secret, *names, case)))
    return {case: at % sittings for at, case in enumerate(dealt)}


def order_sittings(
    items: Sequence[Item],
    strata: Mapping[str, str],
    *,
    secret: bytes,
    part: object,
    reader: object,
    sittings: int,
    repeated: frozenset[str],
    min_gap: int,
) -> list[Order]:
    """Return the reader's list of each sitting; there are never more sittings than cases.

    A case that is read twice comes again in the sitting after its first, beyond the washout; only
    those of the last sitting come again within it. One sitting gives the same order as order_cases.
    """
    sittings = max(1, min(sittings, len(items)))
    names = ("sitting", part, reader)
    place = split_cases(strata, sittings, secret=secret, names=names)
    orders: list[Order] = []
    again: list[Again] = []
    for number in range(sittings):
        mine = [item for item in items if place[item.case] == number]
        is_last = number == sittings - 1
        within = repeated & {item.case for item in mine} if is_last else frozenset()
        order = order_cases(
            mine,
            secret=secret,
            part=part,
            reader=reader,
            repeated=within,
            min_gap=min_gap,
            again=again,
        )
        again = _read_again(order, repeated)
        orders.append(order)
    return orders


def _read_again(order: Order, repeated: frozenset[str]) -> list[Again]:
    """Return the cases that this sitting shows for the first time and the next one again."""
    n = len(order.places)
    return [
        Again(placed.item, n - at)
        for at, placed in enumerate(order.places)
        if placed.replicate == 0 and placed.item.case in repeated
    ]
