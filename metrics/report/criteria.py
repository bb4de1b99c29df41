"""Which criteria fail: per class and arm, from full forms and as readers answered."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.rates import readers_rate
from metrics.report.selection import arms_of, cases, classes_of, split_by
from metrics.stats.proportions import interval
from metrics.stats.result import Estimate

FULL = "full form"
AS_ANSWERED = "as answered"
EVERY_CLASS = "All classes"
COLUMNS = ["part", "reader", "case", "arm", "class", "full_form", "verdict"]


@dataclass(frozen=True)
class CriterionRow(Row):
    """Hold how often one criterion failed in one class and arm.

    full form: a random subsample where every criterion was answered; failures of those judged.
    as answered: readers stop at the first failure, so that rates of later criteria are too low.
    """

    part: int
    class_code: str
    class_name: str
    arm: str
    source: str
    criterion: str
    label: str
    form: str
    estimate: float | None
    low: float | None
    high: float | None
    n_fails: int
    n_judged: int
    n_not_judgeable: int
    n_images: int
    n_readers: int
    method: str
    warnings: str


def criterion_rows(part: pd.DataFrame, facts: Facts) -> tuple[CriterionRow, ...]:
    """Return rows per criterion, arm and class, each for both forms; class "" is all classes."""
    answered = part[part["outcome"] == "answered"]
    base = answered[COLUMNS].assign(case_key=cases(answered))
    rows: list[CriterionRow] = []
    for criterion in facts.criteria:
        states = [given.get(criterion, "") for given in answered["criteria"]]
        table = base.assign(state=states)
        rows.extend(_rows_of(table[_applies(answered, table, criterion, facts)], criterion, facts))
    return tuple(rows)


def _applies(
    answered: pd.DataFrame, table: pd.DataFrame, criterion: str, facts: Facts
) -> NDArray[np.bool_]:
    """Say which rows a criterion applies to.

    A counting criterion names its rows; one that does not count applies to the classes in which
    somebody answered it.
    """
    if facts.counts(criterion):
        return np.array([criterion in codes for codes in answered["counting"]], dtype=bool)
    asked = set(table.loc[table["state"] != "", "class"])
    return table["class"].isin(asked).to_numpy()


def _rows_of(table: pd.DataFrame, criterion: str, facts: Facts) -> Iterator[CriterionRow]:
    for code, cell in _cells(table, facts):
        for form in (FULL, AS_ANSWERED):
            kept = cell[cell["full_form"].astype(bool)] if form == FULL else cell
            if len(kept):
                yield _row(kept, criterion, (code, form), facts)


def _cells(table: pd.DataFrame, facts: Facts) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (class code, rows of one arm), all classes of an arm last."""
    by_arm = split_by(table, "arm")
    for arm in arms_of(table, facts):
        of_arm = by_arm[arm]
        by_class = split_by(of_arm, "class")
        for code in classes_of(of_arm, facts):
            yield code, by_class[code]
        yield "", of_arm


def _row(cell: pd.DataFrame, criterion: str, name: tuple[str, str], facts: Facts) -> CriterionRow:
    code, form = name
    values = _failures(cell, form)
    found, why = _rate(cell, values)
    arm = str(cell["arm"].iloc[0])
    return CriterionRow(
        part=int(cell["part"].iloc[0]),
        class_code=code,
        class_name=facts.class_name(code) if code else EVERY_CLASS,
        arm=arm,
        source=facts.arm(arm).source,
        criterion=criterion,
        label=facts.criteria[criterion],
        form=form,
        estimate=found.estimate if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        n_fails=int(np.nansum(values)),
        n_judged=int((~np.isnan(values)).sum()),
        n_not_judgeable=int((cell["state"] == "not_judgeable").sum()),
        n_images=cell["case_key"].nunique(),
        n_readers=cell["reader"].nunique(),
        method=found.method if found else "refused",
        warnings="; ".join(words.unique((*(found.warnings if found else ()), why))),
    )


def _failures(cell: pd.DataFrame, form: str) -> NDArray[np.float64]:
    """Return 1 failed, 0 not failed, NaN not judged.

    As answered, a reading with a verdict counts as a chance to fail even where the criterion was
    left open; in a full form only passes and fails count.
    """
    fails = (cell["state"] == "fails").to_numpy(dtype=float)
    if form == FULL:
        judged = cell["state"].isin(["fails", "passes"])
    else:
        judged = cell["verdict"].notna() & (cell["state"] != "not_judgeable")
    return np.where(judged.to_numpy(dtype=bool), fails, np.nan)


def _rate(cell: pd.DataFrame, values: NDArray[np.float64]) -> tuple[Estimate | None, str]:
    seen = ~np.isnan(values)
    try:
        if cell.loc[seen, "reader"].nunique() < 2:
            return interval(int(np.nansum(values)), int(seen.sum())), ""
        frame = pd.DataFrame({"reader": cell["reader"], "case": cell["case_key"], "value": values})
        return readers_rate(frame[seen]), ""
    except ValueError as error:
        return None, str(error)


def criterion_table(rows: tuple[CriterionRow, ...], facts: Facts, key: str) -> Table:
    """Return failures over all classes: a line per criterion, columns per arm and form."""
    shown = [row for row in rows if not row.class_code]
    arms = list(dict.fromkeys(row.arm for row in shown))
    cells = {(row.label, row.arm, row.form): row for row in shown}
    columns = [(arm, form) for arm in arms for form in (FULL, AS_ANSWERED)]
    labels = list(dict.fromkeys(row.label for row in shown))
    return Table(
        key=key,
        title="Failed criteria, all classes",
        records=rows,
        header=("Criterion", *(f"#{facts.arm(arm).label}, {form}" for arm, form in columns)),
        body=tuple(
            (label, *(_cell(cells.get((label, *column))) for column in columns)) for label in labels
        ),
        caption="Share of judged readings that failed, 95 % limits and number judged. Full form: "
        "a random subsample with every criterion answered. As answered: readers stop at the first "
        "failure, so that later criteria look better than they are." + words.luck(shown),
    )


def _cell(row: CriterionRow | None) -> str:
    if row is None or row.estimate is None:
        return words.NONE
    limits = words.with_limits(row.estimate, row.low, row.high)
    return f"{words.marked(limits, row.warnings)}, n = {row.n_judged}"


def by_class_table(rows: tuple[CriterionRow, ...], facts: Facts, key: str) -> Table:
    """Return failures as answered: a line per class and arm, a column per criterion."""
    shown = [row for row in rows if row.class_code and row.form == AS_ANSWERED]
    labels = list(dict.fromkeys(row.label for row in shown))
    cells = {(row.class_name, row.arm, row.label): row for row in shown}
    order = {name: index for index, name in enumerate(facts.classes.values())}
    lines = sorted(
        dict.fromkeys((row.class_name, row.arm) for row in shown),
        key=lambda line: order.get(line[0], len(order)),
    )
    return Table(
        key=key,
        title="Failed criteria per class, as answered",
        records=tuple(shown),
        header=("Class", "Arm", *(f"#{label}" for label in labels)),
        body=tuple(
            (
                name,
                facts.arm(arm).label,
                *(_share(cells.get((name, arm, label))) for label in labels),
            )
            for name, arm in lines
        ),
        caption="Failures of judged readings. Limits and full forms are in the download.",
    )


def _share(row: CriterionRow | None) -> str:
    if row is None:
        return "n/a"
    return f"{words.percent(row.estimate)} of {row.n_judged}" if row.n_judged else words.NONE
