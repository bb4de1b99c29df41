"""Shrunken plausibility rates per cell, with intervals and the rule that escalates a cell.

A rate is shrunk twice (feedback design, section 3): the class towards the domain, the cell towards
its class. Fixed pseudo-counts kept the coverage of 90 % intervals at .90 in simulation, where
empirical Bayes gave .70.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from generation.feedback.inputs import CellCounts, ClassCounts, PlanConfig


@dataclass(frozen=True)
class Rate:
    """Posterior Beta(alpha, beta) of one cell.

    rate = p~ (not floored), floored = p^ = max(p~, p_min), low..high = central 90 % interval.
    An absent prototype (share 0) has rate, low and high 0 and is never escalated.
    """

    alpha: float
    beta: float
    rate: float
    floored: float
    low: float
    high: float
    escalated: bool


def estimate_rates(
    classes: Sequence[ClassCounts], config: PlanConfig
) -> tuple[tuple[Rate, ...], ...]:
    """Estimate each cell's rate, in the order of the input."""
    overall = domain_mean(classes)
    return tuple(
        tuple(_cell_rate(cell, class_mean(entry, overall, config), config) for cell in cells)
        for entry in classes
        for cells in (entry.prototypes,)
    )


def domain_mean(classes: Sequence[ClassCounts]) -> float:
    """Compute m0 = (sum y + 1) / (sum n + 2) over the classes that have a target."""
    cells = [cell for entry in classes if entry.target > 0 for cell in entry.prototypes]
    plausible = math.fsum(cell.plausible for cell in cells)
    return (plausible + 1.0) / (math.fsum(cell.n for cell in cells) + 2.0)


def class_mean(entry: ClassCounts, overall: float, config: PlanConfig) -> float:
    """Compute m_c: the class rate shrunk to the domain mean by kappa_class pseudo-counts."""
    plausible = math.fsum(cell.plausible for cell in entry.prototypes)
    read = math.fsum(cell.n for cell in entry.prototypes)
    return (plausible + config.kappa_class * overall) / (read + config.kappa_class)


def _cell_rate(cell: CellCounts, mean: float, config: PlanConfig) -> Rate:
    alpha = config.kappa_proto * mean + cell.plausible
    beta = config.kappa_proto * (1.0 - mean) + max(cell.n - cell.plausible, 0.0)
    if cell.share == 0:
        return Rate(alpha, beta, 0.0, config.p_min, 0.0, 0.0, escalated=False)
    rate = alpha / (alpha + beta)
    low, high = beta_interval(alpha, beta)
    low, high = min(low, rate), max(high, rate)  # a very skewed Beta has its mean outside
    escalated = cell.n >= config.esc_n and _probability_below(alpha, beta, config)
    return Rate(alpha, beta, rate, max(rate, config.p_min), low, high, escalated)


def beta_interval(alpha: float, beta: float, level: float = 0.90) -> tuple[float, float]:
    """Return the central interval of Beta(alpha, beta) that holds `level` of its mass."""
    from scipy.special import betaincinv

    tail = (1.0 - level) / 2.0
    return float(betaincinv(alpha, beta, tail)), float(betaincinv(alpha, beta, 1.0 - tail))


def _probability_below(alpha: float, beta: float, config: PlanConfig) -> bool:
    from scipy.special import betainc

    return bool(betainc(alpha, beta, config.esc_p) > config.esc_confidence)


def class_rate(shares: Sequence[float], rates: Sequence[Rate]) -> tuple[float, float, float]:
    """Return the post-stratified class rate sum_k pi_k p~_k with a 90 % interval.

    Cells are independent given the data, so the variance is sum pi^2 var(Beta); a Beta with the
    same mean and variance gives the interval, which therefore stays inside 0..1.
    """
    mean = math.fsum(share * cell.rate for share, cell in zip(shares, rates, strict=True))
    variance = math.fsum(
        (share * share) * cell.rate * (1 - cell.rate) / (cell.alpha + cell.beta + 1)
        for share, cell in zip(shares, rates, strict=True)
    )
    if not 0.0 < mean < 1.0 or variance <= 0.0:
        return mean, mean, mean
    size = mean * (1 - mean) / variance - 1.0
    low, high = beta_interval(mean * size, (1 - mean) * size)
    return mean, low, high
