"""Several findings asked of one image: what readers said against what the image is labelled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.rates import Place, estimate_or_reason, rate_row
from metrics.report.selection import RATE_COLUMNS, arms_of

SENSITIVITY, SPECIFICITY = "sensitivity", "specificity"
SAID = ("present", "absent", "not_judgeable")
UNSAID = ("cannot_judge", "missing")
NOTE = (
    "The label is the image's own at the draw, often mined from text, or what its generator was "
    "asked for; it is not itself a reading."
)


@dataclass(frozen=True)
class FindingRow(Row):
    """Hold the sensitivity or specificity of one finding in one arm.

    Sensitivity: share called present among judged readings of images that carry the label;
    specificity: share called absent among those that do not. `worst` and `best` count every
    reading that is not judgeable, cannot judge or missing as wrong, as right. `estimate` is None
    where the data refuse it, and `warnings` then say why.
    """

    part: int
    finding: str
    finding_name: str
    arm: str
    source: str
    score: str
    estimate: float | None
    low: float | None
    high: float | None
    n_images: int
    n_readers: int
    n_readings: int
    n_right: int
    n_not_judgeable: int
    n_cannot_judge: int
    n_missing: int
    worst: float | None
    best: float | None
    method: str
    estimand: str
    warnings: str


@dataclass(frozen=True)
class SaidRow(Row):
    """Hold how often a finding was called something, of images with or without its label."""

    part: int
    arm: str
    finding: str
    labelled: bool
    said: str
    n: int


def finding_cells(
    part: pd.DataFrame, codes: Sequence[str], facts: Facts
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield (arm, finding, rows) with columns `labelled` and `said`.

    part: primary rows of one part. `said` is a state, or cannot_judge or missing where the finding
    was not answered.
    """
    for arm in arms_of(part, facts):
        rows = part[part["arm"] == arm]
        for code in codes:
            states = [given.get(code) for given in rows["findings"]]
            said = np.where([state is None for state in states], rows["outcome"], states)
            labelled = [code in carried for carried in rows["image_findings"]]
            narrow = rows[RATE_COLUMNS].assign(labelled=labelled, said=said)
            yield arm, code, narrow


def finding_rows(part: pd.DataFrame, codes: Sequence[str], facts: Facts) -> tuple[FindingRow, ...]:
    """Return sensitivity and specificity per finding and arm; empty sides are left out."""
    rows: list[FindingRow] = []
    for arm, code, cell in finding_cells(part, codes, facts):
        for score, labelled in ((SENSITIVITY, True), (SPECIFICITY, False)):
            side = cell[cell["labelled"] == labelled]
            if len(side):
                rows.append(_row(side, (arm, code, score), facts))
    return tuple(rows)


def _row(side: pd.DataFrame, name: tuple[str, str, str], facts: Facts) -> FindingRow:
    arm, code, score = name
    right = "present" if score == SENSITIVITY else "absent"
    judged = side["said"].isin(["present", "absent"])
    correct = np.where(judged, (side["said"] == right).astype(float), np.nan)
    cell = side.assign(verdict=correct)
    place = Place(
        int(side["part"].iloc[0]), code, facts.class_name(code), arm, facts.arm(arm).source
    )
    rate = rate_row(cell, place, *estimate_or_reason(cell))
    said = side["said"].value_counts()
    return FindingRow(
        part=rate.part,
        finding=code,
        finding_name=rate.class_name,
        arm=arm,
        source=rate.source,
        score=score,
        estimate=rate.estimate,
        low=rate.low,
        high=rate.high,
        n_images=rate.n_images,
        n_readers=cell.loc[judged, "reader"].nunique(),
        n_readings=rate.n_readings,
        n_right=rate.n_plausible,
        n_not_judgeable=int(said.get("not_judgeable", 0)),
        n_cannot_judge=int(said.get("cannot_judge", 0)),
        n_missing=int(said.get("missing", 0)),
        worst=rate.worst,
        best=rate.best,
        method=rate.method,
        estimand=rate.estimand,
        warnings=rate.warnings,
    )


def said_rows(part: pd.DataFrame, codes: Sequence[str], facts: Facts) -> tuple[SaidRow, ...]:
    """Return the counts of labelled x said per finding and arm."""
    order = int(part["part"].iloc[0])
    return tuple(
        SaidRow(
            order, arm, code, labelled, said,
            int(((cell["labelled"] == labelled) & (cell["said"] == said)).sum()),
        )
        for arm, code, cell in finding_cells(part, codes, facts)
        for labelled in (True, False)
        for said in (*SAID, *UNSAID)
    )  # fmt: skip


def score_table(rows: tuple[FindingRow, ...], facts: Facts, key: str) -> Table:
    """Return a line per finding and arm: sensitivity and specificity with what they rest on."""
    cells = {(row.finding, row.arm, row.score): row for row in rows}
    lines = _by_finding(dict.fromkeys((row.finding, row.arm) for row in rows))
    body = []
    for code, arm in lines:
        found = [cells.get((code, arm, score)) for score in (SENSITIVITY, SPECIFICITY)]
        shown = [text for row in found for text in (_rate(row), _size(row))]
        body.append((facts.class_name(code), arm_name(arm, facts), *shown))
    return Table(
        key=key,
        title="Findings against labels",
        records=rows,
        header=("Finding", "Arm", "#Sensitivity (95 %)", "#images, readings",
                "#Specificity (95 %)", "#images, readings"),
        body=tuple(body),
        caption=f"Of judged readings. {NOTE} {words.methods(rows)}{words.luck(rows)}",
    )  # fmt: skip


def said_table(rows: tuple[SaidRow, ...], facts: Facts, key: str) -> Table:
    """Return the counts: a line per finding, arm and label, a column per answer."""
    cells = {(row.finding, row.arm, row.labelled, row.said): row.n for row in rows}
    pairs = _by_finding(dict.fromkeys((row.finding, row.arm) for row in rows))
    answers = (*SAID, *UNSAID)
    return Table(
        key=key,
        title="Findings: labelled and said",
        records=rows,
        header=("Finding", "Arm", "Image", *(f"#{said.replace('_', ' ')}" for said in answers)),
        body=tuple(
            (
                facts.class_name(code),
                arm_name(arm, facts),
                "labelled" if labelled else "not labelled",
                *(str(cells[code, arm, labelled, said]) for said in answers),
            )
            for code, arm in pairs
            for labelled in (True, False)
        ),
        caption="Counts of readings.",
    )


def _by_finding(pairs: dict[tuple[str, str], None]) -> list[tuple[str, str]]:
    """Bring the arms of a finding together, findings in the order of the part."""
    order = list(dict.fromkeys(code for code, _ in pairs))
    return sorted(pairs, key=lambda pair: order.index(pair[0]))


def arm_name(arm: str, facts: Facts) -> str:
    """Return an arm's label; real images are the ceiling."""
    found = facts.arm(arm)
    return f"{found.label} (the ceiling)" if found.source == "real" else found.label


def _rate(row: FindingRow | None) -> str:
    if row is None:
        return words.NONE
    return words.marked(words.with_limits(row.estimate, row.low, row.high), row.warnings)


def _size(row: FindingRow | None) -> str:
    return "0" if row is None else f"{row.n_images}, {row.n_readings}"
