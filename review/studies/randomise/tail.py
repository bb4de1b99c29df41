"""The end of a reader's list, grown while the study runs: nothing that stands there moves.

Cases that an amendment adds come after the last place, by rank = HMAC-SHA256(secret, part | reader
| case | 0); the same repair as at the start keeps equal classes and sources from following each
other too often, counting the places before. Pure: the same list and cases give the same tail.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from review.studies.randomise.keys import keyed_rank
from review.studies.randomise.repair import (
    MAX_RUN,
    Item,
    Placed,
    Repair,
    longest_run,
    run_limit,
)

VERSION = "hmac-tail-1"


@dataclass(frozen=True)
class TailNote:
    """What the tail reached; stored beside the order."""

    version: str
    n: int
    run_limit_class: int
    run_limit_source: int
    longest_run_class: int
    longest_run_source: int
    relaxed: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Tail:
    """The added cases in their order."""

    items: tuple[Item, ...]
    note: TailNote


def order_tail(
    before: Sequence[Item],
    added: Sequence[Item],
    *,
    secret: bytes,
    part: object,
    reader: object,
) -> Tail:
    """Order the added cases behind the list as it stands.

    `before`: its places, repeats included, or as many of the last ones as a run can reach back:
    FIRST_MAIN, or the number of added cases if that is more.
    """
    ranked = sorted(added, key=lambda item: keyed_rank(secret, part, reader, item.case, 0))
    limits = (
        run_limit(item.image_class for item in added),
        run_limit(item.source for item in added),
    )
    kept = [Placed(item, 0) for item in before]
    places = Repair(limits, 1, {}, kept).place([Placed(item, 0) for item in ranked])
    items = [placed.item for placed in places[len(kept) :]]
    return Tail(tuple(items), _note(before, items, limits))


def _note(before: Sequence[Item], items: Sequence[Item], limits: tuple[int, int]) -> TailNote:
    """Say how long the runs are that end in the tail, those that begin before it included."""
    near = [*before[max(0, len(before) - MAX_RUN) :], *items]
    by_class = longest_run(item.image_class for item in near)
    by_source = longest_run(item.source for item in near)
    kept = {
        f"equal classes in a row: {by_class}, not {MAX_RUN}": by_class <= MAX_RUN,
        f"equal sources in a row: {by_source}, not {MAX_RUN}": by_source <= MAX_RUN,
    }
    return TailNote(
        version=VERSION,
        n=len(items),
        run_limit_class=limits[0],
        run_limit_source=limits[1],
        longest_run_class=by_class,
        longest_run_source=by_source,
        relaxed=tuple(text for text, is_kept in kept.items() if not is_kept),
    )
