"""Reading times: geometric-mean ratios over order, truth, arm and correctness."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from metrics.errors import InsufficientData
from metrics.stats.mixed.crossed import CrossedMixed, crossed_mixed
from metrics.stats.mixed.regression import Floats
from metrics.stats.readings import numbers, require_columns, tidy
from metrics.stats.result import READERS_LIKE_THESE, Test

ORDER_UNIT = 10  # the order effect is the ratio of times ten images apart


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadingTimes:
    """Hold geometric-mean ratios (1 = no change) per term, and the model behind them.

    ratios: name -> test of ratio = 1. geometric_mean, the headline `estimate`, is at the reference
    levels, in the unit of the times. `capped` readings were cut at the cap, `dropped` terms could
    not be told apart.
    """

    ratios: dict[str, Test]
    geometric_mean: Test
    model: CrossedMixed
    capped: int
    dropped: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def estimate(self) -> float:
        """Give the geometric mean time."""
        return self.geometric_mean.estimate

    @property
    def low(self) -> float:
        """Give the lower limit of the geometric mean."""
        return self.geometric_mean.low

    @property
    def high(self) -> float:
        """Give the upper limit of the geometric mean."""
        return self.geometric_mean.high

    @property
    def method(self) -> str:
        """Name the model of log times."""
        return self.model.method

    @property
    def estimand(self) -> str:
        """Say for whom the ratios speak."""
        return self.geometric_mean.estimand

    @property
    def counts(self) -> dict[str, int]:
        """Give what the model rests on."""
        return self.model.counts


def reading_times(
    frame: pd.DataFrame, value: str = "time", *, cap: float | None = None, level: float = 0.95
) -> ReadingTimes:
    """Model log active time with reader and case crossed and what the frame holds as fixed.

    frame: one row per reading with columns reader, case and `value` (any unit, > 0); optional
    order (place in the reader's list), truth, arm, correct. Times above `cap`, which the plan
    sets, are cut to it. Ratios: order per 10 images; truth and correct 1 against 0; each arm
    against the first. A term that cannot be told apart from earlier ones is dropped and named.
    Raises InsufficientData below two readers or cases or without any positive time.
    Source: Baayen, Davidson & Bates 2008, J Mem Lang 59:390.
    """
    frame = tidy(frame)
    require_columns(frame, ["reader", "case", value])
    if cap is not None and not cap > 0:
        raise ValueError(f"cap is {cap}; it must be above 0, in the unit of the times.")
    time = numbers(frame[value], value)
    time = np.where(time > 0, time, np.nan)
    if np.isnan(time).all():
        raise InsufficientData(f"0 of {time.size} readings have a time above 0.")
    _require_crossing(frame[~np.isnan(time)])
    capped = int((time > cap).sum()) if cap else 0
    logs = np.log(np.minimum(time, cap) if cap else time)
    columns = _terms(frame)
    present = ~np.isnan(logs)
    X, dropped = _independent(columns, present)
    model = crossed_mixed(logs, X, frame["case"], frame["reader"], level=level)
    notes = tuple(f"{name}: cannot be told apart from other terms, dropped" for name in dropped)
    if capped:
        notes += (f"{capped} times above {cap:g} were cut to it",)
    tests = {name: _ratio(model, k) for k, name in enumerate(model.names)}
    return ReadingTimes(
        geometric_mean=tests.pop("intercept"),
        ratios=tests,
        model=model,
        capped=capped,
        dropped=dropped,
        warnings=model.warnings + notes,
    )


def _require_crossing(timed: pd.DataFrame) -> None:
    """Raise InsufficientData below two readers or two cases: neither spread can be told."""
    readers, cases = timed["reader"].nunique(), timed["case"].nunique()
    if min(readers, cases) < 2:
        raise InsufficientData(
            f"{readers} reader{'s' * (readers != 1)} timed on {cases} image{'s' * (cases != 1)}: "
            "the model needs 2 of each. Describe the times instead."
        )


def _terms(frame: pd.DataFrame) -> dict[str, Floats]:
    """Name the columns of X: intercept, order, truth, correct, arms against the first."""
    terms: dict[str, Floats] = {"intercept": np.ones(len(frame))}
    if "order" in frame and frame["order"].notna().any():
        order = numbers(frame["order"], "order")
        terms["order"] = (order - np.nanmean(order)) / ORDER_UNIT
    for name in ("truth", "correct"):
        if name in frame:
            terms[name] = numbers(frame[name], name)
    if "arm" in frame:
        names, nowhere = frame["arm"].astype(str), frame["arm"].isna().to_numpy()
        for arm in sorted(names[~nowhere].unique())[1:]:
            terms[f"arm {arm}"] = np.where(nowhere, np.nan, names == arm)
    return terms


def _independent(
    columns: dict[str, Floats], present: np.ndarray
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Keep columns in order while each adds rank on the rows with a time."""
    kept: dict[str, Floats] = {}
    for name, column in columns.items():
        trial = np.column_stack([*kept.values(), column])[present]
        trial = trial[~np.isnan(trial).any(axis=1)]
        if trial.size and np.linalg.matrix_rank(trial) == trial.shape[1]:
            kept[name] = column
    dropped = tuple(name for name in columns if name not in kept)
    return pd.DataFrame(kept), dropped


def _ratio(model: CrossedMixed, k: int) -> Test:
    term = model.term(k)
    return Test(
        estimate=float(np.exp(term.estimate)),
        low=float(np.exp(term.low)),
        high=float(np.exp(term.high)),
        method=f"geometric-mean ratio, {term.method}",
        statistic=term.statistic,
        p=term.p,
        n_images=term.n_images,
        n_readers=term.n_readers,
        n_readings=term.n_readings,
        n_missing=term.n_missing,
        estimand=READERS_LIKE_THESE,
        warnings=term.warnings,
    )
