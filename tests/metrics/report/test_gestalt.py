"""The overall verdict beside the derived one: described, never mixed."""

from typing import Any

import pandas as pd
import pytest

from metrics.report.gestalt import gestalt_rows, gestalt_table
from metrics.report.sections.plausibility import section
from metrics.report.tidy import tidy_frame
from metrics.stats.proportions import interval
from tests.metrics.report.frames import facts_with, invented, readings_of
from tests.worlds.snapshots import World

FACTS = facts_with(("gen", "synthetic"))
COUNTS = {(True, True): 11, (True, False): 4, (False, True): 2, (False, False): 3}


def said(**more: Any) -> pd.DataFrame:
    """Return 20 readings of one reader, by (overall, derived), and 3 without an overall one."""
    rows: list[dict[str, Any]] = [
        {"gestalt": overall, "verdict": derived}
        for (overall, derived), n in COUNTS.items()
        for _ in range(n)
    ]
    return readings_of([*rows, *({"gestalt": None, "verdict": True} for _ in range(3))], **more)


def test_the_four_counts_and_the_share_that_agrees() -> None:
    (row,) = gestalt_rows(said(), FACTS)
    assert (row.n_plausible_plausible, row.n_plausible_implausible) == (11, 4)
    assert (row.n_implausible_plausible, row.n_implausible_implausible) == (2, 3)
    assert (row.n_readings, row.n_without) == (20, 3)
    wilson = interval(14, 20)
    assert (row.estimate, row.low, row.high) == (wilson.estimate, wilson.low, wilson.high)


def test_several_readers_are_not_pooled() -> None:
    frame = pd.concat([said(reader=code) for code in ("R01", "R02", "R03")], ignore_index=True)
    (row,) = gestalt_rows(frame, FACTS)
    assert row.estimand == "readers like these"
    assert "wilson" not in row.method
    assert row.n_readings == 60


def test_no_table_where_no_overall_verdict_was_asked() -> None:
    frame, facts = invented(World(readers=2))
    assert all("gestalt" not in table.key for table in section(frame, facts).tables)


@pytest.mark.parametrize("value", [True, False])
def test_the_overall_verdict_moves_no_rate(value: bool) -> None:
    plain, facts = invented(World(readers=2))
    asked, _ = invented(World(readers=2), gestalt=value)
    without = {table.key: table.records for table in section(plain, facts).tables}
    found = {table.key: table.records for table in section(asked, facts).tables}
    assert found.pop("gestalt")
    assert found == without


def test_the_table_says_that_it_enters_no_rate() -> None:
    table = gestalt_table(gestalt_rows(said(), FACTS), FACTS, "gestalt")
    assert table.body == (("gen", "11", "4", "2", "3", "70.0 % (48.1 to 85.5)"),)
    assert "enters no rate" in table.caption


def test_the_reading_says_it_and_calls_it_a_description() -> None:
    sentence = (
        "Share of readings whose overall verdict is the derived one: gen 70.0 % (48.1 to 85.5); "
        "a description, the derived rate alone answers the question of the study."
    )
    assert sentence in section(said(), FACTS).reading
    asked, whole = invented(World(readers=2), gestalt=True)
    assert "a description" in section(asked, whole).reading
    plain, whole = invented(World(readers=2))
    assert "a description" not in section(plain, whole).reading


def test_it_has_a_column_of_its_own_in_the_export() -> None:
    column = tidy_frame(said())["gestalt"]
    assert [int(column.eq(value).sum()) for value in (True, False)] == [15, 5]
    assert int(column.isna().sum()) == 3
