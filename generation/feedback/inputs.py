"""What a plan is computed from: counts per cell, targets, a budget and a configuration.

Words: a *cell* is one prototype of one class; *share* is pi_ck, the share of real training images
nearest to that prototype; *n*, *plausible* and *accepted* are n_ck, y_ck and A_ck of the design
notes, fractional because readings are weighted by design and discounted by model version.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType

from generation.feedback.errors import PlanInputError

MAX_IMAGES = 1_000_000  # images of one plan, and the largest target of a class
MAX_COUNT = 1_000_000_000.0  # readings in one cell
MAX_CLASSES = 1_000
MAX_PROTOTYPES = 1_000
SHARE_TOLERANCE = 1e-3  # shares arrive as printed decimals: .333 three times is meant as 1


class Policy(StrEnum):
    """How a plan spreads its images; class-proportional and greedy rules are not offered."""

    UNIFORM = "uniform"
    INVERSE = "inverse"
    DEFICIT = "deficit"
    NATURAL_MIX = "natural_mix"
    YIELD = "yield"
    THOMPSON = "thompson"
    QUOTA_FILL = "quota_fill"


CONFIG_LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "rho": (0.0, 1.0),
        "gamma": (0.0, 8.0),
        "eps": (0.0, 1.0),
        "kappa_class": (1e-6, 1e6),
        "kappa_proto": (1e-6, 1e6),
        "p_min": (1e-6, 1.0),
        "lo": (0.0, 1.0),
        "hi": (1.0, 1e6),
        "slack": (0.0, 10.0),
        "delta": (0.0, 1.0),
        "audit": (0.0, 1.0),
        "m": (1.0, 8.0),
        "esc_p": (0.0, 1.0),
        "esc_n": (0.0, 1e9),
        "esc_confidence": (0.0, 1.0),
        "tau": (0.0, 1.0),
    }
)


@dataclass(frozen=True, kw_only=True)
class PlanConfig:
    """Knobs of the planner; the defaults are the ones that were simulated.

    rho: share of the natural prototype mix that accepted images must reach (quota).
    gamma: how strongly what is left prefers prototypes that experts accept.
    eps: share of each class spread by the natural mix whatever the readings say.
    kappa_class, kappa_proto: pseudo-counts that shrink class and cell rates.
    p_min: floor of a rate when it divides. lo, hi: a class gets lo to hi times the average.
    slack: extra images over the expected need. delta: weight of the previous model version.
    audit: share of shown images drawn without screening. m: images generated per screened one.
    esc_*: a cell is escalated when n >= esc_n and P(rate < esc_p) > esc_confidence.
    tau: an image is accepted when its pooled plausibility reaches tau. seed: of `thompson`.
    """

    policy: Policy = Policy.QUOTA_FILL
    rho: float = 0.5
    gamma: float = 2.0
    eps: float = 0.10
    kappa_class: float = 8.0
    kappa_proto: float = 4.0
    p_min: float = 0.05
    lo: float = 0.25
    hi: float = 2.0
    slack: float = 0.10
    delta: float = 0.5
    audit: float = 0.20
    m: float = 1.0
    esc_p: float = 0.05
    esc_n: float = 20.0
    esc_confidence: float = 0.9
    tau: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            object.__setattr__(self, "policy", _policy(self.policy))
        for name, (low, high) in CONFIG_LIMITS.items():
            require_number(getattr(self, name), f"config.{name}", low, high)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise PlanInputError(f"config.seed is {self.seed!r}; give an integer of 0 or more.")


def _policy(value: object) -> Policy:
    try:
        return Policy(str(value))
    except ValueError:
        names = ", ".join(policy.value for policy in Policy)
        raise PlanInputError(f"config.policy is {value!r}; choose one of {names}.") from None


@dataclass(frozen=True, kw_only=True)
class CellCounts:
    """One prototype of a class: its natural share and what experts have said about it so far."""

    share: float
    n: float = 0.0
    plausible: float = 0.0
    accepted: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ClassCounts:
    """One class: its code, the accepted images that are wanted, and its cells in order."""

    code: str
    target: float
    prototypes: tuple[CellCounts, ...]


@dataclass(frozen=True, kw_only=True)
class PlanInput:
    """Everything a plan depends on. `budget` counts images to show; `round_no` rotates ties."""

    budget: int
    classes: tuple[ClassCounts, ...]
    config: PlanConfig = field(default_factory=PlanConfig)
    round_no: int = 0

    def __post_init__(self) -> None:
        require_number(self.budget, "budget", 0, MAX_IMAGES)
        require_number(self.round_no, "round_no", 0, MAX_IMAGES)
        if int(self.budget) != self.budget or int(self.round_no) != self.round_no:
            raise PlanInputError("budget and round_no are whole numbers of images and rounds.")
        if not 1 <= len(self.classes) <= MAX_CLASSES:
            raise PlanInputError(
                f"The input has {len(self.classes)} classes; give 1 to {MAX_CLASSES}."
            )
        object.__setattr__(self, "classes", tuple(_checked_class(c) for c in self.classes))
        codes = [entry.code for entry in self.classes]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise PlanInputError(f"Class code {twice[0]!r} stands twice; codes are unique.")

    @property
    def has_data(self) -> bool:
        """True when at least one reading of a class with a target counts."""
        return any(cell.n > 0 for c in self.classes if c.target > 0 for cell in c.prototypes)


def _checked_class(entry: ClassCounts) -> ClassCounts:
    if not isinstance(entry.code, str) or not entry.code:
        raise PlanInputError(f"A class has the code {entry.code!r}; give a non-empty string.")
    where = f"class {entry.code!r}"
    require_number(entry.target, f"{where}: target", 0, MAX_IMAGES)
    if len(entry.prototypes) > MAX_PROTOTYPES:
        raise PlanInputError(
            f"{where} has {len(entry.prototypes)} prototypes; at most {MAX_PROTOTYPES} are planned."
        )
    for k, cell in enumerate(entry.prototypes):
        _check_cell(cell, f"{where}, prototype {k}")
    total = math.fsum(cell.share for cell in entry.prototypes)
    if entry.target == 0 and total == 0:
        return entry
    if total <= 0 or total > 1.0 + SHARE_TOLERANCE + 1e-12:
        raise PlanInputError(
            f"{where}: the shares of its prototypes sum to {total:.6g}; they must sum to 1, "
            "or to less where some prototypes are left out."
        )
    if abs(total - 1.0) <= 1e-12 or total < 1.0 - SHARE_TOLERANCE - 1e-12:
        return entry  # whole, or a list that leaves prototypes out: shares stand as given
    cells = tuple(
        CellCounts(share=c.share / total, n=c.n, plausible=c.plausible, accepted=c.accepted)
        for c in entry.prototypes
    )
    return ClassCounts(code=entry.code, target=entry.target, prototypes=cells)


def _check_cell(cell: CellCounts, where: str) -> None:
    require_number(cell.share, f"{where}: share", 0, 1)
    for name in ("n", "plausible", "accepted"):
        require_number(getattr(cell, name), f"{where}: {name}", 0, MAX_COUNT)
    if cell.plausible > cell.n + 1e-9:
        raise PlanInputError(
            f"{where}: plausible is {cell.plausible:g} but only n = {cell.n:g} were read."
        )


def require_number(value: object, name: str, low: float, high: float) -> None:
    """Raise PlanInputError unless `value` is a finite number from `low` to `high`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # NaN compares false and is refused with the rest.
    if not is_number or not low <= value <= high:  # type: ignore[operator]
        raise PlanInputError(
            f"{name} is {repr(value)[:40]}; give a number from {low:g} to {high:g}."
        )


CONFIG_KEYS: tuple[str, ...] = tuple(entry.name for entry in fields(PlanConfig))
