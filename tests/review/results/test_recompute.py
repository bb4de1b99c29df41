"""The dashboard's numbers follow from the downloaded CSV, to 1e-9."""

import io

import numpy as np
import pandas as pd
import pytest

from review.catalog.storage import read_bytes
from review.results.downloads import build_download
from review.results.exports.tables import find_table
from review.results.models import Snapshot
from review.results.reports import ready_report
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
