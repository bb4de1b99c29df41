"""Say in words why a cell gets the images it gets: what an admin reads before approving."""

from generation.feedback.estimate import Rate
from generation.feedback.inputs import CellCounts, ClassCounts, PlanConfig, Policy
from generation.feedback.need import THOMPSON_FLOOR, ClassNeed

_POLICY_WORDS = {
    Policy.UNIFORM: "policy uniform: every class in need gets the same, by the natural mix",
    Policy.INVERSE: "policy inverse: classes in inverse proportion to their rate",
    Policy.DEFICIT: "policy deficit: classes by what they still miss, prototypes by natural mix",
    Policy.THOMPSON: "policy thompson: by the chance of being the class's best prototype",
}


def cell_reasons(
    k: int, entry: ClassCounts, need: ClassNeed, rate: Rate, config: PlanConfig
) -> tuple[str, ...]:
    """Explain cell k of a class, most important reason first."""
    cell = entry.prototypes[k]
    if entry.target == 0:
        return ("excluded: the class has target 0",)
    if cell.share == 0:
        return ("absent: the class has no such prototype in the real images",)
    if rate.escalated:
        return (_escalated(cell, config),)
    if need.total == 0:
        return _without_need(entry, need)
    return (*_quota_and_fill(k, entry, need, config), *_rate(cell, rate, config))


def _escalated(cell: CellCounts, config: PlanConfig) -> str:
    return (
        f"escalated: {_n(cell.plausible)} of {_n(cell.n)} plausible, surely below "
        f"{config.esc_p:.0%}; needs more real images or training, keeps only its share of "
        "exploration"
    )


def _without_need(entry: ClassCounts, need: ClassNeed) -> tuple[str, ...]:
    if need.fill > 0:
        return ("waiting: every prototype of the class is escalated",)
    accepted = sum(cell.accepted for cell in entry.prototypes)
    return (f"done: {_n(accepted)} of {_n(entry.target)} plausible images are accepted",)


def _quota_and_fill(
    k: int, entry: ClassCounts, need: ClassNeed, config: PlanConfig
) -> tuple[str, ...]:
    reasons = []
    if need.quota[k] > 0:
        reasons.append(
            f"quota: {_n(need.quota[k])} plausible images short of "
            f"{_share(config)} the natural share"
        )
    if need.fill * need.fill_share[k] >= 0.5:
        reasons.append(
            f"fill: the class misses {_n(need.fill)} more; {need.fill_share[k]:.0%} of the images "
            "for them go here, by natural share and rate"
        )
    if config.policy in _POLICY_WORDS:
        reasons.append(_POLICY_WORDS[config.policy])
    if not reasons:
        reasons.append("exploration: quota reached, keeps its part of the natural share")
    return tuple(reasons)


def _share(config: PlanConfig) -> str:
    rho = 1.0 if config.policy is Policy.NATURAL_MIX else config.rho
    return {0.5: "half", 1.0: "all of"}.get(rho, f"{rho:.0%} of")


def _rate(cell: CellCounts, rate: Rate, config: PlanConfig) -> tuple[str, ...]:
    if cell.n == 0:
        return (f"nothing judged yet: rate {rate.rate:.2f} borrowed from its class and domain",)
    text = (
        f"rate {rate.rate:.2f} ({rate.low:.2f} to {rate.high:.2f}) from {_n(cell.n)} judged images"
    )
    if rate.rate < config.p_min:
        text += f", counted as {config.p_min:g} so that one cell cannot take all"
    return (text,)


def class_warnings(entry: ClassCounts, status: str, shown: int) -> tuple[str, ...]:
    """List what an admin should do about a class."""
    if status == "escalated":
        return (
            f"{entry.code}: experts reject every prototype. Add real images or retrain; "
            f"{shown} images keep watching it.",
        )
    if status == "active" and shown == 0:
        return (f"{entry.code}: the budget is too small for one image; raise it.",)
    return ()


def config_warnings(config: PlanConfig) -> tuple[str, ...]:
    """List what a policy costs."""
    if config.policy is Policy.YIELD:
        return (
            "policy yield has no quota: it buys plausible images and loses the natural mix of "
            "prototypes.",
        )
    if config.policy is Policy.THOMPSON:
        return (
            f"policy thompson explores; it spends {1 - max(config.eps, THOMPSON_FLOOR):.0%} on "
            "the prototypes that look best and loses the natural mix. Use it for many prototypes.",
        )
    return ()


def _n(value: float) -> str:
    """Print a count without decimals unless it has some."""
    return f"{value:.0f}" if abs(value - round(value)) < 0.05 else f"{value:.1f}"
