"""How far unanswered and recognised images could move the main numbers.

Complete-case estimates stand beside the two ends of what the unanswered readings (cannot judge,
missing) could have said, and beside the same without readings of images that readers recognised.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from metrics.report import words
from metrics.report.calls import CHANCE, calls_endpoint, single_test, truth
from metrics.report.differences import overall_difference
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.rates import cell_estimate
from metrics.report.selection import arms_of, cases, pairs_of, readers_of, verdicts
from metrics.report.turing import all_readers, all_readers_calls
from metrics.stats.mrmc import MultiReader
from metrics.stats.result import Estimate

COMPLETE = "complete case"
WITHOUT_RECOGNISED = "recognised images left out"
RECOGNISED = "recognised"
MOST_SYNTHETIC, MOST_REAL = 1, 6
Found = tuple[Estimate, float | None]


@dataclass(frozen=True)
class SensitivityRow(Row):
    """Hold one analysis of one number; `n_filled` readings were given an answer they lack."""

    part: int
    kind: str
    endpoint: str
    arm: str
    reference: str
    analysis: str
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    n_images: int
    n_readers: int
    n_readings: int
    n_filled: int
    method: str
    estimand: str
    warnings: str


@dataclass(frozen=True)
class _Question:
    """Name a number, and say how it is computed from the rows of a part."""

    kind: str
    endpoint: str
    arm: str
    reference: str
    compute: Callable[[pd.DataFrame], Found]


def plausibility_rows(part: pd.DataFrame, facts: Facts) -> tuple[SensitivityRow, ...]:
    """Return the analyses of each arm's rate over all images, and of each pair's difference."""
    part = _participants(part)
    arms = arms_of(part, facts)
    rows: list[SensitivityRow] = []
    for arm in arms:
        mine = part[part["arm"] == arm]
        question = _Question("plausibility", "share plausible", arm, "", _rate)
        ends = (("unanswered count as implausible", {arm: 0.0}),
                ("unanswered count as plausible", {arm: 1.0}))  # fmt: skip
        rows.extend(_analyses(mine, question, _filled_verdicts(mine, ends)))
    for ours, theirs in pairs_of(arms, facts):
        both = part[part["arm"].isin([ours, theirs])]
        question = _Question(
            "plausibility", "difference", ours, theirs, _difference_of((ours, theirs), facts)
        )
        ends = (("unanswered count against the arm", {ours: 0.0, theirs: 1.0}),
                ("unanswered count for the arm", {ours: 1.0, theirs: 0.0}))  # fmt: skip
        rows.extend(_analyses(both, question, _filled_verdicts(both, ends)))
    return tuple(rows)


def turing_rows(part: pd.DataFrame) -> tuple[SensitivityRow, ...]:
    """Return the analyses of accuracy and, for several readers, of the area under the curve."""
    part = _participants(part)
    several = len(readers_of(part)) > 1
    rows: list[SensitivityRow] = []
    calls = calls_endpoint(part)
    for endpoint in (calls, "AUC") if several else (calls,):
        question = _Question("turing", endpoint, "", "", _against_chance(endpoint))
        rows.extend(_analyses(part, question, _filled_calls(part)))
    return tuple(rows)


def _participants(part: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of readers who answered something: nobody answers for who never came."""
    return part[part["reader"].isin(readers_of(part))]


def _filled_verdicts(
    part: pd.DataFrame, ends: Sequence[tuple[str, dict[str, float]]]
) -> Iterator[tuple[str, pd.DataFrame]]:
    empty = np.isnan(verdicts(part))
    for name, values in ends:
        given = np.where(empty, part["arm"].map(values).to_numpy(dtype=float), verdicts(part))
        yield name, part.assign(verdict=given, outcome="answered")


def _filled_calls(part: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    answers = part["turing"].to_numpy(dtype=float, na_value=np.nan)
    is_synthetic = truth(part) == 1
    right = np.where(is_synthetic, MOST_SYNTHETIC, MOST_REAL)
    for name, given in (
        ("unanswered count as wrong", MOST_SYNTHETIC + MOST_REAL - right),
        ("unanswered count as right", right),
    ):
        filled = np.where(np.isnan(answers), given, answers)
        yield name, part.assign(turing=filled, outcome="answered")


def _analyses(
    part: pd.DataFrame, question: _Question, ends: Iterator[tuple[str, pd.DataFrame]]
) -> Iterator[SensitivityRow]:
    """Yield the complete case; both ends where something is unanswered; without the recognised."""
    unanswered = int((part["outcome"] != "answered").sum())
    yield _row(part, question, COMPLETE, 0)
    if unanswered:
        for name, filled in ends:
            yield _row(filled, question, name, unanswered)
    recognised = np.array([RECOGNISED in flags for flags in part["flags"]], dtype=bool)
    if recognised.any():
        yield _row(part[~recognised], question, WITHOUT_RECOGNISED, 0)


def _row(part: pd.DataFrame, question: _Question, analysis: str, n_filled: int) -> SensitivityRow:
    found: Estimate | None = None
    p, why = None, ""
    try:
        found, p = question.compute(part)
    except ValueError as error:  # InsufficientData is one
        why = str(error)
    answered = part[part["outcome"] == "answered"]
    return SensitivityRow(
        part=int(part["part"].iloc[0]) if len(part) else 0,
        kind=question.kind,
        endpoint=question.endpoint,
        arm=question.arm,
        reference=question.reference,
        analysis=analysis,
        estimate=found.estimate if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        p=p,
        n_images=cases(answered).nunique(),
        n_readers=len(readers_of(answered)),
        n_readings=len(answered),
        n_filled=n_filled,
        method=found.method if found else "refused",
        estimand=found.estimand if found else "",
        warnings="; ".join(words.unique((*(found.warnings if found else ()), why))),
    )


def _rate(part: pd.DataFrame) -> Found:
    return cell_estimate(part), None


def _difference_of(pair: tuple[str, str], facts: Facts) -> Callable[[pd.DataFrame], Found]:
    def compute(part: pd.DataFrame) -> Found:
        return overall_difference(part, pair, facts)

    return compute


def _against_chance(endpoint: str) -> Callable[[pd.DataFrame], Found]:
    def compute(part: pd.DataFrame) -> Found:
        analysis = all_readers(part) if endpoint == "AUC" else all_readers_calls(part, endpoint)
        if isinstance(analysis, str):
            raise ValueError(analysis)
        one = (
            analysis.against(CHANCE)
            if isinstance(analysis, MultiReader)
            else single_test(part, endpoint)
        )
        return one, one.p

    return compute


def sensitivity_table(rows: Sequence[SensitivityRow], facts: Facts, key: str) -> Table:
    """Return a line per analysis, the number it speaks of in front."""
    unanswered = max((row.n_filled for row in rows), default=0)
    recognised = any(row.analysis == WITHOUT_RECOGNISED for row in rows)
    notes = (
        "Nothing is unanswered." if not unanswered else "Both ends are extremes, not guesses.",
        "" if recognised else "No reader recognised an image.",
    )
    return Table(
        key=key,
        title="Sensitivity to unanswered and recognised images",
        records=tuple(rows),
        header=("Number", "Analysis", "#Estimate (95 %)", "#p", "#readings", "#filled in"),
        body=tuple(
            (
                _name(row, facts),
                row.analysis,
                _numbers(row),
                words.p_value(row.p),
                f"{row.n_readings:,}",
                f"{row.n_filled:,}",
            )
            for row in rows
        ),
        caption=f"All images, same methods as the main tables. {' '.join(filter(None, notes))}",
    )


def _name(row: SensitivityRow, facts: Facts) -> str:
    if not row.arm:
        return row.endpoint
    ours = facts.arm(row.arm).label
    return f"{ours} minus {facts.arm(row.reference).label}" if row.reference else ours


def _numbers(row: SensitivityRow) -> str:
    numbers = (row.estimate, row.low, row.high)
    if row.endpoint == "difference":
        return words.points_with_limits(*numbers) + " points"
    return (
        words.number_with_limits(*numbers) if row.endpoint == "AUC" else words.with_limits(*numbers)
    )
