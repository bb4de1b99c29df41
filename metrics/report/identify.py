"""Identify: intended against perceived class per arm, with real images as the ceiling."""

from dataclasses import dataclass, replace

import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.selection import arms_of, cases, classes_of
from metrics.stats.confusion import Confusion, confusion
from metrics.stats.result import Estimate

MACRO = "Mean of classes"


@dataclass(frozen=True)
class ScoreRow(Row):
    """Hold one score of one class (or of their mean) in one arm."""

    part: int
    arm: str
    source: str
    class_code: str
    class_name: str
    score: str
    estimate: float
    low: float
    high: float
    n_images: int
    n_readers: int
    n_readings: int
    n_missing: int
    method: str
    estimand: str
    warnings: str


@dataclass(frozen=True)
class CellRow(Row):
    """Hold how often an intended class was called something."""

    part: int
    arm: str
    intended: str
    perceived: str
    n: int


def confusions(part: pd.DataFrame, facts: Facts) -> dict[str, Confusion | str]:
    """Return each arm's confusion, or why it is refused. Cannot judge counts as no class."""
    found: dict[str, Confusion | str] = {}
    for arm in arms_of(part, facts):
        cell = part[(part["arm"] == arm) & (part["outcome"] != "missing")]
        named = cell["perceived_class"].where(cell["outcome"] == "answered", "cannot judge")
        try:
            found[arm] = confusion(
                cell["class"].to_numpy(dtype=object),
                named.replace("", None).to_numpy(dtype=object),
                cases=cases(cell).to_numpy(dtype=object),
                readers=cell["reader"].to_numpy(dtype=object),
                classes=classes_of(cell, facts),
            )
        except ValueError as error:
            found[arm] = str(error)
    return found


def score_rows(order: int, found: dict[str, Confusion | str], facts: Facts) -> tuple[ScoreRow, ...]:
    """Return recall, precision and F1 per class and their means, and the accuracy, per arm."""
    rows: list[ScoreRow] = []
    for arm, one in found.items():
        if isinstance(one, str):
            continue
        for scores in one.per_class:
            code = str(scores.name)
            sizes = {"recall": scores.support, "precision": scores.answered}
            for score in ("recall", "precision", "f1"):
                place = (order, arm, code, facts.class_name(code))
                row = _score(place, score, getattr(scores, score), facts)
                rows.append(replace(row, n_readings=sizes.get(score, row.n_readings)))
        for score, estimate in (
            ("recall", one.macro_recall),
            ("precision", one.macro_precision),
            ("f1", one.macro_f1),
            ("accuracy", one.accuracy),
        ):
            rows.append(_score((order, arm, "", MACRO), score, estimate, facts))
    return tuple(rows)


def _score(place: tuple[int, str, str, str], score: str, found: Estimate, facts: Facts) -> ScoreRow:
    order, arm, code, name = place
    return ScoreRow(
        order,
        arm,
        facts.arm(arm).source,
        code,
        name,
        score,
        found.estimate,
        found.low,
        found.high,
        found.n_images,
        found.n_readers,
        found.n_readings,
        found.n_missing,
        found.method,
        found.estimand,
        "; ".join(words.unique(found.warnings)),
    )


def cell_rows(order: int, arm: str, found: Confusion) -> tuple[CellRow, ...]:
    """Return the counts of one confusion matrix."""
    return tuple(
        CellRow(order, arm, str(intended), str(answer), int(found.matrix[i, j]))
        for i, intended in enumerate(found.classes)
        for j, answer in enumerate(found.answers)
    )


def score_table(rows: tuple[ScoreRow, ...], facts: Facts, key: str) -> Table:
    """Return recall per class with F1 and precision, a line per class and arm."""
    cells = {(row.class_name, row.arm, row.score): row for row in rows}
    lines = list(dict.fromkeys((row.class_name, row.arm) for row in rows))
    order = {name: index for index, name in enumerate(facts.classes.values())}
    lines.sort(key=lambda line: order.get(line[0], len(order)))
    names = ("recall", "precision", "f1")
    methods = words.unique(words.method(row.method) for row in rows)
    return Table(
        key=key,
        title="Intended class named",
        records=rows,
        header=("Class", "Arm", "#Recall (95 %)", "#Precision", "#F1", "#readings"),
        body=tuple(
            (
                line[0],
                facts.arm(line[1]).label,
                *(_shown(cells[(*line, name)]) for name in names),
                str(cells[(*line, "recall")].n_readings),
            )
            for line in lines
        ),
        caption="Readings are those of the class. Macro F1 is the mean of the classes' F1. "
        f"Methods: {'; '.join(methods[:4])}.",
        total=sum(line[0] == MACRO for line in lines),
    )


def _shown(row: ScoreRow) -> str:
    return words.with_limits(row.estimate, row.low, row.high)


def named(code: str, facts: Facts) -> str:
    """Return `Basophil (BAS)`: columns carry the code alone."""
    name = facts.class_name(code)
    return name if name == code else f"{name} ({code})"


def _other_answers(codes: list[str], facts: Facts) -> str:
    known = [f"{code} is {facts.class_name(code)}" for code in codes if code in facts.classes]
    return f" {'; '.join(known)}." if known else ""


def matrix_table(rows: tuple[CellRow, ...], facts: Facts, key: str) -> Table:
    """Return one arm's counts: a line per intended class, a column per answer."""
    intended = list(dict.fromkeys(row.intended for row in rows))
    answers = list(dict.fromkeys(row.perceived for row in rows))
    cells = {(row.intended, row.perceived): row.n for row in rows}
    label = facts.arm(rows[0].arm).label
    return Table(
        key=key,
        title=f"Intended against perceived class, {label}",
        records=rows,
        header=("Intended", *(f"#{answer}" for answer in answers)),
        body=tuple(
            (named(code, facts), *(str(cells[code, answer]) for answer in answers))
            for code in intended
        ),
        caption="Counts of readings; “cannot judge” is an answer of its own."
        + _other_answers([answer for answer in answers if answer not in intended], facts),
    )
