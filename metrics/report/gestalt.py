"""The overall verdict beside the derived one: how often they agree. It never enters a rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.rates import estimate_or_reason
from metrics.report.selection import arms_of, for_rates, readers_of, verdicts
from metrics.stats.result import Estimate


@dataclass(frozen=True)
class GestaltRow(Row):
    """Hold one arm's readings by both verdicts, and the share of readings in which they agree.

    The first word of a count is the overall verdict, the second the derived one. `estimate` is
    None where the data refuse it, and `warnings` then say why.
    """

    part: int
    arm: str
    source: str
    estimate: float | None
    low: float | None
    high: float | None
    n_images: int
    n_readers: int
    n_readings: int
    n_plausible_plausible: int
    n_plausible_implausible: int
    n_implausible_plausible: int
    n_implausible_implausible: int
    n_without: int
    method: str
    estimand: str
    warnings: str


def gestalt_rows(part: pd.DataFrame, facts: Facts) -> tuple[GestaltRow, ...]:
    """Return a row per arm; none where no overall verdict was given.

    part: the primary rows of one part that judges criteria. Agreement is a rate of readings like
    plausibility, and so is estimated by the same methods: readers and images random, weighted
    where images were screened.
    """
    if part["gestalt"].isna().all():
        return ()
    return tuple(_row(part[part["arm"] == arm], arm, facts) for arm in arms_of(part, facts))


def _row(cell: pd.DataFrame, arm: str, facts: Facts) -> GestaltRow:
    overall = cell["gestalt"].to_numpy(dtype=float, na_value=np.nan)
    derived = verdicts(cell)
    both = ~np.isnan(overall) & ~np.isnan(derived)
    agree = np.where(both, overall == derived, np.nan)
    judged = for_rates(cell)[both].assign(verdict=agree[both])
    found: Estimate | None = None
    why = "no reading has both verdicts"
    if both.any():
        found, why = estimate_or_reason(judged)

    def counted(first: float, second: float) -> int:
        return int(((overall == first) & (derived == second)).sum())

    return GestaltRow(
        part=int(cell["part"].iloc[0]),
        arm=arm,
        source=facts.arm(arm).source,
        estimate=found.estimate if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        n_images=int(judged["case"].nunique()),
        n_readers=len(readers_of(judged)),
        n_readings=int(both.sum()),
        n_plausible_plausible=counted(1, 1),
        n_plausible_implausible=counted(1, 0),
        n_implausible_plausible=counted(0, 1),
        n_implausible_implausible=counted(0, 0),
        n_without=int((~np.isnan(derived) & np.isnan(overall)).sum()),
        method=found.method if found else "refused",
        estimand=found.estimand if found else "",
        warnings="; ".join(words.unique((*(found.warnings if found else ()), why))),
    )


def gestalt_table(rows: Sequence[GestaltRow], facts: Facts, key: str) -> Table:
    """Return a line per arm: the four counts, and the share of readings that agree."""
    return Table(
        key=key,
        title="Overall verdict against derived verdict",
        records=tuple(rows),
        header=(
            "Arm",
            "#both plausible",
            "#only overall plausible",
            "#only derived plausible",
            "#both implausible",
            "#Agree (95 %)",
        ),
        body=tuple(
            (
                facts.arm(row.arm).label,
                f"{row.n_plausible_plausible:,}",
                f"{row.n_plausible_implausible:,}",
                f"{row.n_implausible_plausible:,}",
                f"{row.n_implausible_implausible:,}",
                words.marked(words.with_limits(row.estimate, row.low, row.high), row.warnings),
            )
            for row in rows
        ),
        caption=(
            "The overall verdict is asked after the criteria and enters no rate; only the derived "
            f"one does. {words.methods(rows)}{words.luck(rows)}"
        ),
    )


def gestalt_sentence(rows: Sequence[GestaltRow], facts: Facts) -> str:
    """Return what a section's reading says of it: a description, without a test."""
    said = [
        f"{facts.arm(row.arm).label} "
        f"{words.marked(words.with_limits(row.estimate, row.low, row.high), row.warnings)}"
        for row in rows
        if row.estimate is not None
    ]
    if not said:
        return ""
    return (
        f"Share of readings whose overall verdict is the derived one: {'; '.join(said)}; "
        "a description, the derived rate alone answers the question of the study."
    )


def gestalt_parts(part: pd.DataFrame, facts: Facts, key: str) -> tuple[list[Table], str]:
    """Return the table in a list with its sentence; nothing where no overall verdict was asked."""
    rows = gestalt_rows(part, facts)
    if not rows:
        return [], ""
    return [gestalt_table(rows, facts, key)], gestalt_sentence(rows, facts)
