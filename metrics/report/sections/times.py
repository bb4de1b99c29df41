"""The times page: how long readings took, and whether readers changed along the way."""

import pandas as pd

from metrics.report import figures, words
from metrics.report.document import Figure, Section, Table, empty_section
from metrics.report.facts import Facts
from metrics.report.readers import standing_notes
from metrics.report.selection import arms_of, parts_of, primary, readers_of
from metrics.report.times import (
    ORDER_RATIO,
    EffectRow,
    TimeRow,
    drift_rows,
    drift_table,
    effect_rows,
    effect_table,
    order_rows,
    time_rows,
    time_table,
)

KEY, TITLE = "times", "Times and drift"
METHOD = "mixed model of log active time, readers and images crossed, REML; readers like these"
WITH_YES = {"plausibility", "lesion", "turing"}


def section(frame: pd.DataFrame, facts: Facts) -> Section:
    """Return the section; without recorded times it says so."""
    rows = primary(frame)
    if not readers_of(rows) or not (rows["active_ms"].fillna(0) > 0).any():
        return empty_section(KEY, TITLE, "No reading of this study has a recorded time.")
    figures_: list[Figure] = []
    tables: list[Table] = []
    readings: list[str] = []
    refused: list[str] = []
    for suffix, part in parts_of(rows):
        times, effects = time_rows(part, facts), effect_rows(part, facts)
        kind = str(part["part_kind"].iloc[0])
        tables += [
            time_table(times, facts, f"times{suffix}"),
            effect_table(effects, f"time-effects{suffix}", f"Effects on time, {kind}"),
        ]
        if kind in WITH_YES:
            order = order_rows(part)
            tables += [
                drift_table(drift_rows(part), f"drift{suffix}"),
                effect_table(order, f"order{suffix}", f"Order effects on answers, {kind}"),
            ]
        figures_.append(_figure(part, times, facts, suffix))
        readings.append(_reading(effects, times, f"Part {part['part'].iloc[0]}, {kind}"))
        refused += [row.warnings for row in effects if row.estimate is None]
    return Section(
        KEY,
        TITLE,
        f"{' '.join(readings)} {_method(len(readings), refused)} Snapshot {facts.hash}.",
        tuple(figures_),
        tuple(tables),
        standing_notes(len(readers_of(rows)), facts),
    )


def _figure(part: pd.DataFrame, rows: tuple[TimeRow, ...], facts: Facts, suffix: str) -> Figure:
    """Return medians and quartiles per reader, a marker per arm."""
    data, readers, arms = [], readers_of(part), arms_of(part, facts)
    step = 0.5 / len(arms)
    for index, arm in enumerate(arms):
        mine = [row for row in rows if row.arm == arm]
        shift = (index - (len(arms) - 1) / 2) * step
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": facts.arm(arm).label,
                "x": [row.median for row in mine],
                "y": [readers.index(row.reader) + shift for row in mine],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [row.upper_quartile - row.median for row in mine],
                    "arrayminus": [row.median - row.lower_quartile for row in mine],
                },
                "marker": figures.style(index, facts.arm(arm).source),
                "customdata": [row.reader for row in mine],
                "hovertemplate": "%{customdata}: %{x:.2f} s<extra>%{fullData.name}</extra>",
            }
        )
    kind = str(part["part_kind"].iloc[0])
    layout = {
        "xaxis": {"title": {"text": "active seconds, median and quartiles"}, "rangemode": "tozero"},
        "yaxis": {
            "tickvals": list(range(len(readers))),
            "ticktext": readers,
            "range": [len(readers) - 0.4, -0.6],
            "zeroline": False,
        },
        "height": 160 + 46 * len(readers),
    }
    alt = f"Median active seconds per reader and arm in the {kind} part; table below."
    return figures.figure(f"times{suffix}", f"Reading times, {kind}", alt, data, layout)


def _method(n_parts: int, refused: list[str]) -> str:
    """Name the model, and say once why it is refused where it is."""
    used = f"Method: {METHOD}." if len(refused) < n_parts else ""
    if not refused:
        return used
    where = "" if len(refused) == n_parts else f" in {words.count(len(refused), 'part')}"
    why = f"No model of order and arm{where}: {refused[0].rstrip('.')}."
    return f"{used} {why}".strip()


def _reading(effects: tuple[EffectRow, ...], times: tuple[TimeRow, ...], name: str) -> str:
    by_name = {row.effect: row for row in effects if row.estimate is not None}
    order = by_name.get(ORDER_RATIO)
    head = f"{name}: {words.count(sum(row.n_readings for row in times), 'reading')} with a time"
    if order is None:
        return f"{head}."
    limits = words.number_with_limits(order.estimate, order.low, order.high)
    return f"{head}; ratio of geometric means per 10 images further down the list {limits}."
