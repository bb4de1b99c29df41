"""Acceptability: the 80 % rule both ways, and the counts of every level. Never a mean."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.selection import arms_of, cases, classes_of, readers_of
from metrics.stats.likert import majority_acceptability

EVERY_CLASS = "All classes"


@dataclass(frozen=True)
class AcceptRow(Row):
    """Hold the rule for one class and arm: accepted of eligible, and both readings of 80 %."""

    part: int
    class_code: str
    class_name: str
    arm: str
    source: str
    estimate: float | None
    bound: float | None
    accepted: int
    eligible: int
    not_eligible: int
    ties: int
    point_rule_met: bool | None
    bound_rule_met: bool | None
    target: float
    accept_at: float
    n_readers: int
    n_readings: int
    n_missing: int
    method: str
    warnings: str


@dataclass(frozen=True)
class LevelRow(Row):
    """Hold how many ratings of an arm fell on one level; level 0 is no rating, and says why."""

    part: int
    arm: str
    source: str
    level: int
    label: str
    n: int


def accept_rows(part: pd.DataFrame, facts: Facts) -> tuple[AcceptRow, ...]:
    """Return a row per arm and class, all classes of an arm last."""
    rows = []
    for arm in arms_of(part, facts):
        of_arm = part[part["arm"] == arm]
        for code in [*classes_of(of_arm, facts), ""]:
            cell = of_arm[of_arm["class"] == code] if code else of_arm
            rows.append(_accept_row(cell, (arm, code), facts))
    return tuple(rows)


def _accept_row(cell: pd.DataFrame, name: tuple[str, str], facts: Facts) -> AcceptRow:
    arm, code = name
    target = float(facts.plan.get("acceptability_target", 0.80))
    accept_at = float(facts.plan.get("accept_at", 4))
    least = int(facts.plan.get("acceptability_min_readers", 3))
    grid = pd.DataFrame(
        {
            "case": cases(cell).to_numpy(),
            "reader": cell["reader"].to_numpy(),
            "value": cell["rating"].to_numpy(dtype=float, na_value=np.nan),
        }
    ).pivot(index="case", columns="reader", values="value")
    try:
        found = majority_acceptability(grid.to_numpy(), accept_at, least, target=target)
        why = "; ".join(found.warnings)
    except ValueError as error:
        found, why = None, str(error)
    return AcceptRow(
        part=int(cell["part"].iloc[0]),
        class_code=code,
        class_name=facts.class_name(code) if code else EVERY_CLASS,
        arm=arm,
        source=facts.arm(arm).source,
        estimate=found.estimate if found else None,
        bound=found.low if found else None,
        accepted=found.accepted if found else 0,
        eligible=found.eligible if found else 0,
        not_eligible=found.not_eligible if found else len(grid),
        ties=found.ties if found else 0,
        point_rule_met=found.point_rule_met if found else None,
        bound_rule_met=found.bound_rule_met if found else None,
        target=target,
        accept_at=accept_at,
        n_readers=len(readers_of(cell)),
        n_readings=int(cell["rating"].notna().sum()),
        n_missing=int(cell["rating"].isna().sum()),
        method=found.method if found else "refused",
        warnings=why,
    )


def level_rows(part: pd.DataFrame, facts: Facts) -> tuple[LevelRow, ...]:
    """Return the counts of every level per arm."""
    return tuple(_levels(part, facts))


def _levels(part: pd.DataFrame, facts: Facts) -> Iterator[LevelRow]:
    order = int(part["part"].iloc[0])
    labels = facts.scale(order)
    top = max(len(labels), int(part["rating"].max()), 5)
    for arm in arms_of(part, facts):
        mine, source = part[part["arm"] == arm], facts.arm(arm).source
        counts, outcomes = mine["rating"].value_counts(), mine["outcome"].value_counts()
        for level in range(1, top + 1):
            label = labels[level - 1] if level <= len(labels) else str(level)
            yield LevelRow(order, arm, source, level, str(label), int(counts.get(level, 0)))
        for outcome in ("cannot_judge", "missing"):
            label = outcome.replace("_", " ")
            yield LevelRow(order, arm, source, 0, label, int(outcomes.get(outcome, 0)))


def accept_table(rows: tuple[AcceptRow, ...], facts: Facts, key: str) -> Table:
    """Return accepted of eligible, the bound, and whether each reading of the rule is met."""
    return Table(
        key=key,
        title="Acceptable to a majority",
        records=rows,
        header=("Arm", "Class", "#Accepted", "#95 % lower bound", "Point rule", "Bound rule",
                "#not eligible", "#ties"),
        body=tuple(
            (
                facts.arm(row.arm).label,
                row.class_name,
                f"{row.accepted} of {row.eligible}" if row.eligible else words.NONE,
                words.percent(row.bound),
                _met(row.point_rule_met),
                _met(row.bound_rule_met),
                str(row.not_eligible),
                str(row.ties),
            )
            for row in rows
        ),
        caption=_caption(rows),
    )  # fmt: skip


def _met(is_met: bool | None) -> str:
    return words.NONE if is_met is None else ("met" if is_met else "not met")


def _caption(rows: tuple[AcceptRow, ...]) -> str:
    target = words.percent(rows[0].target, 0) if rows else ""
    at = f"{rows[0].accept_at:g}" if rows else ""
    return (
        f"An image is accepted when a strict majority of at least three readers rates it {at} or "
        f"more; ties fail. Point rule: share at least {target}. Bound rule: exact one-sided 95 % "
        f"lower bound above {target}."
    )


def level_table(rows: tuple[LevelRow, ...], facts: Facts, key: str) -> Table:
    """Return the counts of levels, a line per arm."""
    arms = list(dict.fromkeys(row.arm for row in rows))
    labels = list(dict.fromkeys((row.level, row.label) for row in rows))
    cells = {(row.arm, row.level, row.label): row.n for row in rows}
    return Table(
        key=key,
        title="Ratings by level",
        records=rows,
        header=("Arm", *(f"#{label}" for _, label in labels)),
        body=tuple(
            (facts.arm(arm).label, *(str(cells[arm, *label]) for label in labels)) for arm in arms
        ),
        caption="Counts of readings: a description. Levels are ordered, not spaced: no mean.",
    )
