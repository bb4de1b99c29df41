"""Two arms compared over classes: per-class differences, adjusted p-values, and one overall."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.plausibility import EVERY
from metrics.report.rates import cell_estimate, has_clusters, is_screened
from metrics.report.selection import cases, classes_of, readers_of, split_by, verdicts
from metrics.stats.comparison import adjust, cmh, difference, mover, risk_difference_mh
from metrics.stats.mrmc import obuchowski_rockette
from metrics.stats.result import Estimate

REFUSED: tuple[float | None, ...] = (None, None, None, None, None)


@dataclass(frozen=True)
class DifferenceRow(Row):
    """Hold arm minus reference for one class; p-values are None where only limits are honest."""

    part: int
    class_code: str
    class_name: str
    arm: str
    reference: str
    reference_source: str
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    p_score: float | None
    p_holm: float | None
    p_bh: float | None
    n_images: int
    n_readers: int
    n_readings: int
    method: str
    estimand: str
    warnings: str


@dataclass(frozen=True)
class OverallRow(Row):
    """Hold one overall comparison of two arms over all classes."""

    part: int
    arm: str
    reference: str
    question: str
    estimate: float | None
    low: float | None
    high: float | None
    statistic: float | None
    p: float | None
    n_images: int
    n_readers: int
    n_readings: int
    method: str
    estimand: str
    warnings: str


def difference_rows(part: pd.DataFrame, pair: tuple[str, str], facts: Facts) -> list[DifferenceRow]:
    """Return arm minus reference per class and for all images; Holm and BH over the classes."""
    rows = []
    by_class = split_by(part, "class")
    for code in classes_of(part, facts):
        of_class = by_class[code]
        if {*pair} <= set(of_class["arm"]):
            rows.append(_row(of_class, pair, facts, (code, facts.class_name(code))))
    if not rows:
        return []
    # with several readers the analysis is the same for one class and for all images; with one
    # reader classes differ in difficulty, so that the overall question goes to the strata (CMH)
    several = len(readers_of(part[part["arm"].isin(pair)])) > 1
    return _adjusted(rows) + ([_row(part, pair, facts, ("", EVERY))] if several else [])


def _row(
    cell: pd.DataFrame, pair: tuple[str, str], facts: Facts, name: tuple[str, str]
) -> DifferenceRow:
    ours, theirs = (cell[cell["arm"] == arm] for arm in pair)
    try:
        found, p, p_score = _compare(ours, theirs)
        why = "; ".join(words.unique(found.warnings))
    except ValueError as error:
        found, p, p_score, why = None, None, None, str(error)
    both = pd.concat([ours, theirs])
    return DifferenceRow(
        part=int(cell["part"].iloc[0]),
        class_code=name[0],
        class_name=name[1],
        arm=pair[0],
        reference=pair[1],
        reference_source=facts.arm(pair[1]).source,
        estimate=found.estimate if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        p=p,
        p_score=p_score,
        p_holm=None,
        p_bh=None,
        n_images=found.n_images if found else judged_images(both),
        n_readers=len(readers_of(both)),
        n_readings=int(both["verdict"].notna().sum()),
        method=found.method if found else "refused",
        estimand=found.estimand if found else "",
        warnings=why,
    )


def _compare(
    ours: pd.DataFrame, theirs: pd.DataFrame
) -> tuple[Estimate, float | None, float | None]:
    """Return the difference with limits, its p-value and its score p-value where they exist."""
    several = len(readers_of(pd.concat([ours, theirs]))) > 1
    if needs_design(ours, theirs, several=several):
        found = mover(cell_estimate(ours), cell_estimate(theirs))
        return found, found.p, None
    if several:
        pooled, p = readers_difference(ours, theirs)
        return pooled, p, None
    (x1, n1), (x2, n2) = _counts(ours), _counts(theirs)
    exact = difference(x1, n1, x2, n2)
    return exact, exact.p, exact.p_score


def overall_difference(
    part: pd.DataFrame, pair: tuple[str, str], facts: Facts
) -> tuple[Estimate, float | None]:
    """Return the one difference over all images that the report leads with, and its p-value.

    Several readers: readers and images random. One reader: classes are strata (Mantel-Haenszel).
    Weighted or clustered images: from the limits of both rates. Raises ValueError where the data
    carry none.
    """
    both = part[part["arm"].isin(pair)]
    ours, theirs = (both[both["arm"] == arm] for arm in pair)
    several = len(readers_of(both)) > 1
    if needs_design(ours, theirs, several=several):
        weighted = mover(cell_estimate(ours), cell_estimate(theirs))
        return weighted, weighted.p
    if several:
        return readers_difference(ours, theirs)
    common = risk_difference_mh(stratified_tables(both, pair, facts))
    return common, common.p


def needs_design(ours: pd.DataFrame, theirs: pd.DataFrame, *, several: bool) -> bool:
    """Say whether weights, or one reader's clusters, rule out plain counts and their tests."""
    screened = is_screened(ours) or is_screened(theirs)
    return screened or (not several and (has_clusters(ours) or has_clusters(theirs)))


def readers_difference(ours: pd.DataFrame, theirs: pd.DataFrame) -> tuple[Estimate, float | None]:
    """Return the difference over readers and images that are both random, and its p-value.

    Obuchowski-Rockette with the share of plausible verdicts as the reader's figure of merit and
    images nested in arms. Readers who judged only one of the arms are left out, and said so.
    """
    both = pd.concat([ours.assign(modality="1 arm"), theirs.assign(modality="2 reference")])
    judged = both[both["verdict"].notna()]
    arms_read = judged.groupby("reader")["modality"].nunique()
    readers = set(arms_read[arms_read == 2].index)
    left_out = len(arms_read) - len(readers)
    kept = judged[judged["reader"].isin(readers)]
    frame = pd.DataFrame(
        {
            "reader": kept["reader"].to_numpy(),
            "case": cases(kept).to_numpy(),
            "modality": kept["modality"].to_numpy(),
            "truth": 1,
            "rating": verdicts(kept),
        }
    )
    found = obuchowski_rockette(frame, covariance="unbiased", metric="sensitivity")
    test = found.random_both or found.fixed_readers
    if test is None:
        delta = found.modalities[0].estimate - found.modalities[1].estimate
        note = "nothing varies: a difference without limits"
        raise ValueError(f"Difference {delta:g}: {note}.")
    notes = (f"{left_out} readers judged one arm only and are left out",) if left_out else ()
    estimate = Estimate(
        test.difference,
        max(-1.0, test.low),  # t limits know no bounds, a difference of rates does
        min(1.0, test.high),
        "Obuchowski-Rockette on the share plausible, images nested in arms, Hillis df",
        n_images=found.n_images,
        n_readers=found.n_readers,
        n_readings=found.n_readings,
        n_missing=len(both) - len(judged),
        estimand=test.estimand,
        warnings=(*found.warnings, *notes),
    )
    return estimate, test.p


def judged_images(rows: pd.DataFrame) -> int:
    """Return how many images have a verdict: those that a comparison rests on."""
    return int(cases(rows[rows["verdict"].notna()]).nunique())


def _counts(cell: pd.DataFrame) -> tuple[int, int]:
    values = verdicts(cell)
    return int(np.nansum(values)), int((~np.isnan(values)).sum())


def _adjusted(rows: list[DifferenceRow]) -> list[DifferenceRow]:
    """Return the rows with Holm and BH over the family of all tested classes."""
    tested = [row.p for row in rows if row.p is not None]
    holm, bh = iter(adjust(tested, "holm")), iter(adjust(tested, "bh"))
    return [
        row if row.p is None else replace(row, p_holm=float(next(holm)), p_bh=float(next(bh)))
        for row in rows
    ]


def overall_rows(part: pd.DataFrame, pair: tuple[str, str], facts: Facts) -> list[OverallRow]:
    """Return CMH, the common difference and the mixed model for one reader.

    Several readers: the overall row of `difference_rows` is the analysis; nothing is pooled here.
    """
    both = part[part["arm"].isin(pair)]
    if len(readers_of(both)) != 1:
        return []
    ours, theirs = (both[both["arm"] == arm] for arm in pair)
    if needs_design(ours, theirs, several=False):
        return [_designed(both, pair)]
    tables = stratified_tables(both, pair, facts)
    rows = []
    for question, test in (
        ("common odds ratio (CMH)", cmh),
        ("common difference (Mantel-Haenszel)", risk_difference_mh),
    ):
        try:
            found = test(tables)
            numbers = (found.estimate, found.low, found.high, found.statistic, found.p)
            why = "; ".join(found.warnings)
            rows.append(_overall(both, pair, question, numbers, (found.method, why)))
        except ValueError as error:
            rows.append(_overall(both, pair, question, REFUSED, ("refused", str(error))))
    return rows + _mixed(both, pair)


def _designed(both: pd.DataFrame, pair: tuple[str, str]) -> OverallRow:
    """Return the difference over all images where they are weighted or clustered."""
    ours, theirs = (both[both["arm"] == arm] for arm in pair)
    question = "common difference, images weighted or clustered"
    try:
        found = mover(cell_estimate(ours), cell_estimate(theirs))
    except ValueError as error:
        return _overall(both, pair, question, REFUSED, ("refused", str(error)))
    numbers = (found.estimate, found.low, found.high, found.statistic, found.p)
    return _overall(both, pair, question, numbers, (found.method, "; ".join(found.warnings)))


def stratified_tables(both: pd.DataFrame, pair: tuple[str, str], facts: Facts) -> np.ndarray:
    """Return one 2 x 2 table per class: (classes, arms, plausible or not), one reader's counts."""
    tables = []
    for code in classes_of(both, facts):
        of_class = both[both["class"] == code]
        counts = [_counts(of_class[of_class["arm"] == arm]) for arm in pair]
        tables.append([[x, n - x] for x, n in counts])
    return np.array(tables)


def _mixed(both: pd.DataFrame, pair: tuple[str, str]) -> list[OverallRow]:
    """Return the log odds ratio of a logistic model with a random intercept per class."""
    from metrics.stats.mixed import logistic_random_intercept

    judged = both[both["verdict"].notna()]
    design = pd.DataFrame({"intercept": 1.0, "arm": (judged["arm"] == pair[0]).to_numpy(float)})
    question = "log odds ratio, random intercept per class"
    try:
        fit = logistic_random_intercept(verdicts(judged), design, judged["class"].to_numpy())
        term = fit.term("arm")
    except ValueError as error:  # InsufficientData and NotConverged are ones
        return [_overall(both, pair, question, REFUSED, ("refused", str(error)))]
    numbers = (term.estimate, term.low, term.high, term.statistic, term.p)
    note = "; ".join((f"sd between classes {fit.sd:.3f}", *term.warnings))
    return [_overall(both, pair, question, numbers, (fit.method, note))]


def _overall(
    both: pd.DataFrame,
    pair: tuple[str, str],
    question: str,
    numbers: Sequence[float | None],
    how: tuple[str, str],
) -> OverallRow:
    estimate, low, high, statistic, p = (
        None if value is None or math.isinf(value) else value for value in numbers
    )
    without_end = any(value is not None and math.isinf(value) for value in numbers)
    end = "infinite: one arm leans fully one way in every class" if without_end else ""
    return OverallRow(
        part=int(both["part"].iloc[0]),
        arm=pair[0],
        reference=pair[1],
        question=question,
        estimate=estimate,
        low=low,
        high=high,
        statistic=statistic,
        p=p,
        n_images=judged_images(both),
        n_readers=1,
        n_readings=int(both["verdict"].notna().sum()),
        method=how[0],
        estimand="this reader",
        warnings="; ".join(words.unique((how[1], end))),
    )


def difference_table(rows: Sequence[DifferenceRow], facts: Facts, key: str) -> Table:
    """Return the differences of one pair of arms, in percentage points."""
    first = rows[0]
    ours, theirs = facts.arm(first.arm).label, facts.arm(first.reference).label
    return Table(
        key=key,
        title=f"{ours} minus {theirs}",
        records=tuple(rows),
        header=("Class", "#Difference, points (95 %)", "#p", "#p Holm", "#p BH", "#images"),
        body=tuple(
            (
                row.class_name,
                words.points_with_limits(row.estimate, row.low, row.high),
                words.p_value(row.p),
                words.p_value(row.p_holm),
                words.p_value(row.p_bh),
                str(row.n_images),
            )
            for row in rows
        ),
        caption=f"{words.methods(rows)} Family of p-values: the classes of this table.",
        total=sum(row.class_name == EVERY for row in rows),
    )


def overall_table(rows: Sequence[OverallRow], facts: Facts, key: str) -> Table:
    """Return the comparisons over all classes for one reader."""
    return Table(
        key=key,
        title="Arms compared over all classes",
        records=tuple(rows),
        header=("Comparison", "Question", "#Estimate (95 %)", "#p", "#images", "Method"),
        body=tuple(
            (
                f"{facts.arm(row.arm).label} minus {facts.arm(row.reference).label}",
                row.question,
                words.number_with_limits(row.estimate, row.low, row.high),
                words.p_value(row.p),
                str(row.n_images),
                words.method(row.method),
            )
            for row in rows
        ),
        caption="Each class is a stratum. One reader: the numbers speak of this reader.",
    )
