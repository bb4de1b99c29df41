"""Which readings an API client asks for. Only names on the lists below mean anything."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from review.results.errors import FilterRefused

if TYPE_CHECKING:
    import pandas as pd

TEXT_FILTERS = (
    "reader", "part_kind", "case", "arm", "source", "class", "truth_class", "role", "outcome",
    "source_of_reading",
)  # fmt: skip
COUNT_FILTERS = ("part", "session", "replicate", "round", "prototype")
ORDERINGS = ("part", "reader", "position", "case", "received_at", "active_ms")
PAGE_NAMES = ("limit", "offset")
MAX_LIMIT = 5000
DEFAULT_LIMIT = 100
MOST_NAMED = 20

Vocabulary = Callable[[str], set[Any]]


def select(
    frame: "pd.DataFrame", query: Mapping[str, str], of_study: Vocabulary, *, paged: bool = True
) -> "pd.DataFrame":
    """Return the rows that the query's filters keep, in the order it asks for.

    `of_study` gives the values of a filter that the study knows; those of the frame count too.
    Raises FilterRefused for a name or a value that neither knows.
    """
    known = (*TEXT_FILTERS, *COUNT_FILTERS, *(PAGE_NAMES if paged else ()), "ordering")
    for name in query:
        if name not in known:
            raise FilterRefused(f"There is no filter {name!r}. There are: {', '.join(known)}.")
    kept = frame
    for name in (*TEXT_FILTERS, *COUNT_FILTERS):
        if name in query:
            wanted = _wanted(name, query[name])
            _check_known(name, wanted, {*frame[name].dropna().unique()} | of_study(name))
            kept = kept[kept[name].isin(wanted)]
    return _ordered(kept, query.get("ordering", ""))


def _wanted(name: str, text: str) -> list[Any]:
    values = text.split(",")
    return [_whole(name, value) for value in values] if name in COUNT_FILTERS else values


def _check_known(name: str, wanted: list[Any], known: set[Any]) -> None:
    for value in wanted:
        if value not in known:
            named = [str(one) for one in sorted(known) if one != ""]
            more = len(named) - MOST_NAMED
            shown = ", ".join(named[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
            raise FilterRefused(
                f"{name} is {str(value)[:40]!r}; this study knows: {shown or 'none'}."
            )


def page_of(query: Mapping[str, str]) -> tuple[int, int]:
    """Return limit and offset. Raises FilterRefused for anything but whole numbers in range."""
    limit = _whole("limit", query.get("limit", str(DEFAULT_LIMIT)))
    offset = _whole("offset", query.get("offset", "0"))
    if not 1 <= limit <= MAX_LIMIT:
        raise FilterRefused(f"limit is {limit}; it must lie between 1 and {MAX_LIMIT}.")
    return limit, offset


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise FilterRefused(f"{name} is {text[:40]!r}; it must be a whole number from 0.")
    return int(text)


def _ordered(frame: "pd.DataFrame", ordering: str) -> "pd.DataFrame":
    names = [name for name in ordering.split(",") if name]
    for name in names:
        if name.removeprefix("-") not in ORDERINGS:
            raise FilterRefused(
                f"There is no ordering {name!r}. There are: {', '.join(ORDERINGS)}, each with or "
                "without a minus sign."
            )
    if not names:
        return frame
    columns = [name.removeprefix("-") for name in names]
    ascending = [not name.startswith("-") for name in names]
    return frame.sort_values(columns, ascending=ascending, kind="stable")
