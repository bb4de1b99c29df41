"""The overall verdict from a reader's row to the downloads, recomputed with nothing of ours."""

import io
import json
from typing import Any

import pandas as pd
import pytest

from metrics.report.build import build_report
from metrics.report.facts import Facts
from review.catalog.storage import read_bytes
from review.results.downloads import build_download
from review.results.exports.tables import find_table
from review.results.frames import load_snapshot, parse_rows
from review.results.models import Snapshot
from review.results.reports import ready_report
from review.studies.models import Assignment
from tests.review.results import recompute
from tests.worlds.results import PartPlan, answer_by_rule, unblinded

pytestmark = [pytest.mark.django_db, pytest.mark.database]
EXACT = {"abs": 1e-9, "rel": 0}


def with_overall(assignment: Assignment, index: int) -> dict[str, Any] | None:
    """Answer by rule; every fourth overall verdict is not the derived one."""
    given = answer_by_rule(assignment, index)
    if given is None or "verdict" not in given:
        return given
    agrees = (index + int(assignment.session.membership.code[1:])) % 4 > 0
    return given | {"gestalt": "plausible" if given["verdict"] is agrees else "implausible"}


@pytest.fixture
def snapshot() -> Snapshot:
    plans = (PartPlan("plausibility", 9, {"gestalt": True}),)
    return unblinded(readers=3, plans=plans, answer=with_overall)[1]


def downloaded(snapshot: Snapshot, name: str) -> bytes:
    return read_bytes(build_download(snapshot, name).storage_key)


def test_the_share_that_agrees_follows_from_the_downloaded_readings(snapshot: Snapshot) -> None:
    frame = pd.read_csv(io.BytesIO(downloaded(snapshot, "readings.csv")))
    rows = recompute.primary(frame, "plausibility")
    rows = rows.assign(derived=recompute.verdict_values(rows)).dropna(subset=["derived"])
    overall = rows["gestalt"].map({True: 1.0, False: 0.0, "True": 1.0, "False": 0.0})
    rows = rows.assign(overall=overall, value=(overall == rows["derived"]).astype(float))
    table = find_table(ready_report(snapshot), "gestalt")["records"]

    assert {row["arm"] for row in table} == {"real", "early", "late"}
    assert sum(row["n_plausible_implausible"] + row["n_implausible_plausible"] for row in table)
    for row in table:
        cell = rows[rows["arm"] == row["arm"]]
        counts = cell.groupby(["overall", "derived"]).size()
        assert row["n_plausible_implausible"] == counts.get((1.0, 0.0), 0)
        assert row["n_implausible_plausible"] == counts.get((0.0, 1.0), 0)
        found = (row["estimate"], row["low"], row["high"])
        assert found == pytest.approx(recompute.multi_reader(cell), **EXACT)
        assert "p" not in row


def test_the_dictionary_names_the_column(snapshot: Snapshot) -> None:
    document = json.loads(downloaded(snapshot, "readings.json"))
    [line] = [row for row in document["dictionary"] if row["column"] == "gestalt"]
    assert line["kind"] == "yes_no"
    assert "after the criteria" in line["meaning"]


def test_a_snapshot_from_before_it_still_loads_and_has_no_table(snapshot: Snapshot) -> None:
    rows = [json.loads(line) for line in read_bytes(snapshot.storage_key).splitlines()]
    old = b"\n".join(
        json.dumps({k: v for k, v in row.items() if k != "gestalt"}).encode() for row in rows
    )

    frame = parse_rows(old)

    assert frame["gestalt"].isna().all()
    pd.testing.assert_frame_equal(
        frame.drop(columns="gestalt"), load_snapshot(snapshot).drop(columns="gestalt")
    )
    facts = Facts.of(snapshot.content_sha256, snapshot.exclusions)
    report = build_report(frame, facts, "1")
    keys = [table.key for section in report.sections for table in section.tables]
    assert "plausibility" in keys
    assert not [key for key in keys if "gestalt" in key]
