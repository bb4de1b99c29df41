"""The dashboard's numbers follow from the downloaded CSV, to 1e-9."""

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest

from review.catalog.storage import read_bytes
from review.results.downloads import build_download
from review.results.exports.tables import find_table
from review.results.models import Snapshot
from review.results.reports import ready_report
from review.studies.models import Assignment
from tests.review.results import recompute
from tests.worlds.results import PartPlan, unblinded

pytestmark = [pytest.mark.django_db, pytest.mark.database]
EXACT = {"abs": 1e-9, "rel": 0}
PLANS = (PartPlan("plausibility", 9), PartPlan("turing", 9, {"show_intended_class": False}))


def downloaded(snapshot: Snapshot) -> pd.DataFrame:
    export = build_download(snapshot, "readings.csv")
    return pd.read_csv(io.BytesIO(read_bytes(export.storage_key)))


def records(snapshot: Snapshot, key: str) -> list[dict]:
    return find_table(ready_report(snapshot), key)["records"]


def test_one_reader() -> None:
    _, snapshot = unblinded(readers=1, plans=PLANS)
    rows = recompute.primary(downloaded(snapshot), "plausibility")
    rows = rows.assign(value=recompute.verdict_values(rows)).dropna(subset=["value"])
    counts = rows.groupby(["class", "arm"])["value"].agg(["sum", "count"]).astype(int)
    for row in records(snapshot, "plausibility"):
        if row["class_code"]:
            x, n = counts.loc[(row["class_code"], row["arm"])]
            assert (row["n_plausible"], row["n_readings"]) == (x, n)
            assert (row["low"], row["high"]) == pytest.approx(recompute.wilson(x, n), **EXACT)
    p_values = []
    table = records(snapshot, "difference-late-early")
    for row in table:
        pair = [*counts.loc[(row["class_code"], "late")], *counts.loc[(row["class_code"], "early")]]
        found = (row["estimate"], row["low"], row["high"])
        assert found == pytest.approx(recompute.newcombe(*pair), **EXACT)
        x1, n1, x2, n2 = pair
        p_values.append(recompute.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]])[1])
        assert row["p"] == pytest.approx(p_values[-1], **EXACT)
    adjusted = recompute.holm(p_values)
    for index, row in enumerate(table):
        assert row["p_holm"] == pytest.approx(adjusted[index], **EXACT)


def test_three_readers() -> None:
    _, snapshot = unblinded(readers=3, plans=PLANS)
    frame = downloaded(snapshot)
    rows = recompute.primary(frame, "plausibility")
    rows = rows.assign(value=recompute.verdict_values(rows)).dropna(subset=["value"])
    for row in records(snapshot, "plausibility"):
        if row["class_name"] == "All images":
            cell = rows[rows["arm"] == row["arm"]]
            found = (row["estimate"], row["low"], row["high"])
            assert found == pytest.approx(recompute.multi_reader(cell), **EXACT)
    answers = recompute.primary(frame, "turing").dropna(subset=["turing"])
    for row in records(snapshot, "turing"):
        if row["measure"] == "auc" and row["reader"] != "all readers":
            mine = answers[answers["reader"] == row["reader"]]
            synthetic = (mine["source"] == "synthetic").to_numpy()
            again = recompute.area(synthetic, -mine["turing"].to_numpy(dtype=float))
            assert (row["estimate"], row["low"], row["high"]) == pytest.approx(again, **EXACT)


def test_one_readers_turing_measures_and_overall_comparison() -> None:
    _, snapshot = unblinded(readers=1, plans=PLANS)
    frame = downloaded(snapshot)
    answers = recompute.primary(frame, "turing").dropna(subset=["turing"])
    called, synthetic = answers["turing"] <= 3, answers["source"] == "synthetic"
    hits, n1 = int((called & synthetic).sum()), int(synthetic.sum())
    alarms, n0 = int((called & ~synthetic).sum()), int((~synthetic).sum())
    d_prime, criterion = recompute.detection(hits, n1, alarms, n0)
    right = hits + n0 - alarms
    expected = {
        "sensitivity": (hits / n1, *recompute.wilson(hits, n1)),
        "specificity": (1 - alarms / n0, *recompute.wilson(n0 - alarms, n0)),
        "accuracy": (right / (n0 + n1), *recompute.wilson(right, n0 + n1)),
        "d_prime": d_prime,
        "criterion": criterion,
    }
    shown = {
        row["measure"]: (row["estimate"], row["low"], row["high"])
        for row in records(snapshot, "turing")
    }
    for measure, numbers in expected.items():
        assert shown[measure] == pytest.approx(numbers, **EXACT), measure
    rows = recompute.primary(frame, "plausibility")
    rows = rows.assign(value=recompute.verdict_values(rows)).dropna(subset=["value"])
    counts = rows.groupby(["class", "arm"])["value"].agg(["sum", "count"])
    tables = []
    for name in rows["class"].unique():
        pair = (counts.loc[(name, arm)] for arm in ("late", "early"))
        tables.append([[x, n - x] for x, n in (one.to_numpy() for one in pair)])
    overall = [
        r for r in records(snapshot, "overall") if (r["arm"], r["reference"]) == ("late", "early")
    ]
    ratio = next(row for row in overall if "odds ratio" in row["question"])
    found = (ratio["estimate"], ratio["statistic"], ratio["p"])
    assert found == pytest.approx(recompute.mantel_haenszel(tables), **EXACT)


def test_three_readers_areas_are_taken_together() -> None:
    _, snapshot = unblinded(readers=3, plans=PLANS[1:])
    answers = recompute.primary(downloaded(snapshot), "turing").dropna(subset=["turing"])
    answers = answers.assign(
        signed=3.5 - answers["turing"], call=np.where(answers["turing"] <= 3, 1.0, 0.0)
    )
    row = next(
        row
        for row in records(snapshot, "turing")
        if (row["measure"], row["reader"]) == ("auc", "all readers")
    )
    found = (row["estimate"], row["low"], row["high"])
    assert found == pytest.approx(recompute.multi_reader_area(answers, "signed"), **EXACT)


def test_acceptability_and_identify() -> None:
    plans = (PartPlan("acceptability", 6), PartPlan("identify", 6))
    _, snapshot = unblinded(readers=3, plans=plans, answer=rate_and_name)
    frame = downloaded(snapshot)
    rated = recompute.primary(frame, "acceptability")
    table = records(snapshot, "acceptability")
    assert len(table) == 9
    for row in table:
        cell = rated[rated["arm"] == row["arm"]]
        cell = cell[cell["class"] == row["class_code"]] if row["class_code"] else cell
        k, n, bound = recompute.acceptability(cell)
        assert (row["accepted"], row["eligible"]) == (k, n)
        if n:
            assert (row["estimate"], row["bound"]) == pytest.approx((k / n, bound), **EXACT)
        else:  # the order decides who leaves what open: a class may be left without an image
            assert (row["estimate"], row["bound"]) == (None, None)
    named = recompute.primary(frame, "identify")
    scores = {
        (arm, name): values
        for arm, cell in named.groupby("arm")
        for name, values in recompute.class_scores(cell).items()
    }
    for row in records(snapshot, "identify"):
        place = ("recall", "precision", "f1", "accuracy").index(row["score"])
        if row["class_code"]:
            expected = scores[row["arm"], row["class_code"]][place]
        elif row["score"] != "accuracy":
            expected = np.mean([v[place] for (arm, _), v in scores.items() if arm == row["arm"]])
        else:
            continue
        assert row["estimate"] == pytest.approx(expected, **EXACT)


def rate_and_name(assignment: Assignment, index: int) -> dict[str, Any] | None:
    """Rate 1 to 5, or name a class that is right in most cases; some stay open."""
    if index % 11 == 10:
        return None
    if index % 8 == 7:
        return {"outcome": "cannot_judge", "reason": "blurred"}
    if assignment.session.part.kind == "acceptability":
        good = {"real": 2, "late": 1, "early": 0}[assignment.case.arm.code]
        return {"rating": 3 + (index * 7 + good) % 3 - (index % 5 == 0)}
    return {"class": "BAS" if index % 3 else "EOS"}


def test_every_format_holds_the_same_readings() -> None:
    import json

    _, snapshot = unblinded(readers=1)
    plain = downloaded(snapshot)
    parquet = pd.read_parquet(
        io.BytesIO(read_bytes(build_download(snapshot, "readings.parquet").storage_key))
    )
    workbook = pd.read_excel(
        io.BytesIO(read_bytes(build_download(snapshot, "readings.xlsx").storage_key))
    )
    document = json.loads(read_bytes(build_download(snapshot, "readings.json").storage_key))
    given = pd.DataFrame(document["readings"])
    for other in (parquet, workbook, given):
        assert list(other.columns) == list(plain.columns)
        for name in ("position", "turing", "active_ms"):
            mine, its = plain[name].to_numpy(float), other[name].to_numpy(float, na_value=np.nan)
            np.testing.assert_array_equal(mine, its)
        assert list(other["case"]) == list(plain["case"])
