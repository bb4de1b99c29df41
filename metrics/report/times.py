"""Reading times, order effects and drift."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.selection import arms_of, cases, readers_of
from metrics.stats.mixed import logistic_random_intercept, reading_times
from metrics.stats.proportions import interval
from metrics.stats.result import Test

STRETCHES = 10
THIRDS = ("first third", "second third", "last third")
ORDER, ORDER_RATIO = "order", "time ratio per 10 images"


@dataclass(frozen=True)
class TimeRow(Row):
    """Describe active seconds of one reader in one arm: geometric mean and quartiles."""

    part: int
    kind: str
    reader: str
    arm: str
    geometric_mean: float
    lower_quartile: float
    median: float
    upper_quartile: float
    n_readings: int
    n_without_time: int


@dataclass(frozen=True)
class EffectRow(Row):
    """Hold one ratio of geometric means, or one odds ratio per 100 images."""

    part: int
    kind: str
    reader: str
    effect: str
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    n_images: int
    n_readers: int
    n_readings: int
    method: str
    estimand: str
    warnings: str


@dataclass(frozen=True)
class DriftRow(Row):
    """Hold one reader's share of yes (plausible, or called synthetic) in a third of the list."""

    part: int
    kind: str
    reader: str
    third: str
    estimate: float | None
    low: float | None
    high: float | None
    n_readings: int
    method: str


def time_rows(part: pd.DataFrame, facts: Facts) -> tuple[TimeRow, ...]:
    """Return a row per reader and arm with at least one positive time."""
    rows = []
    for reader in readers_of(part):
        mine = part[(part["reader"] == reader) & (part["outcome"] != "missing")]
        for arm in arms_of(mine, facts):
            cell = mine[mine["arm"] == arm]
            seconds = _seconds(cell)
            if not len(seconds):
                continue
            low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75])
            rows.append(
                TimeRow(
                    int(part["part"].iloc[0]),
                    str(part["part_kind"].iloc[0]),
                    reader,
                    arm,
                    float(np.exp(np.log(seconds).mean())),
                    float(low),
                    float(middle),
                    float(high),
                    len(seconds),
                    len(cell) - len(seconds),
                )
            )
    return tuple(rows)


def _seconds(cell: pd.DataFrame) -> np.ndarray:
    values = cell["active_ms"].to_numpy(dtype=float, na_value=np.nan) / 1000
    return values[values > 0]


def effect_rows(part: pd.DataFrame, facts: Facts) -> tuple[EffectRow, ...]:
    """Return the mixed model of log active time: order, arm and, in a turing part, correctness.

    Readers and images are crossed random effects. With one reader the model is refused.
    """
    answered = part[part["outcome"] != "missing"]
    frame = pd.DataFrame(
        {
            "reader": answered["reader"].to_numpy(),
            "case": cases(answered).to_numpy(),
            "time": answered["active_ms"].to_numpy(dtype=float, na_value=np.nan) / 1000,
            "order": answered["position"].to_numpy(dtype=float),
            "arm": answered["arm"].to_numpy(),
        }
    )
    if part["part_kind"].iloc[0] == "turing":
        calls = answered["turing"].to_numpy(dtype=float, na_value=np.nan)
        right = (calls <= 3) == (answered["source"] == "synthetic").to_numpy()
        frame["correct"] = np.where(np.isnan(calls), np.nan, right)
    frame = frame.dropna()
    name = (int(part["part"].iloc[0]), str(part["part_kind"].iloc[0]))
    cap = facts.plan.get("time_cap_s")
    try:
        found = reading_times(frame, cap=float(cap) if cap else None)
    except ValueError as error:
        return (_refused(name, "time", frame, str(error)),)
    notes = "; ".join(words.unique(found.warnings))
    rows = [_effect(name, "geometric mean, s", found.geometric_mean, notes)]
    first = min(frame["arm"])
    for term, test in found.ratios.items():
        rows.append(_effect(name, _ratio_name(term, first, facts), test, notes))
    return tuple(rows)


def _ratio_name(term: str, first: str, facts: Facts) -> str:
    """Say what a ratio compares: an arm to the first arm, right answers to wrong ones."""
    if term == ORDER:
        return ORDER_RATIO
    if term.startswith("arm "):
        arm = facts.arm(term.removeprefix("arm ")).label
        return f"time ratio, {arm} to {facts.arm(first).label}"
    return "time ratio, right to wrong answers" if term == "correct" else f"time ratio, {term}"


def _effect(name: tuple[int, str], effect: str, test: Test, notes: str) -> EffectRow:
    return EffectRow(
        name[0],
        name[1],
        "all readers",
        effect,
        test.estimate,
        test.low,
        test.high,
        None if effect.startswith("geometric") else test.p,
        test.n_images,
        test.n_readers,
        test.n_readings,
        test.method,
        test.estimand,
        notes,
    )


def _refused(name: tuple[int, str], effect: str, frame: pd.DataFrame, why: str) -> EffectRow:
    return EffectRow(
        name[0], name[1], "all readers", effect, None, None, None, None,
        frame["case"].nunique(), frame["reader"].nunique(), len(frame), "refused", "", why,
    )  # fmt: skip


def drift_rows(part: pd.DataFrame) -> tuple[DriftRow, ...]:
    """Return each reader's share of yes by thirds of their own list, Wilson limits."""
    rows = []
    for reader in readers_of(part):
        mine = part[part["reader"] == reader].sort_values("position")
        values = yes_values(mine)
        for third, chunk in zip(THIRDS, np.array_split(values, 3), strict=True):
            n, yes = int((~np.isnan(chunk)).sum()), int(np.nansum(chunk))
            found = interval(yes, n) if n else None
            rows.append(
                DriftRow(
                    int(part["part"].iloc[0]),
                    str(part["part_kind"].iloc[0]),
                    reader,
                    third,
                    found.estimate if found else None,
                    found.low if found else None,
                    found.high if found else None,
                    n,
                    found.method if found else "refused",
                )
            )
    return tuple(rows)


def order_rows(part: pd.DataFrame) -> tuple[EffectRow, ...]:
    """Return per reader the odds ratio of yes per 100 images further down the list.

    Logistic model with a random intercept per class and arm, so that a list whose arms happen to
    change along the way does not look like drift.
    """
    name = (int(part["part"].iloc[0]), str(part["part_kind"].iloc[0]))
    rows = []
    for reader in readers_of(part):
        mine = part[part["reader"] == reader]
        values = yes_values(mine)
        position = _binned(mine["position"].to_numpy(dtype=float))
        design = pd.DataFrame({"intercept": 1.0, "order": (position - position.mean()) / 100})
        groups = (mine["class"] + "|" + mine["arm"]).to_numpy()
        try:
            with np.errstate(invalid="raise"):
                test = logistic_random_intercept(values, design, groups).term("order")
        except (ValueError, FloatingPointError) as error:
            size = pd.DataFrame({"case": cases(mine), "reader": mine["reader"]})
            rows.append(_refused(name, _odds_name(name[1]), size, str(error)))
            continue
        rows.append(_odds(name, reader, test, cases(mine).nunique()))
    return tuple(rows)


def _binned(position: np.ndarray) -> np.ndarray:
    """Return places rounded to the middle of at most 10 stretches of the list.

    The likelihood then has ten cells per class and arm instead of one per reading, and a
    tenth of a list is finer than the slow drift that the model looks for.
    """
    width = max(1.0, np.ceil(position.max() / STRETCHES))
    return (np.floor((position - 1) / width) + 0.5) * width


def _odds(name: tuple[int, str], reader: str, test: Test, n_images: int) -> EffectRow:
    estimate, low, high = np.exp(np.clip([test.estimate, test.low, test.high], -50, 50)).tolist()
    return EffectRow(
        part=name[0],
        kind=name[1],
        reader=reader,
        effect=_odds_name(name[1]),
        estimate=estimate,
        low=low,
        high=high,
        p=test.p,
        n_images=n_images,
        n_readers=1,
        n_readings=test.n_readings,
        method=test.method,
        estimand="this reader",
        warnings="; ".join(words.unique(test.warnings)),
    )


def _odds_name(kind: str) -> str:
    said = "synthetic" if kind == "turing" else "plausible"
    return f"odds ratio of “{said}” per 100 images"


def yes_values(part: pd.DataFrame) -> np.ndarray:
    """Return 1 for plausible or called synthetic, 0 for the other, NaN for no answer."""
    if part["part_kind"].iloc[0] == "turing":
        calls = part["turing"].to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isnan(calls), np.nan, (calls <= 3).astype(float))
    return part["verdict"].to_numpy(dtype=float, na_value=np.nan)


def time_table(rows: tuple[TimeRow, ...], facts: Facts, key: str) -> Table:
    """Return a line per reader and arm."""
    return Table(
        key=key,
        title=f"Active seconds per reading, {rows[0].kind if rows else ''}".rstrip(", "),
        records=rows,
        header=("Reader", "Arm", "#Geometric mean", "#Median (quartiles)", "#readings"),
        body=tuple(
            (
                row.reader,
                facts.arm(row.arm).label,
                f"{row.geometric_mean:.2f} s",
                f"{row.median:.2f} ({row.lower_quartile:.2f} to {row.upper_quartile:.2f})",
                str(row.n_readings),
            )
            for row in rows
        ),
        caption="Time with the page visible and the reader not idle; a description per reader.",
    )


def effect_table(rows: tuple[EffectRow, ...], key: str, title: str) -> Table:
    """Return ratios with limits."""
    return Table(
        key=key,
        title=title,
        records=rows,
        header=("Effect", "Reader", "#Estimate (95 %)", "#p", "#readings"),
        body=tuple(
            (
                row.effect,
                row.reader,
                words.number_with_limits(row.estimate, row.low, row.high),
                words.p_value(row.p),
                str(row.n_readings),
            )
            for row in rows
        ),
        caption=f"A ratio of 1 means no effect. {words.methods(map(_of_the_model, rows))}",
    )


def _of_the_model(row: EffectRow) -> EffectRow:
    """Return the row with the method of its model, without the term after the colon."""
    return replace(row, method=row.method.split(":")[0])


def drift_table(rows: tuple[DriftRow, ...], key: str) -> Table:
    """Return a line per reader, a column per third."""
    cells = {(row.reader, row.third): row for row in rows}
    readers = list(dict.fromkeys(row.reader for row in rows))
    what = "called synthetic" if rows and rows[0].kind == "turing" else "judged plausible"
    return Table(
        key=key,
        title=f"Drift: share {what} along the list",
        records=rows,
        header=("Reader", *(f"#{third}" for third in THIRDS)),
        body=tuple(
            (reader, *(_share(cells[reader, third]) for third in THIRDS)) for reader in readers
        ),
        caption="Thirds of each reader's own list, 95 % Wilson limits of this reader.",
    )


def _share(row: DriftRow) -> str:
    return words.with_limits(row.estimate, row.low, row.high)
