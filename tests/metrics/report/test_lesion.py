"""The lesion page: rates, and every marked point over the frame of the image."""

import numpy as np
import pandas as pd

from metrics.report.document import Section
from metrics.report.sections.lesion import section
from tests.metrics.report.frames import invented
from tests.worlds.snapshots import World


def _section(points: int) -> tuple[Section, pd.DataFrame]:
    frame, facts = invented(World(readers=2, kinds=("lesion",), per_cell=4, classes=2))
    at = frame.index[frame["verdict"].eq(False).fillna(False)][:points]
    frame.loc[at, "defect_x"] = np.linspace(0.1, 0.9, points)
    frame.loc[at, "defect_y"] = 0.25
    return section(frame, facts), frame.loc[at]


def test_every_point_is_shown_in_its_arm_over_the_frame_of_the_image() -> None:
    found, marked = _section(6)

    figure = next(one for one in found.figures if one.key == "defects")
    shown = {trace["name"]: list(zip(trace["x"], trace["y"], strict=True))
             for trace in figure.spec["data"]}  # fmt: skip
    assert sum(map(len, shown.values())) == 6
    for arm, rows in marked.groupby("arm"):
        points = list(zip(rows["defect_x"], rows["defect_y"], strict=True))
        assert sorted(shown[arm.title()]) == sorted(points)
    assert figure.spec["layout"]["yaxis"]["range"] == [1, 0]  # as on the screen: y goes down
    assert "6 defects were marked with a point. From 48 verdicts of 2 readers" in found.reading


def test_the_table_counts_readings_and_points_per_arm() -> None:
    found, marked = _section(6)

    table = next(one for one in found.tables if one.key == "defects")
    counts = {row.arm: row.n_marked for row in table.records}
    assert counts == dict.fromkeys(counts, 0) | dict(marked["arm"].value_counts())
    assert all(row.n_marked <= row.n_implausible <= row.n_judged for row in table.records)


def test_without_a_lesion_part_the_page_says_so() -> None:
    frame, facts = invented(World())

    assert section(frame, facts).is_empty
