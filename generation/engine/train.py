"""Training in segments: each ends in a saved state from which the next goes on bit for bit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from generation.families.interface import Family, FitContext, StepReport, TrainingSet


@dataclass(frozen=True)
class SegmentEnd:
    """Say why and where a segment ended: at optimizer step `step`."""

    step: int
    done: bool
    stopped: bool
    seconds: float
    loss: float


@dataclass(frozen=True)
class SegmentLimits:
    """Bound a segment by time and by the steps at which somebody waits for a checkpoint."""

    seconds: float = 480.0
    marks: tuple[int, ...] = ()


def train_segment(
    family: Family,
    training: TrainingSet,
    context: FitContext,
    *,
    limits: SegmentLimits,
    on_step: Callable[[StepReport], bool] = lambda report: True,
    on_mark: Callable[[int], None] = lambda step: None,
) -> SegmentEnd:
    """Train until the budget, the time limit, or until `on_step` returns False.

    `on_mark` is called at each of the marked steps (early checkpoints): the same training stopped
    early. The time limit decides where a segment ends, never what the weights are.
    """
    started = time.monotonic()
    report: StepReport | None = None
    smoothed = 0.0
    for report in family.fit(training, context):
        loss = sum(report.losses.values())
        smoothed = loss if smoothed == 0.0 else 0.95 * smoothed + 0.05 * loss
        if report.step in limits.marks:
            on_mark(report.step)
        seconds = time.monotonic() - started
        if not on_step(report):
            return SegmentEnd(report.step, False, True, seconds, smoothed)
        if seconds > limits.seconds:
            break
    step = int(family.training_state().numbers["step"])
    total = family.config.fit.steps if report is None else report.total
    return SegmentEnd(step, step >= total, False, time.monotonic() - started, smoothed)
