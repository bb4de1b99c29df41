"""The pieces of a report: tables, figures, sections. Pages, files and the API render these."""

from dataclasses import asdict, dataclass, field
from typing import Any

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Row:
    """Be the base of a table's records: flat frozen dataclasses of plain values."""


@dataclass(frozen=True)
class Table:
    """Hold a table twice: `records` for machines (one flat row each), `body` for people.

    `body` has a line of formatted text per row under `header`; a header that starts with `#`
    names a column of numbers, `total` counts the closing rows. `caption` names the methods.
    """

    key: str
    title: str
    records: tuple[Row, ...]
    header: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    caption: str = ""
    total: int = 0


@dataclass(frozen=True)
class Figure:
    """Hold a Plotly figure as plain data and layout, with a text for who cannot see it."""

    key: str
    title: str
    alt: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Section:
    """Hold one page of results: a reading in plain language, then figures and tables.

    `headline` is what the first page repeats of the reading; empty where it repeats nothing.
    """

    key: str
    title: str
    reading: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()
    is_empty: bool = False
    headline: str = ""


@dataclass(frozen=True)
class Report:
    """Hold everything that one snapshot says."""

    title: str
    snapshot: str
    code_version: str
    sections: tuple[Section, ...] = field(default_factory=tuple)

    def plain(self) -> dict[str, Any]:
        """Return the report as JSON-ready data; records become objects by column."""
        return asdict(self)


def empty_section(key: str, title: str, reading: str) -> Section:
    """Return a section that says why there is nothing to show and what to do about it."""
    return Section(key=key, title=title, reading=reading, is_empty=True)
