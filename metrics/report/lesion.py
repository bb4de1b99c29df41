"""Lesion parts: where readers saw the defect, per arm."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from metrics.report import figures
from metrics.report.document import Figure, Row, Table
from metrics.report.facts import Facts
from metrics.report.selection import arms_of, verdicts


@dataclass(frozen=True)
class DefectRow(Row):
    """Count the readings of one arm, and those that say where the defect is."""

    part: int
    arm: str
    source: str
    n_judged: int
    n_implausible: int
    n_marked: int


def marked(part: pd.DataFrame) -> pd.DataFrame:
    """Return the readings with a point."""
    return part[part["defect_x"].notna() & part["defect_y"].notna()]


def defect_rows(part: pd.DataFrame, facts: Facts) -> tuple[DefectRow, ...]:
    """Return a row per arm."""
    rows = []
    for arm in arms_of(part, facts):
        mine = part[part["arm"] == arm]
        said = verdicts(mine)
        rows.append(
            DefectRow(
                part=int(part["part"].iloc[0]),
                arm=arm,
                source=facts.arm(arm).source,
                n_judged=int(np.isfinite(said).sum()),
                n_implausible=int((said == 0).sum()),
                n_marked=len(marked(mine)),
            )
        )
    return tuple(rows)


def defect_table(rows: tuple[DefectRow, ...], facts: Facts, key: str) -> Table:
    """Return the counts as a table."""
    return Table(
        key=key,
        title="Defects marked",
        records=rows,
        header=("Arm", "#judged", "#implausible", "#with a point"),
        body=tuple(
            (facts.arm(row.arm).label, str(row.n_judged), str(row.n_implausible), str(row.n_marked))
            for row in rows
        ),
        caption="Readings, not images: a case that two readers marked counts twice.",
    )


def defect_figure(part: pd.DataFrame, facts: Facts, key: str) -> Figure:
    """Return every marked point over the frame of the image, a marker per arm."""
    data = []
    for index, arm in enumerate(arms_of(part, facts)):
        mine = marked(part[part["arm"] == arm])
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": facts.arm(arm).label,
                "x": mine["defect_x"].tolist(),
                "y": mine["defect_y"].tolist(),
                "text": (mine["case"] + ", " + mine["class"]).tolist(),
                "marker": figures.style(index, facts.arm(arm).source) | {"opacity": 0.7},
                "hovertemplate": "%{text}: %{x:.0%} across, %{y:.0%} down"
                "<extra>%{fullData.name}</extra>",
            }
        )
    layout = {
        "xaxis": _side("across the image", [0, 1]),
        "yaxis": _side("down the image", [1, 0]) | {"scaleanchor": "x"},
        "height": 520,
    }
    alt = f"Where readers marked a defect: {len(marked(part))} points over the frame of the image."
    return figures.figure(key, "Where the defect is", alt, data, layout)


def _side(title: str, ends: list[int]) -> dict[str, object]:
    return {
        "title": {"text": title},
        "range": ends,
        "tickformat": ".0%",
        "constrain": "domain",
        "mirror": True,
        "showline": True,
        "zeroline": False,
    }
