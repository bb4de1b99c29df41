"""Sensitivity: bounds that hold the complete case, and the same without recognised images."""

import pandas as pd
import pytest

from metrics.report.sections import plausibility
from metrics.report.selection import for_rates, of_kind, primary
from metrics.report.sensitivity import (
    COMPLETE,
    WITHOUT_RECOGNISED,
    SensitivityRow,
    plausibility_rows,
    sensitivity_table,
    turing_rows,
)
from tests.metrics.report.frames import invented
from tests.worlds.snapshots import World

LOSSES = {"missing": 0.08, "cannot_judge": 0.06}


def analyses(readers: int, **world: object) -> dict[tuple[str, str, str], SensitivityRow]:
    frame, facts = invented(World(readers=readers, **(LOSSES | world)))
    part = for_rates(primary(of_kind(frame, "plausibility")))
    rows = (*plausibility_rows(part, facts), *turing_rows(primary(of_kind(frame, "turing"))))
    return {(row.endpoint, f"{row.arm}-{row.reference}", row.analysis): row for row in rows}


@pytest.mark.parametrize("readers", [1, 3])
def test_the_complete_case_lies_between_both_ends(readers: int) -> None:
    rows = analyses(readers)
    ends = {
        "share plausible": ("unanswered count as implausible", "unanswered count as plausible"),
        "difference": ("unanswered count against the arm", "unanswered count for the arm"),
        "balanced accuracy": ("unanswered count as wrong", "unanswered count as right"),
        "AUC": ("unanswered count as wrong", "unanswered count as right"),
    }
    seen = 0
    for (endpoint, name, analysis), row in rows.items():
        if analysis == COMPLETE:
            low, high = (rows[endpoint, name, end] for end in ends[endpoint])
            assert low.estimate < row.estimate < high.estimate, (endpoint, name)
            assert low.n_readings == high.n_readings == row.n_readings + low.n_filled
            seen += 1
    assert seen == (8 if readers == 3 else 7)


@pytest.mark.parametrize("readers", [1, 3])
def test_leaning_to_one_answer_is_no_skill_in_any_analysis(readers: int) -> None:
    frame, _ = invented(World(readers=readers, **LOSSES))
    part = primary(of_kind(frame, "turing"))
    part = part.assign(turing=part["turing"].mask(part["turing"].notna(), 1))
    (row,) = [
        row
        for row in turing_rows(part)
        if (row.endpoint, row.analysis) == ("balanced accuracy", COMPLETE)
    ]
    assert row.estimate == 0.5
    assert row.p is None or row.p > 0.9


def test_the_ends_of_one_reader_are_counts() -> None:
    frame, _ = invented(World(readers=1, **LOSSES))
    late = primary(of_kind(frame, "plausibility"))
    late = late[late["arm"] == "late"]
    yes, n = int(late["verdict"].sum()), len(late)
    judged = int(late["verdict"].notna().sum())
    rows = analyses(1)
    worst = rows["share plausible", "late-", "unanswered count as implausible"]
    best = rows["share plausible", "late-", "unanswered count as plausible"]
    assert worst.estimate == pytest.approx(yes / n)
    assert best.estimate == pytest.approx((yes + n - judged) / n)
    assert worst.n_filled == n - judged > 0


def test_recognised_images_are_left_out_of_their_readers_readings_only() -> None:
    frame, facts = invented(World(readers=3, missing=0.0, cannot_judge=0.0))
    frame["flags"] = [
        ["recognised"] if at % 7 == 0 and reader == "R01" else []
        for at, reader in zip(frame["position"], frame["reader"], strict=True)
    ]
    rows = plausibility_rows(for_rates(primary(of_kind(frame, "plausibility"))), facts)
    by = {(row.arm, row.reference, row.analysis): row for row in rows}
    whole, rest = by["late", "", COMPLETE], by["late", "", WITHOUT_RECOGNISED]
    assert 0 < whole.n_readings - rest.n_readings < whole.n_readings / 9
    assert rest.n_readers == 3
    assert rest.estimate != whole.estimate


def test_nothing_lost_is_said_and_adds_no_line() -> None:
    frame, facts = invented(World(readers=1, missing=0.0, cannot_judge=0.0))
    rows = plausibility_rows(for_rates(primary(of_kind(frame, "plausibility"))), facts)
    assert {row.analysis for row in rows} == {COMPLETE}
    caption = sensitivity_table(rows, facts, "sensitivity").caption
    assert "Nothing is unanswered" in caption
    assert "No reader recognised" in caption


def test_who_never_came_is_not_answered_for() -> None:
    frame, facts = invented(World(readers=3, **LOSSES))
    never = frame["reader"] == "R03"
    frame.loc[never, "outcome"] = "missing"
    frame.loc[never, "verdict"] = pd.NA
    part = for_rates(primary(of_kind(frame, "plausibility")))
    assert {row.n_readers for row in plausibility_rows(part, facts)} == {2}


def test_screened_arms_keep_their_weights() -> None:
    rows = analyses(1, screened=("late",))
    late = rows["share plausible", "late-", "unanswered count as implausible"]
    assert late.method.startswith("Hajek")


@pytest.mark.parametrize("readers", [1, 3])
def test_the_complete_case_is_the_number_of_the_main_table(readers: int) -> None:
    frame, facts = invented(World(readers=readers, **LOSSES))
    tables = {table.key: table for table in plausibility.section(frame, facts).tables}
    row = next(
        one
        for one in tables["sensitivity"].records
        if (one.arm, one.reference, one.analysis) == ("late", "early", COMPLETE)
    )
    key = "difference-late-early" if readers == 3 else "overall"
    main = [(one.estimate, one.low, one.high, one.p) for one in tables[key].records]
    assert (row.estimate, row.low, row.high, row.p) in main
    assert "Late minus Early" in [line[0] for line in tables["sensitivity"].body]
