"""How many images a cell generates and audits when a reward model screens them."""

from dataclasses import dataclass

from generation.feedback.rounding import ceil_of

MIN_LABELS = 100
WEAK_AUC, GOOD_AUC = 0.6, 0.7
MAX_FACTOR = 8.0


@dataclass(frozen=True)
class ScreeningPlan:
    """Images of one cell: audit + top = show, generate >= show."""

    show: int
    audit: int
    top: int
    generate: int


def plan_screening(show: int, *, audit: float, m: float, has_data: bool) -> ScreeningPlan:
    """Split the shown images of a cell into audited and screened ones.

    Without readings nothing can be screened: every image is an audit image and m is 1.
    """
    if show == 0:
        return ScreeningPlan(0, 0, 0, 0)
    audited = min(max(1, ceil_of(audit * show)), show) if has_data else show
    top = show - audited
    return ScreeningPlan(show, audited, top, audited + ceil_of(m * top))


def screening_factor(auc: float | None, labels: int) -> float:
    """Return m from the reward model's out-of-fold AUC: 1 (none or weak), 2 or 4."""
    if auc is None or labels < MIN_LABELS or auc < WEAK_AUC:
        return 1.0
    return 2.0 if auc < GOOD_AUC else 4.0
