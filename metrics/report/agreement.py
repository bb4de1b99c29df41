"""Agreement between readers on the same images, and of each reader with themselves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.selection import arms_of, cases
from metrics.stats.agreement import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    light_kappa,
    percent_agreement,
)
from metrics.stats.result import Estimate

ALL = "all arms"
BETWEEN, WITHIN = "between readers", "within reader"
Coefficient = Callable[..., Estimate]
FINDING_STATES = {"present": 1.0, "absent": 0.0}


@dataclass(frozen=True)
class AgreementRow(Row):
    """Hold one coefficient. `prevalence` is the share of the first category named with it."""

    part: int
    scope: str
    question: str
    group: str
    coefficient: str
    estimate: float | None
    low: float | None
    high: float | None
    prevalence: str
    n_images: int
    n_readers: int
    n_readings: int
    method: str
    warnings: str


@dataclass(frozen=True)
class Question:
    """Name a question with its answers as numbers; `levels` where they are ordered."""

    name: str
    column: str
    categories: tuple[Any, ...]
    ordered: bool = False

    @property
    def coefficients(self) -> dict[str, Coefficient]:
        """Give the coefficients to print together: none of them is honest alone."""
        if self.ordered:
            return {
                "percent agreement, quadratic": partial(percent_agreement, weights="quadratic"),
                "Gwet AC2, quadratic": partial(gwet_ac, weights="quadratic"),
                "Krippendorff alpha, ordinal": partial(krippendorff_alpha, metric="ordinal"),
            }
        plain: dict[str, Coefficient] = {
            "percent agreement": percent_agreement,
            "Gwet AC1": gwet_ac,
            "Krippendorff alpha": krippendorff_alpha,
            "Fleiss kappa": fleiss_kappa,
        }
        return plain if self.is_one_of_many else plain | {"Light kappa": light_kappa}

    @property
    def is_one_of_many(self) -> bool:
        """Say whether it is one of a list of yes/no questions: those stand for all arms only."""
        return self.name.startswith(("criterion", "finding"))


@dataclass(frozen=True)
class Place:
    """Name what a row speaks of."""

    part: int
    scope: str
    question: str
    group: str


def between_rows(
    part: pd.DataFrame, questions: Sequence[Question], facts: Facts
) -> tuple[AgreementRow, ...]:
    """Return each coefficient for all arms together and for every arm.

    part: primary rows of one part with a column per question, NaN where not answered.
    """
    order = int(part["part"].iloc[0])
    rows: list[AgreementRow] = []
    for question in questions:
        groups = [(ALL, part)]
        if not question.is_one_of_many:
            groups += [(arm, part[part["arm"] == arm]) for arm in arms_of(part, facts)]
        for group, cell in groups:
            grid = _grid(cell, question.column)
            place = Place(order, BETWEEN, question.name, group)
            chosen = question.coefficients if group == ALL else _primary_only(question)
            rows.extend(_rows(place, chosen, grid, question.categories))
    return tuple(rows)


def _primary_only(question: Question) -> dict[str, Coefficient]:
    names = list(question.coefficients)[:2]
    return {name: question.coefficients[name] for name in names}


def _grid(cell: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return images x readers, images that at least two readers answered."""
    answered = cell[cell[column].notna()]
    table = pd.DataFrame(
        {
            "case": cases(answered).to_numpy(),
            "reader": answered["reader"].to_numpy(),
            "value": answered[column].to_numpy(),
        }
    ).pivot(index="case", columns="reader", values="value")
    return table[table.notna().sum(axis=1) > 1]


def _rows(
    place: Place, chosen: dict[str, Coefficient], grid: pd.DataFrame, categories: tuple[Any, ...]
) -> Iterator[AgreementRow]:
    for name, coefficient in chosen.items():
        try:
            found = coefficient(grid.to_numpy(), categories=categories)
            yield _row(place, name, found)
        except ValueError as error:
            size = (len(grid), grid.shape[1], int(grid.notna().to_numpy().sum()))
            yield _refused(place, name, size, str(error))


def _row(place: Place, name: str, found: Estimate) -> AgreementRow:
    return AgreementRow(
        place.part,
        place.scope,
        place.question,
        place.group,
        name,
        found.estimate,
        found.low,
        found.high,
        _prevalence(found),
        found.n_images,
        found.n_readers,
        found.n_readings,
        found.method,
        "; ".join(words.unique(found.warnings)),
    )


def _refused(place: Place, name: str, size: tuple[int, int, int], why: str) -> AgreementRow:
    return AgreementRow(
        place.part, place.scope, place.question, place.group, name, None, None, None, "",
        *size, "refused", why,
    )  # fmt: skip


def _prevalence(found: Estimate) -> str:
    shares = getattr(found, "prevalence", {})
    return ", ".join(f"{key}: {share:.3f}" for key, share in shares.items())


def within_rows(
    part: pd.DataFrame, questions: Sequence[Question], facts: Facts
) -> tuple[AgreementRow, ...]:
    """Return percent agreement, AC1 and Cohen's kappa of each reader's hidden repeats.

    part: all rows of one part; the second showing never enters any other analysis.
    """
    main = part[part["role"] == "main"]
    repeated = main[main["replicate"] > 0][["reader", "case"]].drop_duplicates()
    both = main.merge(repeated, on=["reader", "case"])
    rows: list[AgreementRow] = []
    for reader, mine in both.groupby("reader", sort=True):
        for question in questions:
            answered = mine[mine[question.column].notna()]
            pairs = answered.pivot_table(
                index="case", columns="replicate", values=question.column, aggfunc="first"
            )
            if pairs.shape[1] < 2:
                continue
            pairs = pairs.iloc[:, :2].dropna()
            place = Place(int(part["part"].iloc[0]), WITHIN, question.name, str(reader))
            rows.extend(_pair_rows(place, pairs, question))
    return tuple(rows)


def _pair_rows(place: Place, pairs: pd.DataFrame, question: Question) -> Iterator[AgreementRow]:
    weights = "quadratic" if question.ordered else None
    chosen: dict[str, Coefficient] = {
        "same answer": percent_agreement,
        "Gwet AC2, quadratic" if weights else "Gwet AC1": partial(gwet_ac, weights=weights),
    }
    yield from _rows(place, chosen, pairs, question.categories)
    name = "Cohen kappa, quadratic" if weights else "Cohen kappa"
    try:
        first, second = pairs.to_numpy().T
        found = cohen_kappa(first, second, weights, categories=question.categories)
        yield _row(place, name, found)
    except ValueError as error:
        yield _refused(place, name, (len(pairs), 1, 2 * len(pairs)), str(error))


def agreement_table(rows: tuple[AgreementRow, ...], facts: Facts, key: str, title: str) -> Table:
    """Return a line per question and group, a column per coefficient."""
    names = list(dict.fromkeys(row.coefficient for row in rows))
    cells = {(row.question, row.group, row.coefficient): row for row in rows}
    lines = list(dict.fromkeys((row.question, row.group) for row in rows))
    firsts = {line: next(r for r in rows if (r.question, r.group) == line) for line in lines}
    return Table(
        key=key,
        title=title,
        records=rows,
        header=("Question", "Of", *(f"#{name}" for name in names), "#images", "Prevalence"),
        body=tuple(
            (
                line[0],
                facts.arm(line[1]).label,
                *(_cell(cells.get((*line, name))) for name in names),
                str(firsts[line].n_images),
                _first_prevalence([cells.get((*line, name)) for name in names]),
            )
            for line in lines
        ),
        caption="95 % limits. AC1/AC2 is primary: kappa collapses where one answer is rare, so "
        "that coefficients stand together with the prevalence.",
    )


def _cell(row: AgreementRow | None) -> str:
    if row is None:
        return words.NONE
    return words.number_with_limits(row.estimate, row.low, row.high)


def _first_prevalence(rows: Sequence[AgreementRow | None]) -> str:
    """Return `yes 23.3 %` for questions of yes and no, else the share of every answer."""
    text = next((row.prevalence for row in rows if row and row.prevalence), "")
    shares = [pair.rsplit(": ", 1) for pair in text.split(", ") if pair]
    if {key for key, _ in shares} == {"0.0", "1.0"}:
        return f"yes {words.percent(float(dict(shares)['1.0']))}"
    said = (f"{key.removesuffix('.0')}: {words.percent(float(share), 0)}" for key, share in shares)
    return ", ".join(said) or words.NONE


def with_answers(frame: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Return the frame with one numeric column per question that agreement looks at."""
    synthetic = frame["turing"].to_numpy(dtype=float, na_value=np.nan)
    columns: dict[str, Any] = {
        "q_verdict": frame["verdict"].to_numpy(dtype=float, na_value=np.nan),
        "q_called": np.where(np.isnan(synthetic), np.nan, (synthetic <= 3).astype(float)),
        "q_level": synthetic,
        "q_rating": frame["rating"].to_numpy(dtype=float, na_value=np.nan),
        "q_class": frame["perceived_class"].where(frame["perceived_class"] != "", None),
    }
    for code in facts.criteria:
        columns[f"q_criterion_{code}"] = _criterion(frame, code, facts)
    for code in {code for part in facts.parts_with_findings() for code in facts.findings(part)}:
        states = [given.get(code) for given in frame["findings"]]
        columns[f"q_finding_{code}"] = [FINDING_STATES.get(state, np.nan) for state in states]
    return frame.assign(**columns)


def _criterion(frame: pd.DataFrame, code: str, facts: Facts) -> np.ndarray:
    """Return 1 failed, 0 not failed for readings with a verdict where the criterion applies."""
    states = np.array([given.get(code, "") for given in frame["criteria"]], dtype=object)
    applies = np.array([code in codes for codes in frame["counting"]], dtype=bool)
    if not facts.counts(code):
        asked = set(frame.loc[states != "", "class"])
        applies = frame["class"].isin(asked).to_numpy()
    judged = frame["verdict"].notna().to_numpy() & applies
    return np.where(judged & (states != "not_judgeable"), (states == "fails") * 1.0, np.nan)


def questions_of(kind: str, part: pd.DataFrame, facts: Facts) -> list[Question]:
    """Return the questions that a part of this kind asks, findings last."""
    codes = facts.findings(int(part["part"].iloc[0]))
    findings = [
        Question(f"finding: {facts.class_name(code)}", f"q_finding_{code}", (0.0, 1.0))
        for code in codes
        if part[f"q_finding_{code}"].notna().any()
    ]
    if kind == "identify" and codes:
        return findings
    return [*_questions_of_kind(kind, part, facts), *findings]


def _questions_of_kind(kind: str, part: pd.DataFrame, facts: Facts) -> list[Question]:
    if kind == "plausibility":
        criteria = [
            Question(f"criterion: {label}", f"q_criterion_{code}", (0.0, 1.0))
            for code, label in facts.criteria.items()
            if part[f"q_criterion_{code}"].notna().any()
        ]
        return [Question("plausible", "q_verdict", (0.0, 1.0)), *criteria]
    if kind == "lesion":
        return [Question("lesion plausible", "q_verdict", (0.0, 1.0))]
    if kind == "turing":
        levels = tuple(float(level) for level in range(1, 7))
        return [
            Question("called synthetic", "q_called", (0.0, 1.0)),
            Question("six levels", "q_level", levels, ordered=True),
        ]
    if kind == "acceptability":
        top = max(5, int(part["rating"].max())) if part["rating"].notna().any() else 5
        levels = tuple(float(level) for level in range(1, top + 1))
        return [Question("rating", "q_rating", levels, ordered=True)]
    if kind == "identify":
        given = sorted({*part["class"], *part["perceived_class"]} - {""})
        return [Question("class named", "q_class", tuple(given))]
    return []
