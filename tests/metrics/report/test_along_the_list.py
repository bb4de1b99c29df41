"""Reading times, drift and order effects, against numbers worked by hand or known beforehand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from metrics.report import times
from metrics.stats.proportions import interval
from tests.metrics.report.frames import facts_with, readings_of

FACTS = facts_with(("real", "real"), ("gen", "synthetic"))


def part_of(verdicts: list[Any], reader: str = "R01", **columns: list[Any]) -> pd.DataFrame:
    """Return one reader's plausibility part, in the order of the list unless told otherwise."""
    count = len(verdicts)
    values = {"position": list(range(1, count + 1)), "verdict": verdicts} | columns
    rows = [{name: column[k] for name, column in values.items()} for k in range(count)]
    return readings_of(rows, reader=reader, arm="gen", source="synthetic")


def test_drift_is_the_share_of_yes_in_thirds_of_the_readers_own_list() -> None:
    verdicts = [True] * 4 + [None, False] + [True, False] * 3 + [False] * 6
    shuffled = part_of(verdicts).sample(frac=1, random_state=1)
    rows = times.drift_rows(shuffled)
    assert [(row.third, row.n_readings) for row in rows] == [
        ("first third", 5), ("second third", 6), ("last third", 6),
    ]  # fmt: skip
    assert [row.estimate for row in rows] == [4 / 5, 3 / 6, 0]
    wilson = interval(4, 5)
    assert (rows[0].low, rows[0].high) == (wilson.low, wilson.high)


def test_a_third_without_any_answer_is_refused_and_not_zero() -> None:
    rows = times.drift_rows(part_of([True] * 3 + [None] * 3 + [False] * 3))
    assert (rows[1].estimate, rows[1].n_readings, rows[1].method) == (None, 0, "refused")


def test_the_order_effect_is_the_odds_ratio_per_hundred_images() -> None:
    # Ten stretches of 40 images; the log odds fall by .5 per 100 images, exactly.
    middle = (np.arange(10) + 0.5) * 40
    odds = np.exp(1.0 - 0.005 * middle)
    yes = np.round(40 * odds / (1 + odds)).astype(int)
    verdicts = [k < x for x in yes for k in range(40)]
    classes = ["A" if k % 2 else "B" for k in range(400)]
    row = times.order_rows(part_of(verdicts, **{"class": classes}))[0]
    assert row.estimate == pytest.approx(np.exp(-0.5), rel=0.03)
    assert row.p is not None
    assert row.low is not None
    assert row.low < row.estimate
    assert row.high is not None
    assert row.estimate < row.high < 1
    assert (row.n_readers, row.n_images, row.n_readings) == (1, 400, 400)
    assert row.estimand == "this reader"


def test_a_list_whose_answers_never_change_has_no_odds_ratio_but_a_reason() -> None:
    row = times.order_rows(part_of([True] * 30, **{"class": ["A", "B"] * 15}))[0]
    assert (row.estimate, row.p, row.method) == (None, None, "refused")
    assert "30" in row.warnings


def test_times_are_described_by_their_geometric_mean_and_the_absent_are_counted() -> None:
    rows = times.time_rows(part_of([True] * 4, active_ms=[1000, 4000, 16000, None]), FACTS)
    assert len(rows) == 1
    assert rows[0].geometric_mean == pytest.approx(4.0)
    assert (rows[0].median, rows[0].n_readings, rows[0].n_without_time) == (4.0, 3, 1)


def test_the_time_model_finds_the_ratios_that_made_the_times() -> None:
    rng = np.random.default_rng(5)
    parts = []
    for reader in range(4):
        arms = ["gen" if k % 2 else "real" for k in range(120)]
        position = rng.permutation(120) + 1
        ratio = np.where(np.array(arms) == "gen", 1.3, 1.0) * 0.95 ** (position / 10)
        noise = np.exp(0.2 * rng.normal(size=120) + 0.3 * reader)
        rows = [
            {
                "case": f"C{k}", "image": f"C{k}", "arm": arms[k], "verdict": True,
                "position": int(position[k]), "active_ms": int(8000 * ratio[k] * noise[k]),
            }
            for k in range(120)
        ]  # fmt: skip
        parts.append(readings_of(rows, reader=f"R{reader}"))
    rows = {row.effect: row for row in times.effect_rows(pd.concat(parts), FACTS)}
    order, arm = rows["time ratio per 10 images"], rows["time ratio, real to gen"]
    for row, truth in ((order, 0.95), (arm, 1 / 1.3)):
        assert row.estimate == pytest.approx(truth, rel=0.05)
        assert row.low < truth < row.high
    assert (arm.n_images, arm.n_readers, arm.n_readings) == (120, 4, 480)
