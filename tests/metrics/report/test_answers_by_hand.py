"""Acceptability, identification, agreement and generators: report rows against counts by hand."""

from typing import Any

import pandas as pd
import pytest

from metrics.report.acceptability import accept_rows, level_rows
from metrics.report.agreement import between_rows, questions_of, with_answers, within_rows
from metrics.report.generators import generator_rows
from metrics.report.identify import cell_rows, confusions, score_rows
from metrics.stats.proportions import interval, lower_bound
from metrics.stats.turing import delong
from tests.metrics.report.frames import facts_with, readings_of

FACTS = facts_with(("gen", "synthetic"), ("late", "synthetic"), ("real", "real"))


def read_by(readers: int, rows: list[dict[str, Any]], **shared: Any) -> pd.DataFrame:
    """Return rows whose `said` holds one answer per reader under the name `of`."""
    of = shared.pop("of")
    parts = []
    for r in range(readers):
        mine = [
            {name: value for name, value in row.items() if name != "said"}
            | {of: row["said"][r], "outcome": "answered" if row["said"][r] else "cannot_judge"}
            for row in rows
        ]
        parts.append(readings_of(mine, reader=f"R{r + 1:02d}", **shared))
    return pd.concat(parts, ignore_index=True)


def test_acceptability_counts_strict_majorities_of_those_who_rated() -> None:
    rows = [{"said": (4, 5, 2, 1)}]  # a tie fails
    rows += [{"said": (4, 4, 5, None)}] * 9
    rows += [{"said": (4, None, None, 5)}]  # two ratings: not eligible
    rows += [{"said": (3, 3, 5, 5), "class": "B"}] + [{"said": (5, 5, 5, 5), "class": "B"}] * 3
    part = read_by(4, rows, of="rating", part_kind="acceptability")
    found = {row.class_code: row for row in accept_rows(part, FACTS)}
    a, every = found["A"], found[""]
    assert (a.accepted, a.eligible, a.not_eligible, a.ties) == (9, 10, 1, 1)
    assert (a.n_readings, a.n_missing) == (33, 11)
    assert (a.estimate, a.bound) == pytest.approx((0.9, lower_bound(9, 10)))
    # 9 of 10 reaches 80 % as a point, and its lower bound of .606 does not.
    assert (a.point_rule_met, a.bound_rule_met) == (True, False)
    assert (every.accepted, every.eligible) == (12, 14)
    levels = {row.label: row.n for row in level_rows(part, FACTS)}
    rated = {"1": 1, "2": 1, "3": 2, "4": 20, "5": 25}
    assert levels == rated | {"cannot judge": 11, "missing": 0}


def test_identify_counts_cannot_judge_as_no_class_beside_the_ceiling() -> None:
    rows = [{"said": ("A",)}] * 6 + [{"said": ("B",)}] * 2 + [{"said": (None,)}] * 2
    rows += [{"said": ("B",), "class": "B"}] * 5
    real = [{"said": ("A",), "arm": "real", "source": "real"}] * 4
    real += [{"said": ("B",), "arm": "real", "source": "real", "class": "B"}] * 4
    part = read_by(1, rows + real, of="perceived_class", part_kind="identify")
    found = confusions(part, FACTS)
    cells = {(row.intended, row.perceived): row.n for row in cell_rows(1, "gen", found["gen"])}
    assert cells["A", "cannot judge"] == 2
    assert sum(cells.values()) == 15
    scores = {(row.arm, row.class_code, row.score): row for row in score_rows(1, found, FACTS)}
    sizes = [scores["gen", "A", score].n_readings for score in ("recall", "precision", "f1")]
    assert sizes == [10, 6, 15]  # of the class, called the class, all of the arm
    recall = scores["gen", "A", "recall"]
    assert recall.estimate == 6 / 10
    wilson = interval(6, 10)
    assert (recall.low, recall.high) == pytest.approx((wilson.low, wilson.high))
    assert scores["gen", "B", "precision"].estimate == 5 / 7
    f1 = (2 * 6 / (10 + 6) + 2 * 5 / (5 + 7)) / 2
    assert scores["gen", "", "f1"].estimate == pytest.approx(f1)
    assert scores["real", "", "accuracy"].estimate == 1


def test_a_reader_agrees_with_themselves_on_hidden_repeats() -> None:
    table = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10
    table += [(False, False)] * 15
    rows: list[dict[str, Any]] = []
    for k, pair in enumerate(table):
        for replicate, verdict in enumerate(pair):
            rows.append({"case": f"C{k}", "replicate": replicate, "verdict": verdict})
    once = [{"case": f"D{k}", "verdict": True} for k in range(30)]
    part = with_answers(readings_of(rows + once), FACTS)
    found = within_rows(part, questions_of("plausibility", part, FACTS)[:1], FACTS)
    values = {row.coefficient: row for row in found}
    assert values["same answer"].estimate == pytest.approx(35 / 50)
    assert values["Cohen kappa"].estimate == pytest.approx(0.4)
    assert {row.n_images for row in found} == {50}
    assert {row.group for row in found} == {"R01"}


def test_agreement_between_readers_rests_on_images_that_both_read() -> None:
    # 118 / 5 / 2 / 0: kappa -.023, AC1 .941 (Gwet 2008); one image was read once only.
    verdicts = [(True, True)] * 118 + [(True, False)] * 5 + [(False, True)] * 2 + [(True, None)]
    parts = [
        readings_of([{"verdict": pair[r]} for pair in verdicts], reader=f"R{r}") for r in (0, 1)
    ]
    part = with_answers(pd.concat(parts, ignore_index=True), FACTS)
    found = between_rows(part, questions_of("plausibility", part, FACTS)[:1], FACTS)
    values = {row.coefficient: row for row in found if row.group == "all arms"}
    ac1 = next(row for name, row in values.items() if "AC1" in name)
    assert ac1.estimate == pytest.approx(0.94078, abs=5e-6)
    assert ac1.n_images == 125
    kappa = next(row for name, row in values.items() if "Light" in name)
    assert kappa.estimate == pytest.approx(-0.02339, abs=5e-6)


def test_generators_share_the_real_images_and_the_later_comes_first() -> None:
    answers = {
        ("gen", "synthetic"): ((1, 2, 2, 5), (1, 1, 3, 6), (2, 2, 4, 3)),
        ("late", "synthetic"): ((4, 5, 3, 6), (2, 5, 4, 6), (5, 4, 3, 2)),
        ("real", "real"): ((5, 6, 4, 2), (6, 6, 3, 5), (5, 6, 1, 4)),
    }
    rows = [
        {"said": tuple(said[r][k] for r in range(3)), "arm": arm, "source": source}
        for (arm, source), said in answers.items()
        for k in range(4)
    ]
    part = read_by(3, rows, of="turing", part_kind="turing")
    found = generator_rows(part, FACTS)

    def area(arm: str) -> float:
        readers = zip(answers[arm, "synthetic"], answers["real", "real"], strict=True)
        areas = [
            delong([1] * 4 + [0] * 4, [-x for x in (*synthetic, *real)]).estimate
            for synthetic, real in readers
        ]
        return sum(areas) / 3

    areas = {row.arm: row.estimate for row in found if not row.reference}
    assert areas == pytest.approx({"gen": area("gen"), "late": area("late")})
    difference = next(row for row in found if row.reference)
    assert (difference.arm, difference.reference) == ("late", "gen")
    assert difference.estimate == pytest.approx(area("late") - area("gen"))
    assert difference.n_readings == 36
