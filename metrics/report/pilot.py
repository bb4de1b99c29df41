"""What a pilot of criteria says: agreement per criterion, and where its experts part, in words."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from metrics.report import words
from metrics.report.document import Row
from metrics.stats.agreement import fleiss_kappa, gwet_ac, percent_agreement
from metrics.stats.result import Estimate

COEFFICIENTS = {
    "agreement": percent_agreement,
    "ac1": gwet_ac,
    "kappa": fleiss_kappa,
}
STATES = {"passes": 1.0, "fails": 0.0}
SHOWN = 5


@dataclass(frozen=True)
class Coefficient:
    """One coefficient with 95 % limits; None where the data refuse it, and then `why`."""

    estimate: float | None
    low: float | None
    high: float | None
    why: str = ""

    @property
    def text(self) -> str:
        return words.number_with_limits(self.estimate, self.low, self.high)


@dataclass(frozen=True)
class CriterionAgreement(Row):
    """How well experts agree on one criterion: passes or fails, among those who could judge it.

    n_images: judged by two experts or more; n_split: of these, not all alike.
    """

    code: str
    label: str
    agreement: Coefficient
    ac1: Coefficient
    kappa: Coefficient
    n_images: int
    n_readers: int
    n_split: int
    n_answers: int
    n_not_judgeable: int

    @property
    def not_judgeable(self) -> str:
        if not self.n_answers:
            return words.NONE
        share = words.percent(self.n_not_judgeable / self.n_answers)
        return f"{share} ({self.n_not_judgeable} of {self.n_answers})"


def criterion_agreement(
    answers: pd.DataFrame, labels: Mapping[str, str]
) -> tuple[CriterionAgreement, ...]:
    """Return a row per criterion, in the order of `labels` (code -> label).

    answers: columns case, class_name, reader, criterion, state (passes, fails, not_judgeable).
    """
    return tuple(
        _row(answers[answers["criterion"] == code], code, label) for code, label in labels.items()
    )


def _row(mine: pd.DataFrame, code: str, label: str) -> CriterionAgreement:
    grid = _grid(mine)
    ratings = grid.to_numpy(dtype=float)
    split = int((grid.nunique(axis=1) > 1).sum())
    found = {name: _coefficient(make, ratings) for name, make in COEFFICIENTS.items()}
    return CriterionAgreement(
        code=code,
        label=label,
        **found,
        n_images=len(grid),
        n_readers=grid.shape[1],
        n_split=split,
        n_answers=len(mine),
        n_not_judgeable=int((mine["state"] == "not_judgeable").sum()),
    )


def _grid(mine: pd.DataFrame) -> pd.DataFrame:
    """Return images x experts, 1 passes and 0 fails, images that two of them could judge."""
    judged = mine.assign(value=mine["state"].map(STATES)).dropna(subset=["value"])
    grid = judged.pivot(index="case", columns="reader", values="value")
    return grid[grid.notna().sum(axis=1) > 1]


def _coefficient(make: object, ratings: np.ndarray) -> Coefficient:
    try:
        found: Estimate = make(ratings, categories=(0.0, 1.0))  # type: ignore[operator]
    except ValueError as error:  # InsufficientData is one
        return Coefficient(None, None, None, str(error))
    return Coefficient(found.estimate, found.low, found.high)


def hardest_criteria(rows: tuple[CriterionAgreement, ...]) -> tuple[str, ...]:
    """Return a sentence per criterion on which experts were split, most splits first."""
    split = sorted((r for r in rows if r.n_split), key=lambda r: (-r.n_split / r.n_images, r.label))
    return tuple(
        f"“{row.label}”: the experts were split on {row.n_split} of "
        f"{words.count(row.n_images, 'image')} (AC1 {row.ac1.text})."
        for row in split[:SHOWN]
    )


def hardest_images(answers: pd.DataFrame, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence per image with the most split criteria: what was said, and how often."""
    found: list[tuple[int, str, str]] = []
    for (case, class_name), rows in answers.groupby(["case", "class_name"], sort=True):
        said = [_split(mine, labels[str(code)]) for code, mine in rows.groupby("criterion")]
        parts = [text for text in said if text]
        if parts:
            found.append((-len(parts), str(case), f"{case} ({class_name}): {'; '.join(parts)}."))
    return tuple(text for _, _, text in sorted(found)[:SHOWN])


def _split(mine: pd.DataFrame, label: str) -> str:
    """Return `“Nucleus” 2 fail, 1 passes` where experts said different things, else nothing."""
    counts = mine["state"].value_counts()
    if len(counts) < 2:
        return ""
    passes, fails = int(counts.get("passes", 0)), int(counts.get("fails", 0))
    unseen = int(counts.get("not_judgeable", 0))
    parts = [
        f"{passes} {'passes' if passes == 1 else 'pass'}" if passes else "",
        f"{fails} {'fails' if fails == 1 else 'fail'}" if fails else "",
        f"{unseen} not judgeable" if unseen else "",
    ]
    return f"“{label}” {', '.join(part for part in parts if part)}"
