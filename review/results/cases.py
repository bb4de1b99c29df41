"""The cases of an unblinded study with what readers said of each, in the order somebody asks for.

Computed once per snapshot and kept, like the report. Only names on the lists below mean anything
in an address.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from review.catalog.storage import read_bytes
from review.readings.adjudication.rules import DISPUTED, DISPUTED_HIGH, DISPUTED_LOW, SPLIT
from review.results.errors import FilterRefused
from review.results.models import Export, Snapshot
from review.results.reports import SMALL_ROWS, ask_for_report, find_export, keep_export

if TYPE_CHECKING:
    from metrics.report.cases import CaseLine

CASES = "cases.json"
AGREED, ONE_VIEW, NO_VIEW = "agreed", "one reader", "not judged"
OPINIONS = (DISPUTED, SPLIT, AGREED, ONE_VIEW, NO_VIEW)
SHARES = {
    "plausibility": "Plausible",
    "lesion": "Plausible",
    "turing": "Called real",
    "identify": "Named as meant",
    "acceptability": "Acceptable",
}
FILTERS = ("part", "class", "arm", "opinion")
Fact = Callable[["CaseLine"], Any]
ORDERS: dict[str, Fact] = {
    "case": lambda line: 0,
    "class": lambda line: line.class_code,
    "arm": lambda line: line.arm,
    "judged": lambda line: line.n_judged,
    "share": lambda line: -1.0 if line.share is None else line.share,
    "opinion": lambda line: OPINIONS.index(opinion_of(line)),
    "flags": lambda line: line.n_flags,
}


def opinion_of(line: "CaseLine") -> str:
    """Say how far the readers of a case agree; disputed as the adjudication queue means it."""
    if line.share is None:
        return NO_VIEW
    if line.n_judged == 1:
        return ONE_VIEW
    if DISPUTED_LOW < line.share < DISPUTED_HIGH:
        return DISPUTED
    return SPLIT if 0 < line.share < 1 else AGREED


VALUES: dict[str, Fact] = {
    "class": lambda line: line.class_code,
    "arm": lambda line: line.arm,
    "opinion": opinion_of,
}


def build_cases(snapshot: Snapshot) -> Export:
    """Count the readings of every case and keep the lines."""
    from metrics.report.cases import case_lines
    from review.results.frames import load_snapshot

    plan = snapshot.exclusions["facts"]["analysis_plan"] or {}
    lines = case_lines(load_snapshot(snapshot), float(plan.get("accept_at", 4)))
    content = json.dumps([asdict(line) for line in lines], separators=(",", ":"))
    return keep_export(snapshot, CASES, content.encode(), ".json")


def ready_cases(snapshot: Snapshot) -> "tuple[CaseLine, ...] | None":
    """Return the lines; None while a worker builds them for a large study."""
    found = find_export(snapshot, CASES)
    if found is None and snapshot.rows <= SMALL_ROWS:
        found = build_cases(snapshot)
    if found is None:
        ask_for_report(snapshot)
        return None
    return _parsed(found.storage_key)


@lru_cache(maxsize=4)
def _parsed(storage_key: str) -> "tuple[CaseLine, ...]":
    from metrics.report.cases import CaseLine

    return tuple(CaseLine(**line) for line in json.loads(read_bytes(storage_key)))


@dataclass(frozen=True)
class Selection:
    """The cases of one part that the filters keep, in order; `query` says how they were chosen."""

    lines: "tuple[CaseLine, ...]"
    part: int
    query: Mapping[str, str]

    @property
    def order(self) -> str:
        return self.query.get("order", "case")

    def place_of(self, part: int, case: str) -> int | None:
        """Return the index of a case, or None where it is not among the chosen."""
        keys = [(line.part, line.case) for line in self.lines]
        return keys.index((part, case)) if (part, case) in keys else None

    def beside(self, part: int, case: str) -> "tuple[CaseLine | None, CaseLine | None]":
        """Return the lines before and after a case; None at an end, and where it is not listed."""
        at = self.place_of(part, case)
        if at is None:
            return None, None
        before = self.lines[at - 1] if at else None
        return before, self.lines[at + 1] if at + 1 < len(self.lines) else None


def select_cases(lines: "Sequence[CaseLine]", query: Mapping[str, str]) -> Selection:
    """Return the lines that the query asks for; without a part those of the first.

    Raises FilterRefused for a name or a value that the lists do not know.
    """
    known = (*FILTERS, "order", "page")
    for name in query:
        if name not in known:
            raise FilterRefused(f"There is no filter {name[:40]!r}. There are: {', '.join(known)}.")
    asked = {name: query[name] for name in (*FILTERS, "order") if query.get(name)}
    parts = sorted({line.part for line in lines}) or [1]
    part = int(_one_of("part", asked.get("part", str(parts[0])), [str(one) for one in parts]))
    found = [line for line in lines if line.part == part]
    for name, value_of in VALUES.items():
        if name in asked:
            offered = OPINIONS if name == "opinion" else sorted({value_of(one) for one in lines})
            wanted = _one_of(name, asked[name], offered)
            found = [line for line in found if value_of(line) == wanted]
    return Selection(tuple(_ordered(found, asked.get("order", "case"))), part, asked)


def _one_of(name: str, value: str, offered: Sequence[str]) -> str:
    if value not in offered:
        raise FilterRefused(
            f"There is no {name} {value[:40]!r} in this study. There are: {', '.join(offered)}."
        )
    return value


def _ordered(lines: "list[CaseLine]", order: str) -> "list[CaseLine]":
    name = order.removeprefix("-")
    if name not in ORDERS:
        raise FilterRefused(
            f"There is no order {order[:40]!r}. There are: {', '.join(ORDERS)}, each with or "
            "without a minus sign."
        )
    if name == "case":
        return lines[::-1] if order.startswith("-") else lines
    return sorted(lines, key=ORDERS[name], reverse=order.startswith("-"))
