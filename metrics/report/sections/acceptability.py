"""The acceptability page."""

import numpy as np
import pandas as pd

from metrics.report import figures, words
from metrics.report.acceptability import (
    AcceptRow,
    LevelRow,
    accept_rows,
    accept_table,
    level_rows,
    level_table,
)
from metrics.report.document import Figure, Section, Table, empty_section
from metrics.report.facts import Facts
from metrics.report.readers import standing_notes
from metrics.report.selection import arms_of, of_kind, parts_of, primary, readers_of
from metrics.report.times import EffectRow, effect_table
from metrics.stats.mixed import ordinal_logit

KEY, TITLE = "acceptability", "Acceptability"


def section(frame: pd.DataFrame, facts: Facts) -> Section:
    """Return the section; without an acceptability part it says so."""
    rows = primary(of_kind(frame, "acceptability"))
    if not rows["rating"].notna().any():
        return empty_section(KEY, TITLE, "No acceptability rating was given in this study.")
    figures_: list[Figure] = []
    tables: list[Table] = []
    readings: list[str] = []
    for suffix, part in parts_of(rows):
        accepted, levels = accept_rows(part, facts), level_rows(part, facts)
        tables += [
            accept_table(accepted, facts, f"acceptability{suffix}"),
            level_table(levels, facts, f"levels{suffix}"),
        ]
        arms = _arm_rows(part, facts)
        tables += [effect_table(arms, f"arms{suffix}", "Arms compared")] if arms else []
        figures_.append(_figure(levels, facts, suffix))
        readings.append(_reading(accepted, facts))
    return Section(
        KEY,
        TITLE,
        f"{' '.join(readings)} Snapshot {facts.hash}.",
        tuple(figures_),
        tuple(tables),
        standing_notes(len(readers_of(rows)), facts),
    )


def _figure(rows: tuple[LevelRow, ...], facts: Facts, suffix: str) -> Figure:
    arms = list(dict.fromkeys(row.arm for row in rows))
    labels = dict.fromkeys((row.level, row.label) for row in rows if row.level)
    cells = {(row.arm, row.level): row.n for row in rows}
    parts = [(label, [cells[arm, level] for arm in arms]) for level, label in labels]
    names = [facts.arm(arm).label for arm in arms]
    return figures.stacked(names, parts, f"levels{suffix}", "Ratings by level", ordered=True)


def _arm_rows(part: pd.DataFrame, facts: Facts) -> tuple[EffectRow, ...]:
    """Return a proportional-odds model of the arms for one reader; several are never pooled."""
    arms = arms_of(part, facts)
    if len(readers_of(part)) != 1 or len(arms) < 2:
        return ()
    design = pd.DataFrame(
        {arm: (part["arm"] == arm).to_numpy(dtype=float) for arm in arms if arm != arms[-1]}
    )
    values = part["rating"].to_numpy(dtype=float, na_value=np.nan)
    try:
        fit = ordinal_logit(values, design)
    except ValueError:
        return ()
    rows = []
    for arm in design.columns:
        test = fit.term(arm)
        label = f"odds ratio of a better rating, {facts.arm(arm).label} to "
        rows.append(
            EffectRow(
                int(part["part"].iloc[0]),
                KEY,
                readers_of(part)[0],
                label + facts.arm(arms[-1]).label,
                float(np.exp(test.estimate)),
                float(np.exp(test.low)),
                float(np.exp(test.high)),
                test.p,
                test.n_images,
                1,
                test.n_readings,
                test.method,
                "this reader",
                "; ".join(words.unique(test.warnings)),
            )
        )
    return tuple(rows)


def _reading(rows: tuple[AcceptRow, ...], facts: Facts) -> str:
    said = []
    for row in rows:
        if row.class_code:
            continue
        label = facts.arm(row.arm).label
        if row.estimate is None:
            said.append(f"{label}: no image has three ratings, so that the rule says nothing")
            continue
        point = "met" if row.point_rule_met else "not met"
        bound = "met" if row.bound_rule_met else "not met"
        said.append(
            f"{label}: {row.accepted} of {row.eligible} eligible images accepted, lower bound "
            f"{words.percent(row.bound)}: point rule {point}, bound rule {bound}"
        )
    used = [words.method(row.method) for row in rows if row.estimate is not None]
    return f"{'; '.join(said)}." + (f" Method: {used[0]}; these readers." if used else "")
