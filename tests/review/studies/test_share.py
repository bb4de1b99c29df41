"""A reader who joins late gets a fair share of what nobody has read, and nobody loses a reading."""

from collections import Counter

import pytest

from review.accounts.models import User
from review.audit.models import AuditEvent
from review.studies import services
from review.studies.models import Assignment, Membership, Study
from tests.worlds.building import add_reader, make_draft, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def active(editor: User) -> Study:
    """A study in which each case is read by one of two readers: 36 main cases and controls."""
    study = make_draft(editor, per_class=5, real=5, pool_size=8)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, readings_per_case=1, repeat_fraction=0.1)
    for name in ("ann", "bob"):
        add_reader(editor, study, name)
    return services.activate_study(actor=editor, study=prepare(editor, study))


def listed(study: Study, code: str) -> list[int]:
    rows = Assignment.objects.filter(
        session__membership__code=code, session__part__study=study, session__part__order=1
    )
    return list(rows.filter(replicate=0).exclude(state="void").values_list("case", flat=True))


def test_a_late_joiner_takes_from_the_longest_lists(editor: User, active: Study) -> None:
    total = active.parts.get(order=1).cases.count()
    add_reader(editor, active, "late")
    loads = [len(listed(active, code)) for code in ("R01", "R02", "R03")]
    assert sum(loads) == total
    assert max(loads) - min(loads) <= 1
    held = Counter(case for code in ("R01", "R02", "R03") for case in listed(active, code))
    assert set(held.values()) == {1}


@pytest.mark.parametrize("code", ["R01", "R02"])
def test_what_may_be_on_screen_stays_and_nothing_moves(
    editor: User, active: Study, code: str
) -> None:
    session = Membership.objects.get(study=active, code=code).sessions.get(part__order=1)
    order = list(session.assignments.order_by("rank").values_list("pk", flat=True))
    add_reader(editor, active, "late")
    kept = list(session.assignments.order_by("rank").values_list("pk", flat=True))
    assert kept[:8] == order[:8]
    assert kept == [pk for pk in order if pk in set(kept)]
    assert len(kept) < len(order)


def test_a_joiner_late_in_the_study_gets_half_of_the_rest(editor: User, active: Study) -> None:
    for code in ("R01", "R02"):
        session = Membership.objects.get(study=active, code=code).sessions.get(part__order=1)
        first = list(session.assignments.order_by("rank")[:6].values_list("pk", flat=True))
        Assignment.objects.filter(pk__in=first).update(
            state="answered", answered_at="2026-01-01T00:00Z", opened_at="2026-01-01T00:00Z"
        )
    answered = set(Assignment.objects.filter(state="answered").values_list("pk", flat=True))
    add_reader(editor, active, "late")
    assert set(Assignment.objects.filter(state="answered").values_list("pk", flat=True)) == answered
    unread = Assignment.objects.filter(state="queued", session__part__order=1, replicate=0)
    left = Counter(unread.values_list("session__membership__code", flat=True))
    assert max(left.values()) - min(left.values()) <= 2


def test_repeats_go_with_their_case_and_the_move_is_logged(editor: User, active: Study) -> None:
    add_reader(editor, active, "late")
    lone = Assignment.objects.filter(replicate=1, session__part__order=1)
    for row in lone:
        assert row.session.assignments.filter(case=row.case_id, replicate=0).exists()
    events = AuditEvent.objects.filter(chain=f"study:{active.pk}", verb="lists.shared")
    moved = [code for event in events for code in event.after["cases"]]
    mine = Assignment.objects.filter(session__membership__code="R03", session__part__order=1)
    assert sorted(moved) == sorted(mine.filter(replicate=0).values_list("case__code", flat=True))


def test_a_replacement_gets_a_fair_share_too(editor: User, active: Study) -> None:
    seat = Membership.objects.get(study=active, code="R02")
    services.withdraw_reader(actor=editor, membership=seat, keep_data=False, reason="moved away")
    add_reader(editor, active, "instead")
    loads = [len(listed(active, code)) for code in ("R01", "R03")]
    assert sum(loads) == active.parts.get(order=1).cases.count()
    assert abs(loads[0] - loads[1]) <= 1


def test_the_share_spreads_over_classes_and_arms(editor: User, active: Study) -> None:
    late = add_reader(editor, active, "late")
    session = late.sessions.get(part__order=1)
    cells = Counter(
        session.assignments.filter(replicate=0).values_list(
            "case__arm__code", "case__intended_class__code"
        )
    )
    assert len(cells) == 12
    assert max(cells.values()) <= 3
