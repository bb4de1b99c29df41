"""Segments: stop on request or by time, marks for early checkpoints."""

import pytest

from generation.engine.train import SegmentLimits, train_segment
from generation.families.interface import FitContext
from generation.families.prototype_ddpm import PrototypeDDPM
from tests.generation.families.worlds import coloured_squares, tiny_config


@pytest.fixture
def family() -> PrototypeDDPM:
    return PrototypeDDPM.build(tiny_config(steps=5), seed=1)


def test_runs_to_the_budget_and_names_the_marks(family: PrototypeDDPM) -> None:
    marks: list[int] = []

    end = train_segment(
        family,
        coloured_squares(),
        FitContext(seed=2),
        limits=SegmentLimits(marks=(2, 4)),
        on_mark=marks.append,
    )

    assert (end.step, end.done, end.stopped) == (5, True, False)
    assert marks == [2, 4]


def test_time_limit_ends_the_segment_and_the_next_goes_on(family: PrototypeDDPM) -> None:
    limits, squares, context = SegmentLimits(seconds=0), coloured_squares(), FitContext(seed=2)

    ends = [train_segment(family, squares, context, limits=limits) for _ in range(5)]

    assert [end.step for end in ends] == [1, 2, 3, 4, 5]
    assert [end.done for end in ends] == [False] * 4 + [True]


def test_stops_when_told(family: PrototypeDDPM) -> None:
    end = train_segment(
        family,
        coloured_squares(),
        FitContext(seed=2),
        limits=SegmentLimits(),
        on_step=lambda report: report.step < 2,
    )

    assert (end.step, end.stopped, end.done) == (2, True, False)


def test_nothing_left_to_do_is_done(family: PrototypeDDPM) -> None:
    squares, context = coloured_squares(), FitContext(seed=2)
    train_segment(family, squares, context, limits=SegmentLimits())

    end = train_segment(family, squares, context, limits=SegmentLimits())

    assert (end.step, end.done) == (5, True)
