"""The visual Turing test: each reader, all readers, and what may be said about chance."""

from dataclasses import dataclass, replace

import pandas as pd

from metrics.report import words
from metrics.report.calls import (
    ACCURACY,
    CHANCE,
    calls_endpoint,
    scores,
    single_equivalence,
    single_test,
    truth,
    uneven_note,
)
from metrics.report.document import Row
from metrics.report.facts import Facts
from metrics.report.look_plan import TURING, final_alpha
from metrics.report.selection import arms_of, cases, readers_of
from metrics.stats.comparison import adjust
from metrics.stats.mrmc import MultiReader, obuchowski_rockette
from metrics.stats.mrmc.design import Metric
from metrics.stats.result import Estimate
from metrics.stats.turing import (
    Verdict,
    auc,
    over_readers,
    reader_performance,
    verdict,
)

EVERY_READER = "all readers"
MEASURES = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity for synthetic",
    "specificity": "Specificity (real called real)",
    "d_prime": "d′",
    "criterion": "Criterion c",
    "auc": "AUC of six levels",
}


@dataclass(frozen=True)
class MeasureRow(Row):
    """Hold one measure of one reader, or of all readers."""

    part: int
    reader: str
    measure: str
    estimate: float | None
    low: float | None
    high: float | None
    n_images: int
    n_readers: int
    n_readings: int
    n_missing: int
    method: str
    estimand: str
    warnings: str


@dataclass(frozen=True)
class VerdictRow(Row):
    """Hold a test against chance and the four-state verdict from the frozen margin."""

    part: int
    reader: str
    endpoint: str
    estimate: float | None
    low: float | None
    high: float | None
    p_chance: float | None
    p_chance_holm: float | None
    p_equivalence: float | None
    margin: float
    alpha: float
    state: str
    n_images: int
    n_readers: int
    n_readings: int
    method: str
    estimand: str
    sentence: str
    warnings: str


@dataclass(frozen=True)
class PooledRow(Row):
    """Hold counts over all readings of an arm: a description, never an inference."""

    part: int
    arm: str
    source: str
    called_synthetic: int
    called_real: int
    n_cannot_judge: int
    n_missing: int
    n_images: int
    n_readings: int
    share_right: float | None


def measure_rows(part: pd.DataFrame, readers: MultiReader | None) -> tuple[MeasureRow, ...]:
    """Return every measure per reader, then over readers when there are several."""
    rows: list[MeasureRow] = []
    for reader in readers_of(part):
        rows.extend(_reader_rows(part[part["reader"] == reader], reader))
    if len(readers_of(part)) > 1:
        rows.extend(_all_rows(part, rows, readers))
    return tuple(rows)


def _reader_rows(mine: pd.DataFrame, reader: str) -> list[MeasureRow]:
    y, s, order = truth(mine), scores(mine), int(mine["part"].iloc[0])
    found: dict[str, Estimate | str] = {}
    try:
        performance = reader_performance(y, s, positive_at=0)
        found = {name: getattr(performance, name) for name in MEASURES if name != "auc"}
    except ValueError as error:
        found = {name: str(error) for name in MEASURES if name != "auc"}
    try:
        found["auc"] = auc(y, s)
    except ValueError as error:
        found["auc"] = str(error)
    return _noted(
        [_measure(order, reader, name, value, mine) for name, value in found.items()], mine
    )


def _measure(
    order: int, reader: str, name: str, value: Estimate | str, rows: pd.DataFrame
) -> MeasureRow:
    if isinstance(value, str):
        n = int(rows["turing"].notna().sum())
        return MeasureRow(
            order,
            reader,
            name,
            None,
            None,
            None,
            cases(rows).nunique(),
            1,
            n,
            len(rows) - n,
            "refused",
            "",
            value,
        )
    return MeasureRow(
        part=order,
        reader=reader,
        measure=name,
        estimate=value.estimate,
        low=value.low,
        high=value.high,
        n_images=value.n_images,
        n_readers=value.n_readers,
        n_readings=value.n_readings,
        n_missing=value.n_missing,
        method=value.method,
        estimand=value.estimand,
        warnings="; ".join(words.unique(value.warnings)),
    )


def mrmc_frame(part: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that the multi-reader analysis wants, answered readings only."""
    answered = part[part["turing"].notna()]
    return pd.DataFrame(
        {
            "reader": answered["reader"].to_numpy(),
            "case": cases(answered).to_numpy(),
            "truth": truth(answered).astype(int),
            "rating": scores(answered),
        }
    )


def all_readers(part: pd.DataFrame, metric: Metric = "auc") -> MultiReader | str | None:
    """Return the multi-reader analysis, why it is refused, or None with one reader."""
    return _together(part, mrmc_frame(part), metric)


def all_readers_calls(part: pd.DataFrame, endpoint: str) -> MultiReader | str | None:
    """Return the multi-reader analysis of the endpoint that `calls_endpoint` named.

    The area under the curve of calls (yes or no) is the mean of sensitivity and specificity.
    """
    if endpoint == ACCURACY:
        return all_readers(part, "accuracy")
    frame = mrmc_frame(part)
    return _together(part, frame.assign(rating=(frame["rating"] > 0).astype(float)), "auc")


def _together(part: pd.DataFrame, frame: pd.DataFrame, metric: Metric) -> MultiReader | str | None:
    if len(readers_of(part)) < 2:
        return None
    try:
        return obuchowski_rockette(frame, "unbiased", metric, positive_at=0)
    except ValueError as error:
        return str(error)


def _all_rows(
    part: pd.DataFrame, rows: list[MeasureRow], area: MultiReader | None
) -> list[MeasureRow]:
    order = int(part["part"].iloc[0])
    found: dict[str, Estimate | str] = {}
    metrics: tuple[Metric, ...] = ("accuracy", "sensitivity", "specificity")
    for name in metrics:
        analysis = all_readers(part, name)
        found[name] = (
            analysis.modalities[0] if isinstance(analysis, MultiReader) else analysis or ""
        )
    n_images = cases(part).nunique()
    for index in ("d_prime", "criterion"):
        used = [row for row in rows if row.measure == index and row.estimate is not None]
        values = [row.estimate for row in used if row.estimate is not None]
        absent = n_images * len(used) - sum(row.n_readings for row in used)
        try:
            found[index] = over_readers(values, n_images, n_missing=absent)
        except ValueError as error:
            found[index] = str(error)
    found["auc"] = area.modalities[0] if area else "the multi-reader analysis was refused"
    made = [_measure(order, EVERY_READER, name, value, part) for name, value in found.items()]
    # An image that nobody answered never enters an analysis; it was asked all the same.
    missing = sum(row.n_missing for row in rows if row.measure == "accuracy")
    return _noted([replace(row, n_missing=missing) for row in made], part)


def _noted(rows: list[MeasureRow], part: pd.DataFrame) -> list[MeasureRow]:
    """Return the rows, the accuracy with what it can be without skill where counts are uneven."""
    note = uneven_note(part)
    return [
        replace(row, warnings="; ".join(filter(None, (row.warnings, note))))
        if row.measure == ACCURACY
        else row
        for row in rows
    ]


def verdict_rows(
    part: pd.DataFrame, area: MultiReader | None, facts: Facts
) -> tuple[VerdictRow, ...]:
    """Return the four-state verdict per reader on accuracy, and over readers on the AUC."""
    readers = readers_of(part)
    # with several readers each one's verdict is secondary: the looks are at all of them together
    level = final_alpha(facts, TURING) if len(readers) == 1 else facts.alpha
    rows = [_reader_verdict(part[part["reader"] == r], r, facts, level) for r in readers]
    rows = _holm(rows)
    return (*rows, _all_verdict(part, area, facts)) if area else tuple(rows)


def _reader_verdict(
    mine: pd.DataFrame, reader: str, facts: Facts, detect_alpha: float
) -> VerdictRow:
    endpoint = calls_endpoint(mine)
    try:
        within = single_equivalence(mine, endpoint, facts)
        said = verdict(
            single_test(mine, endpoint), within, alpha=facts.alpha, detect_alpha=detect_alpha
        )
    except ValueError as error:
        return _no_verdict(mine, (reader, endpoint), facts, str(error))
    noted = replace(said, warnings=(*said.warnings, uneven_note(mine)))
    return _verdict_row(mine, (reader, endpoint), facts, noted)


def _all_verdict(part: pd.DataFrame, area: MultiReader, facts: Facts) -> VerdictRow:
    try:
        against = area.against(CHANCE)
        within = area.equivalence(CHANCE, facts.margin, alpha=facts.alpha)
        said = verdict(against, within, alpha=facts.alpha, detect_alpha=final_alpha(facts, TURING))
    except ValueError as error:
        return _no_verdict(part, (EVERY_READER, "AUC"), facts, str(error))
    return _verdict_row(part, (EVERY_READER, "AUC"), facts, said)


def _verdict_row(
    rows: pd.DataFrame, name: tuple[str, str], facts: Facts, said: Verdict
) -> VerdictRow:
    return VerdictRow(
        part=int(rows["part"].iloc[0]),
        reader=name[0],
        endpoint=name[1],
        estimate=said.estimate,
        low=said.low,
        high=said.high,
        p_chance=said.p_difference,
        p_chance_holm=None,
        p_equivalence=said.p_equivalence,
        margin=facts.margin,
        alpha=facts.alpha,
        state=str(said.state),
        n_images=said.n_images,
        n_readers=said.n_readers,
        n_readings=said.n_readings,
        method=said.method,
        estimand=said.estimand,
        sentence=said.sentence,
        warnings="; ".join(words.unique(said.warnings)),
    )


def _no_verdict(rows: pd.DataFrame, name: tuple[str, str], facts: Facts, why: str) -> VerdictRow:
    n = int(rows["turing"].notna().sum())
    return VerdictRow(
        int(rows["part"].iloc[0]),
        *name,
        None,
        None,
        None,
        None,
        None,
        None,
        facts.margin,
        facts.alpha,
        "refused",
        cases(rows).nunique(),
        1,
        n,
        "refused",
        "",
        why,
        why,
    )


def _holm(rows: list[VerdictRow]) -> list[VerdictRow]:
    """Return the rows with Holm over the readers."""
    adjusted = iter(adjust([row.p_chance for row in rows if row.p_chance is not None]))
    return [
        row if row.p_chance is None else replace(row, p_chance_holm=float(next(adjusted)))
        for row in rows
    ]


def pooled_rows(part: pd.DataFrame, facts: Facts) -> tuple[PooledRow, ...]:
    """Return what was called what per arm, over all readings, without interval or p-value."""
    rows = []
    for arm in arms_of(part, facts):
        cell = part[part["arm"] == arm]
        s = scores(cell)
        synthetic, real = int((s > 0).sum()), int((s < 0).sum())
        source = facts.arm(arm).source
        right = synthetic if source == "synthetic" else real
        rows.append(
            PooledRow(
                part=int(part["part"].iloc[0]),
                arm=arm,
                source=source,
                called_synthetic=synthetic,
                called_real=real,
                n_cannot_judge=int((cell["outcome"] == "cannot_judge").sum()),
                n_missing=int((cell["outcome"] == "missing").sum()),
                n_images=cases(cell).nunique(),
                n_readings=synthetic + real,
                share_right=right / (synthetic + real) if synthetic + real else None,
            )
        )
    return tuple(rows)
