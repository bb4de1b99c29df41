"""The interim looks of a plan: bounds, refusals, and a look that agrees with the report."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from metrics.report.facts import Facts
from metrics.report.look_plan import (
    final_alpha,
    looks_text,
    read_looks,
    shares_with_additions,
    spent_alpha,
)
from metrics.report.looks import endpoint_statistic, look_rows
from metrics.report.methods import methods_text
from metrics.report.sections import plausibility, turing
from metrics.report.turing import VerdictRow
from metrics.stats.sequential import obrien_fleming
from tests.metrics.report.frames import facts_with, invented
from tests.worlds.snapshots import World

LOOKS = {"boundary": "obrien-fleming", "fractions": [0.5, 1.0], "endpoint": "turing"}
ARMS = {"endpoint": "plausibility", "arm": "late", "reference": "early"}


def test_bounds_are_those_of_the_planned_fractions() -> None:
    plan = read_looks({"alpha": 0.05, "looks": LOOKS | {"fractions": [0.2, 0.6, 1.0]}})
    assert plan is not None
    assert plan.bounds == obrien_fleming(3, 0.05, fractions=[0.2, 0.6, 1.0])
    assert read_looks({"looks": plan.plain()}) == plan


@pytest.mark.parametrize("looks", [None, 1, 3])
def test_a_number_alone_means_the_end_only(looks: object) -> None:
    assert read_looks({"looks": looks}) is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"boundary": "haybittle"}, "boundary 'haybittle'"),
        ({"endpoint": "identify"}, "endpoint 'identify'"),
        ({"fractions": [1.0]}, "give 2 to 6"),
        ({"fractions": [0.6, 0.5, 1.0]}, "rising"),
        ({"fractions": [0.5, 0.9]}, "up to 1"),
        (ARMS | {"arm": "early"}, "two different arms"),
    ],
)
def test_a_plan_that_is_none_is_refused(wrong: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_looks({"looks": LOOKS | wrong})


@pytest.mark.parametrize("readers", [1, 3])
def test_the_statistic_is_that_of_the_report(readers: int) -> None:
    frame, facts = invented(World(readers=readers, plan={"looks": LOOKS | ARMS}))
    found = endpoint_statistic(frame, facts, read_looks(facts.plan))
    records = [row for table in plausibility.section(frame, facts).tables for row in table.records]
    same = [
        row
        for row in records
        if getattr(row, "reference", "") == "early"
        and (
            getattr(row, "class_name", "") == "All images"
            or "Mantel" in getattr(row, "question", "")
        )
    ]
    assert found.z > 0
    assert len(same) == 1
    assert 2 * (1 - _phi(found.z)) == pytest.approx(same[0].p, rel=1e-6)


def _phi(z: float) -> float:
    from scipy.stats import norm

    return float(norm.cdf(z))


def test_the_verdict_of_a_looked_at_endpoint_uses_the_final_level() -> None:
    frame, facts = invented(World(readers=3, plan={"alpha": 0.05, "looks": LOOKS}))
    level = final_alpha(facts, "turing")
    assert 0.04 < level < 0.05
    assert final_alpha(facts, "plausibility") == 0.05
    looked = _verdict(frame, facts)
    between = replace(facts, plan={"alpha": 0.05})
    plain = _verdict(frame, between)
    assert looked.p_chance == plain.p_chance
    if level <= plain.p_chance < 0.05:
        assert looked.state != plain.state


def _verdict(frame: object, facts: object) -> VerdictRow:
    tables = turing.section(frame, facts).tables
    rows = next(table for table in tables if table.key == "turing-verdicts").records
    return next(row for row in rows if row.reader == "all readers")


def test_methods_say_how_many_looks_were_taken() -> None:
    _, facts = invented(World(plan={"looks": LOOKS}))
    assert "0 of 1 taken" in looks_text(facts)
    assert "O'Brien-Fleming" in methods_text(facts, (), "1")
    _, facts = invented(World())
    assert "No interim look was planned" in methods_text(facts, (), "1")


def test_looks_and_the_end_keep_alpha() -> None:
    plan = read_looks({"looks": LOOKS | {"fractions": [0.4, 0.7, 1.0]}})
    rng = np.random.default_rng(5)
    steps = np.sqrt(np.diff(plan.fractions, prepend=0.0)) * rng.normal(size=(40_000, 3))
    z = steps.cumsum(axis=1) / np.sqrt(plan.fractions)
    crossed = (np.abs(z) >= plan.bounds.bounds).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=0.004)


def test_an_endpoint_without_readings_refuses_the_final_row() -> None:
    frame, facts = invented(World(kinds=("plausibility",), plan={"looks": LOOKS}))
    last = look_rows(frame, facts)[-1]
    assert last.statistic is None
    assert "0 answers in the turing part" in last.decision


def looked(at: str, **part: int) -> Facts:
    """Return a study with one look at 60 readings, and cases added to part 1 at a time."""
    flow = {"part": 1, "kind": "turing", "answered": 230, "cannot_judge": 10} | part
    return replace(
        facts_with(("gen", "synthetic")),
        plan={"alpha": 0.05, "looks": LOOKS},
        flow={"parts": [flow], "additions": [{"at": at, "codes": {"1": ["C1"]}}]},
        raw={"looks": [{"number": 1, "at": "2026-05-02T10:00:00+00:00", "n_readings": 60}]},
    )


def test_cases_added_after_a_look_change_what_the_bounds_spend() -> None:
    facts = looked("2026-05-03T10:00:00+00:00")
    plan = read_looks(facts.plan)
    shares = shares_with_additions(facts, plan)
    assert shares == {0.25: 1}
    law = multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]])  # correlation: root of .25
    inside = law.cdf(plan.bounds.bounds, lower_limit=-np.array(plan.bounds.bounds))
    assert spent_alpha(plan, shares) == pytest.approx(1 - inside, abs=1e-4)
    assert spent_alpha(plan, shares) == pytest.approx(0.0515, abs=1e-4)
    assert spent_alpha(plan, {0.5: 1}) == pytest.approx(0.05, abs=1e-9)
    text = looks_text(facts)
    assert "keep alpha" not in text
    assert "had 25% of all readings in the end" in text
    assert "spend an alpha of 0.052" in text


@pytest.mark.parametrize(
    "facts",
    [
        looked("2026-05-01T10:00:00+00:00"),
        looked("2026-05-03T10:00:00+00:00", part=2),
        looked("2026-05-03T10:00:00+00:00", answered=0, cannot_judge=0),
        replace(looked("2026-05-03T10:00:00+00:00"), raw={}),
    ],
)
def test_cases_added_before_the_looks_or_elsewhere_change_nothing(facts: Facts) -> None:
    assert shares_with_additions(facts, read_looks(facts.plan)) == {}
    assert "keep alpha at 0.05" in looks_text(facts)
