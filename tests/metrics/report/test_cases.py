"""One line per case, counted by hand."""

import pytest

from metrics.report.cases import case_lines
from tests.metrics.report.frames import readings_of

CASE = {"case": "C0001"}


def test_first_showings_are_counted_and_repeats_are_not() -> None:
    frame = readings_of(
        [
            CASE | {"reader": "R01", "verdict": True, "flags": ["technical"]},
            CASE | {"reader": "R02", "verdict": False},
            CASE | {"reader": "R03", "outcome": "cannot_judge", "flags": ["other", "duplicate"]},
            CASE | {"reader": "R04", "outcome": "missing"},
            CASE | {"reader": "R01", "verdict": False, "replicate": 1},
        ],
        prototype=2,
    )

    (line,) = case_lines(frame, accept_at=4)

    assert (line.n_listed, line.n_judged, line.n_yes, line.n_flags) == (4, 2, 1, 3)
    assert (line.share, line.prototype, line.round) == (0.5, 2, None)


@pytest.mark.parametrize(
    ("kind", "said", "share"),
    [
        ("turing", [{"turing": 4}, {"turing": 3}, {"turing": 6}], 2 / 3),
        ("acceptability", [{"rating": 4}, {"rating": 3}, {}], 1 / 2),
        ("identify", [{"perceived_class": "A"}, {"perceived_class": "B"}], 1 / 2),
        ("identify", [{"findings": {"A": "present"}}], None),
        ("lesion", [{"verdict": True}, {"verdict": True}], 1.0),
        ("plausibility", [{"outcome": "missing"}], None),
    ],
)
def test_what_a_yes_is_depends_on_the_question(kind: str, said: list, share: float | None) -> None:
    rows = [CASE | {"reader": f"R{i:02d}"} | one for i, one in enumerate(said)]

    (line,) = case_lines(readings_of(rows, part_kind=kind), accept_at=4)

    assert line.share == pytest.approx(share)


def test_cases_come_by_part_and_number() -> None:
    rows = [{"case": code, "part": part} for part, code in
            [(2, "C0001"), (1, "C10000"), (1, "C9999"), (1, "C0002")]]  # fmt: skip

    lines = case_lines(readings_of(rows), accept_at=4)

    assert [(one.part, one.case) for one in lines] == [
        (1, "C0002"), (1, "C9999"), (1, "C10000"), (2, "C0001"),
    ]  # fmt: skip
