"""Sensitivity and specificity of findings, against counts worked by hand."""

from typing import Any

import pandas as pd
import pytest

from metrics.report.agreement import questions_of, with_answers
from metrics.report.dictionary import COLUMNS, typed_frame
from metrics.report.facts import Arm, Facts
from metrics.report.findings import finding_rows, said_rows
from metrics.report.sections import findings, identify
from metrics.stats.proportions import interval, multi_reader_rate

FACTS = Facts(
    snapshot="a" * 64,
    title="Films",
    classes={"EFF": "Effusion", "MAS": "Mass"},
    arms=(Arm("gen", "Generator", "synthetic"), Arm("real", "Films", "real")),
    criteria={},
    raw={"parts": [{"order": 1, "kind": "identify", "findings": ["EFF", "MAS"]}]},
)
# (arm, what the image is labelled, what was said of EFF, of MAS)
FILMS = (
    [("real", ["EFF"], "present", "absent")] * 8
    + [("real", ["EFF"], "absent", "absent")] * 2
    + [("real", ["MAS", "EFF"], "present", "present")] * 5
    + [("real", ["MAS"], "not_judgeable", "present")] * 1
    + [("real", ["MAS"], "absent", "absent")] * 4
    + [("gen", ["EFF"], "absent", "present")] * 3
    + [("gen", ["EFF"], "present", "absent")] * 3
)


def frame_of(readers: int = 1, flip: int = 0) -> pd.DataFrame:
    """Return the films as read by so many readers; the second differs in the first `flip`."""
    rows: list[dict[str, Any]] = []
    for reader in range(readers):
        for index, (arm, labels, effusion, mass) in enumerate(FILMS):
            said = "absent" if reader and index < flip else effusion
            rows.append(
                {
                    "reader": f"R{reader + 1:02d}", "part": 1, "part_kind": "identify",
                    "replicate": 0, "role": "main", "case": f"C{index:03d}",
                    "image": str(index), "arm": arm, "source": FACTS.arm(arm).source,
                    "class": labels[0], "truth_class": labels[0], "outcome": "answered",
                    "findings": {"EFF": said, "MAS": mass}, "image_findings": labels,
                }
            )  # fmt: skip
    return typed_frame({name: [row.get(name) for row in rows] for name in COLUMNS})


def row_of(rows: Any, arm: str, code: str, score: str) -> Any:
    return next(r for r in rows if (r.arm, r.finding, r.score) == (arm, code, score))


def test_one_reader_gets_hand_counts_with_wilson_limits() -> None:
    rows = finding_rows(frame_of(), ["EFF", "MAS"], FACTS)

    found = row_of(rows, "real", "EFF", "sensitivity")
    assert (found.n_right, found.n_readings, found.n_images) == (13, 15, 15)
    expected = interval(13, 15)
    assert (found.estimate, found.low, found.high) == (
        expected.estimate, expected.low, expected.high,
    )  # fmt: skip
    spared = row_of(rows, "real", "EFF", "specificity")
    assert (spared.n_right, spared.n_readings, spared.n_not_judgeable) == (4, 4, 1)
    assert spared.worst == pytest.approx(4 / 5)
    assert row_of(rows, "gen", "EFF", "sensitivity").estimate == pytest.approx(0.5)


def test_further_findings_of_a_film_count_as_labels() -> None:
    rows = finding_rows(frame_of(), ["EFF", "MAS"], FACTS)
    assert row_of(rows, "real", "MAS", "sensitivity").n_readings == 10
    assert row_of(rows, "real", "EFF", "sensitivity").n_readings == 15


def test_several_readers_are_never_pooled() -> None:
    frame = frame_of(readers=3, flip=4)
    found = row_of(finding_rows(frame, ["EFF"], FACTS), "real", "EFF", "sensitivity")

    labelled = frame["image_findings"].map(lambda carried: "EFF" in carried)
    side = frame[(frame["arm"] == "real") & labelled]
    values = [float(one["EFF"] == "present") for one in side["findings"]]
    expected = multi_reader_rate(
        pd.DataFrame({"reader": side["reader"], "case": side["case"], "value": values})
    )
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (expected.estimate, expected.low, expected.high)
    )
    assert found.n_readers == 3


def test_an_arm_without_the_label_has_no_sensitivity() -> None:
    rows = finding_rows(frame_of(), ["MAS"], FACTS)
    assert {(r.arm, r.score) for r in rows if r.arm == "gen"} == {("gen", "specificity")}


def test_counts_add_up_to_every_reading() -> None:
    counts = said_rows(frame_of(readers=2), ["EFF"], FACTS)
    assert sum(row.n for row in counts) == 2 * len(FILMS)
    cell = [r.n for r in counts if (r.arm, r.labelled, r.said) == ("real", True, "absent")]
    assert cell == [4]


def test_the_page_names_the_ceiling_and_identify_leaves_the_part_alone() -> None:
    page = findings.section(frame_of(), FACTS)
    assert "Films (the ceiling): mean sensitivity" in page.reading
    assert [table.key for table in page.tables] == ["findings", "findings-said"]
    assert identify.section(frame_of(), FACTS).is_empty


def test_a_study_without_findings_says_so() -> None:
    facts = Facts("a" * 64, "Films", {}, FACTS.arms, {})
    assert findings.section(frame_of(), facts).is_empty


def test_agreement_asks_each_finding() -> None:
    part = with_answers(frame_of(readers=2), FACTS)
    names = [question.name for question in questions_of("identify", part, FACTS)]
    assert names == ["finding: Effusion", "finding: Mass"]
