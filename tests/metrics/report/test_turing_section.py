"""The Turing page says what the data allow, and no more."""

import numpy as np
import pytest

from metrics.report.calls import scores, truth
from metrics.report.sections.turing import section
from metrics.report.selection import of_kind, primary
from metrics.report.turing import PooledRow, all_readers, measure_rows, verdict_rows
from metrics.stats.mrmc import obuchowski_rockette
from metrics.stats.turing import auc, reader_performance
from tests.metrics.report.frames import invented
from tests.worlds.snapshots import World


def turing_part(**world: object):
    frame, facts = invented(World(**world))
    return primary(of_kind(frame, "turing")), facts


def test_one_reader_has_all_measures_together() -> None:
    part, _ = turing_part(readers=1)
    rows = {row.measure: row for row in measure_rows(part, None)}
    assert list(rows) == [
        "accuracy", "sensitivity", "specificity", "d_prime", "criterion", "auc",
    ]  # fmt: skip
    performance = reader_performance(truth(part), scores(part), positive_at=0)
    assert rows["sensitivity"].estimate == performance.sensitivity.estimate
    assert rows["auc"].low == auc(truth(part), scores(part)).low
    assert rows["accuracy"].n_missing == int(part["turing"].isna().sum()) > 0


def test_low_answers_mean_synthetic() -> None:
    part, _ = turing_part(readers=1)
    part = part.assign(turing=np.where(part["source"] == "synthetic", 1, 6))
    rows = {row.measure: row.estimate for row in measure_rows(part, None)}
    assert (rows["sensitivity"], rows["specificity"], rows["auc"]) == (1.0, 1.0, 1.0)


def test_several_readers_go_through_the_multi_reader_analysis() -> None:
    part, facts = turing_part(readers=4)
    area = all_readers(part)
    last = verdict_rows(part, area, facts)[-1]
    assert last.reader == "all readers"
    assert last.endpoint == "AUC"
    assert "random readers and cases" in last.method
    assert last.p_chance == area.against(0.5).p
    assert last.estimand == "readers like these"


def test_every_measure_over_readers_counts_the_same_readings() -> None:
    part, _ = turing_part(readers=3, missing=0.1)
    unread = part["case"] == part["case"].iloc[0]  # nobody answers this image
    part = part.assign(turing=part["turing"].mask(unread))
    rows = [row for row in measure_rows(part, all_readers(part)) if row.reader == "all readers"]
    answered, unanswered = int(part["turing"].notna().sum()), int(part["turing"].isna().sum())
    assert len(rows) == 6
    assert {(row.measure, row.n_readings) for row in rows} == {
        (row.measure, answered) for row in rows
    }
    assert {row.n_missing for row in rows} == {unanswered}


def test_the_margin_comes_from_the_frozen_plan_and_decides_the_state() -> None:
    answers = np.tile([2, 5], 200)  # guesses
    states = {}
    for margin in (0.02, 0.15):
        part, facts = turing_part(readers=1, per_cell=40, plan={"margin": margin, "alpha": 0.05})
        guessed = part.assign(turing=answers[: len(part)])
        row = verdict_rows(guessed, None, facts)[0]
        assert row.margin == margin
        states[margin] = row.state
    assert states == {0.02: "inconclusive", 0.15: "equivalent within margin"}


def test_a_high_p_value_is_never_called_indistinguishable() -> None:
    part, facts = turing_part(readers=1, per_cell=5)
    guessed = part.assign(turing=np.tile([2, 5], 100)[: len(part)])
    made = section(guessed, facts)
    row = next(table for table in made.tables if table.key == "turing-verdicts").records[0]
    assert row.p_chance > 0.05
    assert row.state == "inconclusive"
    assert "indistinguishable" not in made.reading
    assert "neither shown to differ" in made.reading


def test_leaning_to_one_answer_is_no_skill_where_counts_are_uneven() -> None:
    part, facts = turing_part(readers=1, per_cell=40)
    all_synthetic = part.assign(turing=1)  # two of three images are
    row = verdict_rows(all_synthetic, None, facts)[0]
    assert (row.endpoint, row.estimate) == ("balanced accuracy", 0.5)
    assert row.p_chance == 1.0
    assert row.state == "equivalent within margin"
    made = section(all_synthetic, facts)
    assert any("accuracy lies between 0.33 and 0.67" in text for text in made.warnings)
    accuracy = next(row for row in measure_rows(all_synthetic, None) if row.measure == "accuracy")
    assert "without skill" in accuracy.warnings


def test_even_counts_are_held_against_one_half_exactly() -> None:
    part, facts = turing_part(readers=1, per_cell=40)
    row = verdict_rows(part[part["arm"] != "early"], None, facts)[0]
    assert (row.endpoint, row.method.split(";")[0]) == (
        "accuracy",
        "exact binomial against 0.5",
    )


def test_pooled_counts_carry_neither_interval_nor_p() -> None:
    names = set(PooledRow.__dataclass_fields__)
    assert not names & {"p", "low", "high", "p_chance"}
    part, facts = turing_part(readers=3)
    made = section(part, facts)
    pooled = next(table for table in made.tables if table.key == "turing-calls")
    assert sum(row.n_readings for row in pooled.records) == int(part["turing"].notna().sum())
    assert {row.source for row in pooled.records} == {"real", "synthetic"}  # no chance arm


def test_generators_differ_later_minus_earlier() -> None:
    part, facts = turing_part(readers=3, per_cell=40)
    made = section(part, facts)
    rows = next(table for table in made.tables if table.key == "turing-generators").records
    difference = rows[-1]
    assert (difference.arm, difference.reference) == ("late", "early")
    areas = {row.arm: row.estimate for row in rows if not row.reference}
    assert difference.estimate == pytest.approx(areas["late"] - areas["early"])


def test_a_default_margin_is_called_a_default() -> None:
    part, facts = turing_part(readers=1, plan={})
    made = section(part, facts)
    assert any("default" in text for text in made.warnings)


def test_all_readers_agree_with_the_analysis_itself() -> None:
    from metrics.report.turing import mrmc_frame

    part, _ = turing_part(readers=3)
    direct = obuchowski_rockette(mrmc_frame(part), "unbiased", "auc", positive_at=0)
    assert all_readers(part).estimate == direct.estimate
