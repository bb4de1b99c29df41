"""The whole report: every kind of study, degenerate ones too, and the laws it must keep."""

import json
import re

import numpy as np
import pytest

from metrics.report.build import build_report
from metrics.report.document import Report
from tests.metrics.report.frames import HASH, invented
from tests.worlds.snapshots import World

KINDS = ("identify", "plausibility", "acceptability", "turing")


READ = World(readers=3, kinds=KINDS, per_cell=6, classes=2)
ALONE = World(readers=1, kinds=KINDS, per_cell=6, classes=2)
_made: dict[str, Report] = {}


def report_of(world: World, **changes: object) -> Report:
    """Build a report once per world: many tests look at the same one."""
    key = f"{world}{changes}"
    if key not in _made:
        _made[key] = build_report(*invented(world, **changes), "test")
    return _made[key]


@pytest.mark.parametrize("world", [READ, ALONE])
def test_every_section_is_plain_data_without_nan(world: World) -> None:
    report = report_of(world)
    text = json.dumps(report.plain(), allow_nan=False)
    assert "NaN" not in text
    asked = [one for one in report.sections[:-1] if one.key not in {"findings", "lesion"}]
    for section in asked:
        assert not section.is_empty, section.key
        assert HASH[:12] in section.reading
        assert section.figures or section.key == "agreement"
        assert section.tables


DEGENERATE = {
    "nobody answered": ({"kinds": KINDS}, {"outcome": "missing", "verdict": None, "turing": None}),
    "nothing judgeable": ({"kinds": KINDS, "cannot_judge": 1.0, "missing": 0}, {}),
    "all plausible": ({"readers": 2}, {"verdict": True, "outcome": "answered"}),
    "all implausible, one reader": ({"readers": 1}, {"verdict": False, "outcome": "answered"}),
    "everybody says real": ({"readers": 2}, {"turing": 6, "outcome": "answered"}),
    "real images only": ({"arms": (("real", "real", 0.9),)}, {}),
    "synthetic images only": ({"arms": (("late", "synthetic", 0.6),)}, {}),
    "one image per cell": ({"kinds": KINDS, "per_cell": 1, "readers": 2}, {}),
    "one class": ({"classes": 1, "readers": 1}, {}),
    "no times": ({"readers": 2}, {"active_ms": None}),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_studies_are_reported_with_limits_or_reasons(name: str) -> None:
    world, changes = DEGENERATE[name]
    report = report_of(World(**{"per_cell": 5, "classes": 2, **world}), **changes)
    json.dumps(report.plain(), allow_nan=False)
    for section in report.sections:
        for table in section.tables:
            for row in table.records:
                estimate = getattr(row, "estimate", 0.0)
                assert (
                    estimate is not None
                    or getattr(row, "method", "") == "refused"
                    or (getattr(row, "warnings", ""))
                ), (section.key, table.key)


def test_the_order_of_rows_does_not_matter() -> None:
    frame, facts = invented(World(readers=2, per_cell=6, classes=2))
    shuffled = frame.sample(frac=1, random_state=3)
    first, second = (build_report(each, facts, "x").plain() for each in (frame, shuffled))
    for one, other in zip(first["sections"], second["sections"], strict=True):
        for table, same in zip(one["tables"], other["tables"], strict=True):
            assert _numbers(table) == pytest.approx(_numbers(same), nan_ok=True), table["key"]


def _numbers(table: dict) -> list[float]:
    rows = sorted(json.dumps(row, sort_keys=True, default=str) for row in table["records"])
    found = [json.loads(row) for row in rows]
    return [
        value
        for row in found
        for value in row.values()
        if isinstance(value, float) and not isinstance(value, bool)
    ]


def test_every_record_with_an_estimate_says_n_and_method() -> None:
    report = report_of(READ)
    for section in report.sections:
        for table in section.tables:
            for row in table.records:
                names = set(row.__dataclass_fields__)
                if "estimate" in names:
                    assert row.method, table.key
                    assert names & {"n_images", "n_readings", "n_judged", "eligible"}, table.key


def test_figures_are_svg_traces_and_have_words() -> None:
    report = report_of(READ)
    allowed = {"scatter", "bar", "heatmap"}
    for section in report.sections:
        for figure in section.figures:
            assert {trace["type"] for trace in figure.spec["data"]} <= allowed
            assert len(figure.alt) > 20
            assert figure.spec["layout"]["height"] >= 360


def test_keys_are_unique_slugs() -> None:
    report = report_of(
        World(readers=1, kinds=("plausibility", "turing", "plausibility"), per_cell=4)
    )
    tables = [table.key for section in report.sections for table in section.tables]
    drawn = [figure.key for section in report.sections for figure in section.figures]
    for keys in (tables, drawn):
        assert len(set(keys)) == len(keys)
        assert all(re.fullmatch(r"[-a-zA-Z0-9_]+", key) for key in keys)


def test_one_reader_is_told_what_that_means() -> None:
    report = report_of(ALONE)
    for section in report.sections:
        if section.key in {"plausibility", "turing", "criteria"}:
            assert any("conditional on this reader" in text for text in section.warnings)
    assert "agreement cannot be known" in " ".join(report.sections[0].warnings)


def test_likert_ratings_never_meet_a_mean_or_a_t_test() -> None:
    report = report_of(READ)
    section = next(one for one in report.sections if one.key == "acceptability")
    text = json.dumps([table.header for table in section.tables]) + section.reading
    assert "mean" not in text.lower()
    rows = section.tables[0].records
    assert all(row.point_rule_met in {True, False, None} for row in rows)


def test_criteria_keep_full_forms_apart() -> None:
    report = report_of(World(readers=1, per_cell=30, classes=2, kinds=("plausibility",)))
    section = next(one for one in report.sections if one.key == "criteria")
    rows = section.tables[0].records
    forms = {row.form for row in rows}
    assert forms == {"full form", "as answered"}
    full = [row for row in rows if row.form == "full form" and not row.class_code]
    shown = [row for row in rows if row.form == "as answered" and not row.class_code]
    assert sum(row.n_judged for row in full) < 0.4 * sum(row.n_judged for row in shown)
    assert np.all([row.n_fails <= row.n_judged for row in rows])
