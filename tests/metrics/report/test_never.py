"""What a report must never say, whatever the data: walked over whole reports."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from metrics.report.build import build_report
from metrics.report.checklists import checklist_rows
from metrics.report.methods import methods_text
from tests.metrics.report.frames import invented
from tests.worlds.snapshots import World

KINDS = ("plausibility", "turing", "acceptability", "identify")
WORLDS = {
    "one reader": World(readers=1, kinds=KINDS),
    "three readers": World(readers=3, kinds=KINDS),
    "screened": World(readers=2, screened=("late",)),
    "readers at chance": World(
        readers=3,
        per_cell=40,
        kinds=("turing",),
        arms=(("real", "real", 0.5), ("early", "synthetic", 0.5), ("late", "synthetic", 0.5)),
    ),
}
FORBIDDEN = re.compile(
    r"indistinguish|no difference|not significant|statistically significant|proves? that|"
    r"as good as real|passed the turing test",
    re.IGNORECASE,
)


@pytest.fixture(scope="module", params=WORLDS)
def made(request: pytest.FixtureRequest) -> tuple[dict[str, Any], Any]:
    frame, facts = invented(WORLDS[request.param])
    return build_report(frame, facts, "1").plain(), facts


def tables(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for section in report["sections"]:
        yield from section["tables"]


def texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from texts(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from texts(value)


def test_no_word_claims_more_than_the_data(made: tuple[dict[str, Any], Any]) -> None:
    report, facts = made
    said = [*texts(report), methods_text(facts, tuple(report["sections"]), "1")]
    said += [row.answer for row in checklist_rows(facts)]
    assert len(said) > 100
    assert [text for text in said if FORBIDDEN.search(text)] == []


def test_several_readers_have_no_p_from_pooled_readings(made: tuple[dict[str, Any], Any]) -> None:
    report, _ = made
    pooling = re.compile(r"fisher|cochran|mantel|mcnemar|exact binomial against", re.IGNORECASE)
    for table in tables(report):
        for record in table["records"]:
            has_p = any(name.startswith("p_") or name == "p" for name in record)
            if has_p and (record.get("n_readers") or 1) > 1:
                assert not pooling.search(record["method"]), (table["key"], record)


def test_chance_is_a_constant_and_no_arm(made: tuple[dict[str, Any], Any]) -> None:
    report, facts = made
    arms = {arm.code for arm in facts.arms}
    for table in tables(report):
        for record in table["records"]:
            for name in ("arm", "reference"):
                assert record.get(name, "") in arms | {""}, table["key"]


def test_every_reading_that_was_planned_is_counted(made: tuple[dict[str, Any], Any]) -> None:
    report, _ = made
    checked = 0
    for table in tables(report):
        for record in table["records"]:
            if {"n_cannot_judge", "n_missing", "as_shown", "worst", "best"} <= set(record):
                planned = record["n_readings"] + record["n_cannot_judge"] + record["n_missing"]
                assert record["worst"] * planned == pytest.approx(record["n_plausible"])
                assert record["worst"] <= record["as_shown"] <= record["best"]
                checked += 1
    keys = {table["key"] for table in tables(report)}
    assert checked or "plausibility" not in keys


def test_screened_rates_are_weighted_or_refused(made: tuple[dict[str, Any], Any]) -> None:
    report, _ = made
    weighted = 0
    if not any("screened" in text for text in texts(report["sections"][1]["warnings"])):
        return
    for table in tables(report):
        if table["key"] in {"plausibility", "sensitivity"}:
            for record in table["records"]:
                if record["arm"] == "late" and not record.get("reference"):
                    assert "Hajek" in record["method"] or record["method"] == "refused"
                    weighted += 1
    assert weighted > 3


def test_likert_levels_have_no_mean_and_no_t_test(made: tuple[dict[str, Any], Any]) -> None:
    report, _ = made
    section = next(one for one in report["sections"] if one["key"] == "acceptability")
    said = " ".join(texts(section["tables"])).lower()
    assert "t test" not in said
    assert "t-test" not in said
    for table in section["tables"]:
        for record in table["records"]:
            assert not {"mean", "sd"} & set(record)
