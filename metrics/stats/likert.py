"""Likert ratings of images: the majority rule with its bound, and the counts of each level.

Never a mean with a t test: levels are ordered, not spaced.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData
from metrics.stats.intervals import check_number, is_whole
from metrics.stats.proportions.binomial import lower_bound
from metrics.stats.readings import numbers, rectangle
from metrics.stats.result import THESE_READERS, Estimate


@dataclass(frozen=True, kw_only=True)
class MajorityAcceptability(Estimate):
    """Hold the share of eligible images that a strict majority accepts.

    `low` is the exact one-sided bound, `high` is 1. `not_eligible` images have fewer ratings
    than asked; `ties` are eligible, not accepted. The two rules compare with `target`.
    """

    accepted: int
    eligible: int
    not_eligible: int
    ties: int
    target: float
    point_rule_met: bool
    bound_rule_met: bool


def majority_acceptability(
    ratings: ArrayLike,
    accept_at: float = 4,
    min_readers: int = 3,
    *,
    target: float = 0.80,
    level: float = 0.95,
) -> MajorityAcceptability:
    """Return the share of images that more than half of their readers rate accept_at or more.

    `ratings` is images x readers with NaN for missing. An image with fewer than `min_readers`
    ratings is not eligible and is counted; a tie does not accept. The point rule asks
    accepted / eligible >= target, the bound rule that the exact one-sided lower bound (Clopper
    & Pearson) lies above the target: 80 of 100 meet the first, the second needs 87.
    Raises InsufficientData when no image is eligible; ValueError for a target outside (0, 1).
    Source: the rule of at least 80 % acceptable by majority of at least three readers.
    """
    grid = _grid(ratings)
    check_number(accept_at, "accept_at")
    if not 0 < check_number(target, "target") < 1 or not is_whole(min_readers, 1):
        raise ValueError(
            f"target {target} must lie in (0, 1) and min_readers {min_readers!r} be a whole "
            f"number, 1 or more."
        )
    rated = (~np.isnan(grid)).sum(axis=1)
    approving = (grid >= accept_at).sum(axis=1)
    able = rated >= min_readers
    eligible, accepted = int(able.sum()), int((2 * approving > rated)[able].sum())
    if not eligible:
        raise InsufficientData(
            f"0 of {len(grid)} images have {min_readers} ratings (the most has "
            f"{int(rated.max(initial=0))}); collect more readings or plan fewer readers."
        )
    bound = lower_bound(accepted, eligible, level)
    left_out = len(grid) - eligible
    notes: tuple[str, ...] = ()
    if left_out:
        notes = (f"{left_out} of {len(grid)} images have fewer than {min_readers} ratings",)
    return MajorityAcceptability(
        estimate=accepted / eligible,
        low=bound,
        high=1.0,
        method=f"strict majority of {min_readers} or more, one-sided clopper-pearson {level:.4g}",
        n_images=eligible,
        n_readers=int((~np.isnan(grid)).any(axis=0).sum()),
        n_readings=int(rated.sum()),
        n_missing=int(np.isnan(grid).sum()),
        estimand=THESE_READERS,
        warnings=notes,
        accepted=accepted,
        eligible=eligible,
        not_eligible=left_out,
        ties=int((2 * approving == rated)[able].sum()),
        target=target,
        # whole counts: 80 of 100 meets .80 whatever the rounding of the quotient
        point_rule_met=accepted >= target * eligible - 1e-9,
        bound_rule_met=bound > target,
    )


def level_counts(ratings: ArrayLike, levels: Sequence[float] = (1, 2, 3, 4, 5)) -> pd.Series:
    """Return how many ratings fall on each level, and under "missing" the empty cells.

    `ratings` is images x readers. Raises ValueError for a rating that is no level.
    """
    flat = _grid(ratings).ravel()
    given = flat[~np.isnan(flat)]
    off = np.setdiff1d(given, levels)
    if off.size:
        raise ValueError(f"Ratings {off[:5].tolist()} are none of the levels {list(levels)}.")
    counts: dict[float | str, int] = {step: int((given == step).sum()) for step in levels}
    counts["missing"] = len(flat) - len(given)
    return pd.Series(counts, dtype=int)


def _grid(ratings: ArrayLike) -> NDArray[np.float64]:
    """Return images x readers as floats. Raises ValueError for text."""
    table = rectangle(ratings)
    return numbers(table.ravel(), "ratings").reshape(table.shape)
