"""Plausibility tables: the paper's own numbers, one reader, several, screened, refused."""

from dataclasses import replace

import pandas as pd
import pytest

from metrics.report.differences import difference_rows, overall_rows
from metrics.report.facts import Arm, Facts
from metrics.report.plausibility import AVERAGE, EVERY, rate_rows, rate_table
from metrics.report.selection import for_rates, of_kind, primary
from metrics.stats.proportions import interval
from tests.metrics.report.frames import HASH, facts_with, invented, readings_of, verdict_rows
from tests.worlds.snapshots import World

# Table 4 of the prototype-guided paper: plausible of 100 per class, baseline and prototypes
TABLE_4 = {
    "PLM": (34, 56), "EBO": (66, 68), "PMO": (48, 62), "HAC": (21, 57), "MMZ": (39, 53),
    "NGB": (52, 69), "PEB": (67, 64), "MYB": (57, 56), "MON": (44, 64), "LYT": (58, 63),
    "EOS": (42, 71), "NGS": (74, 78), "BLA": (45, 59), "BAS": (26, 56),
}  # fmt: skip
FACTS = Facts(
    HASH,
    "Table 4",
    {code: code for code in TABLE_4},
    (Arm("cfg", "Baseline", "synthetic"), Arm("ours", "Ours", "synthetic")),
    {},
)


@pytest.fixture(scope="module")
def paper():
    counts = {}
    for code, (baseline, ours) in TABLE_4.items():
        counts |= {(code, "cfg"): (baseline, 100), (code, "ours"): (ours, 100)}
    return for_rates(verdict_rows(counts))


def test_the_papers_averages_and_intervals(paper) -> None:
    rows = rate_rows(paper, FACTS)
    averages = {row.arm: row.estimate for row in rows if row.class_name == AVERAGE}
    assert averages["cfg"] == pytest.approx(0.4807142857)
    assert averages["ours"] == pytest.approx(0.6257142857)
    basophil = next(row for row in rows if (row.class_code, row.arm) == ("BAS", "ours"))
    wilson = interval(56, 100)
    assert (basophil.low, basophil.high) == (wilson.low, wilson.high)
    assert (basophil.n_plausible, basophil.n_readings, basophil.n_readers) == (56, 100, 1)


def test_the_papers_differences_after_adjustment(paper) -> None:
    rows = difference_rows(paper, ("ours", "cfg"), FACTS)
    assert sum(row.p_holm < 0.05 for row in rows) == 4
    assert sum(row.p_bh < 0.05 for row in rows) == 6
    assert {row.method for row in rows} == {"newcombe 0.95; Fisher exact p"}
    cmh = overall_rows(paper, ("ours", "cfg"), FACTS)[0]
    assert cmh.p == pytest.approx(4e-15, rel=0.2)


@pytest.mark.parametrize("readers", [1, 2])
def test_comparisons_count_the_images_that_somebody_judged(readers: int) -> None:
    counts = {("A", "late"): (10, 15), ("A", "early"): (6, 15)}
    part = pd.concat(
        [verdict_rows(counts).assign(reader=f"R{r}") for r in range(readers)], ignore_index=True
    )
    part.loc[part["case"].isin(["A-late-0", "A-early-9"]), "verdict"] = pd.NA
    facts = facts_with(("early", "synthetic"), ("late", "synthetic"))
    rows = [row.n_images for row in difference_rows(part, ("late", "early"), facts)]
    assert set(rows) == {28}
    assert {row.n_images for row in overall_rows(part, ("late", "early"), facts)} <= {28}
    rated = [row.n_images for row in rate_rows(part, facts) if row.class_code == "A"]
    assert sum(rated) == 28


def test_the_layout_has_a_line_per_class_and_closing_averages(paper) -> None:
    table = rate_table(rate_rows(paper, FACTS), FACTS, "plausibility", "Table 4")
    assert table.header == ("Class", "#Baseline", "#Ours", "#images per arm")
    assert len(table.body) == 16
    assert table.total == 2
    assert table.body[0][1].startswith("34.0 % (25.")


def test_several_readers_are_never_pooled() -> None:
    frame, facts = invented(World(readers=3))
    part = for_rates(primary(of_kind(frame, "plausibility")))
    for row in rate_rows(part, facts):
        assert row.n_readers == 3
        assert row.class_name == AVERAGE or row.estimand == "readers like these"
        assert "wilson" not in row.method
    for row in difference_rows(part, ("late", "early"), facts):
        assert row.method.startswith("Obuchowski-Rockette")
        assert row.estimand == "readers like these"
    assert overall_rows(part, ("late", "early"), facts) == []


def test_a_reader_interval_is_wider_than_pooling_would_be() -> None:
    frame, facts = invented(World(readers=3, per_cell=60))
    part = for_rates(primary(of_kind(frame, "plausibility")))
    row = next(r for r in rate_rows(part, facts) if (r.class_name, r.arm) == (EVERY, "early"))
    pooled = interval(row.n_plausible, row.n_readings)
    assert row.high - row.low > 1.1 * (pooled.high - pooled.low)


def test_screened_images_are_weighted_and_the_rate_as_shown_is_kept_apart() -> None:
    frame, facts = invented(World(readers=1, screened=("late",), per_cell=40))
    part = for_rates(primary(of_kind(frame, "plausibility")))
    good = part["inclusion_probability"] == 1.0  # as a screen does: the best are shown surely
    part.loc[good & (part["arm"] == "late"), "verdict"] = 1.0
    row = next(r for r in rate_rows(part, facts) if (r.class_name, r.arm) == (EVERY, "late"))
    assert row.method.startswith("screened images, weighted")
    assert row.estimate < row.as_shown - 0.02
    pairs = difference_rows(part, ("late", "early"), facts)
    for pair in pairs:  # p comes from the limits, so that the two never disagree
        assert (pair.p < 0.05) == (pair.low > 0 or pair.high < 0)
        assert "MOVER" in pair.method


def test_a_screened_image_without_a_probability_refuses_the_rate() -> None:
    frame, facts = invented(World(readers=1, screened=("late",)))
    part = for_rates(primary(of_kind(frame, "plausibility")))
    first = part.index[part["arm"] == "late"][0]
    part.loc[first, ["inclusion_probability", "verdict"]] = [None, 1.0]
    row = next(r for r in rate_rows(part, facts) if (r.class_name, r.arm) == (EVERY, "late"))
    assert row.estimate is None
    assert row.method == "refused"
    assert "inclusion probabilities" in row.warnings


def test_cannot_judge_and_missing_are_counted_with_both_extremes() -> None:
    frame, facts = invented(World(readers=1, cannot_judge=0.2, missing=0.1))
    part = for_rates(primary(of_kind(frame, "plausibility")))
    for row in rate_rows(part, facts):
        rows = row.n_readings + row.n_cannot_judge + row.n_missing
        assert row.worst == pytest.approx(row.n_plausible / rows)
        assert row.best == pytest.approx((rows - row.n_readings + row.n_plausible) / rows)
    assert sum(row.n_cannot_judge for row in rate_rows(part, facts)) > 0


def test_images_of_one_patient_widen_the_interval() -> None:
    frame, facts = invented(World(readers=1, per_cell=60, classes=1))
    part = for_rates(primary(of_kind(frame, "plausibility")))
    alone = rate_rows(part, facts)[0]
    part["cluster_key"] = [f"p{int(v == 1) * 20 + i % 20}" for i, v in enumerate(part["verdict"])]
    shared = rate_rows(part, facts)[0]
    assert "clusters" in shared.method
    assert shared.high - shared.low > alone.high - alone.low


def test_repeats_and_controls_stay_out_of_the_primary_rows() -> None:
    frame, _ = invented(World(readers=1, repeats=0.3, controls=5))
    rows = primary(of_kind(frame, "plausibility"))
    assert set(rows["role"]) == {"main"}
    assert set(rows["replicate"]) == {0}
    assert len(rows) == 180 < len(of_kind(frame, "plausibility")) - 5


def test_a_reader_who_saw_one_arm_is_left_out_and_named() -> None:
    frame, facts = invented(World(readers=3))
    part = for_rates(primary(of_kind(frame, "plausibility")))
    part = part[~((part["reader"] == "R03") & (part["arm"] == "early"))]
    row = difference_rows(part, ("late", "early"), facts)[-1]
    assert "1 readers judged one arm only" in row.warnings


def test_facts_fall_back_to_codes() -> None:
    bare = replace(FACTS, arms=(), classes={})
    assert bare.arm("late").label == "late"
    assert bare.class_name("BAS") == "BAS"


@pytest.mark.parametrize("plausible", [True, False])
def test_arms_that_all_readers_judge_alike_differ_by_nothing_within_wide_limits(
    plausible: bool,
) -> None:
    images = [
        {"case": f"{arm}{k}", "image": f"{arm}{k}", "arm": arm, "verdict": plausible}
        for arm in ("late", "early")
        for k in range(5)
    ]
    parts = [readings_of(images, reader=code) for code in ("R01", "R02", "R03")]
    facts = facts_with(("early", "synthetic"), ("late", "synthetic"))
    rows = difference_rows(pd.concat(parts, ignore_index=True), ("late", "early"), facts)
    assert {row.class_name for row in rows} == {"Class A", "All images"}
    for row in rows:
        assert (row.estimate, row.p) == (0.0, 1.0)
        assert (row.low, row.high) == pytest.approx((-1 + 0.025**0.2, 1 - 0.025**0.2))
        assert "bounds from 5 units" in row.warnings
