"""Lists: stored before the first reading, recomputed from the secret, balanced."""

from collections import Counter

import pytest

from review.accounts.models import User
from review.studies import services
from review.studies.models import Assignment, Case, Membership, Session, Study
from review.studies.services.lists import STEP, counted_cases, orders_of
from tests.worlds.building import add_reader, make_active, make_draft, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def stored(session: Session) -> list[tuple[str, int]]:
    return list(session.assignments.order_by("rank").values_list("case__code", "replicate"))


def held_by(study: Study, reader: str) -> set[str]:
    rows = Assignment.objects.filter(session__membership__code=reader, case__part__study=study)
    live = rows.filter(session__part__order=1).exclude(state="void")
    return set(live.values_list("case__code", flat=True))


def test_stored_lists_are_recomputed_from_the_secret(editor: User) -> None:
    study = make_draft(editor)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, repeat_fraction=0.2)
    add_reader(editor, study)
    prepare(editor, study)
    for session in Session.objects.filter(part__study=study):
        cases = list(counted_cases(session.part))
        order = orders_of(session.membership, session.part, cases)[session.index]
        assert stored(session) == [(p.item.case, p.replicate) for p in order.places]
        assert session.order_note["version"] == "hmac-repair-1"


def test_ranks_are_sparse_and_every_reader_reads_every_case(editor: User) -> None:
    study = make_active(editor, readers=2)
    for session in Session.objects.filter(part__study=study):
        ranks = list(session.assignments.values_list("rank", flat=True))
        assert ranks == [STEP * (at + 1) for at in range(session.part.cases.count())]


def test_two_readers_have_different_orders(editor: User) -> None:
    study = make_active(editor, readers=2)
    one, two = Session.objects.filter(part__study=study, part__order=1)
    assert stored(one) != stored(two)
    assert sorted(stored(one)) == sorted(stored(two))


def test_k_readings_per_case_are_spread_evenly(editor: User) -> None:
    study = make_draft(editor, per_class=4, real=4)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, readings_per_case=2)
    for name in ("ann", "bob", "cem", "dan"):
        add_reader(editor, study, name)
    prepare(editor, study)
    counts = Counter(Assignment.objects.filter(case__part=part).values_list("case", flat=True))
    assert set(counts.values()) == {2}
    loads = [s.assignments.count() for s in Session.objects.filter(part=part)]
    assert max(loads) - min(loads) <= 1


def test_anchors_are_read_by_everybody(editor: User) -> None:
    study = make_draft(editor, per_class=4, real=4)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, readings_per_case=1, anchor_fraction=0.25)
    for name in ("ann", "bob", "cem"):
        add_reader(editor, study, name)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    late = add_reader(editor, study, "late")
    counts = Counter(Assignment.objects.filter(case__part=part).values_list("case", flat=True))
    assert sorted(set(counts.values())) == [1, 4]
    assert sum(n == 4 for n in counts.values()) == 12
    mine = set(late.sessions.get(part=part).assignments.values_list("case", flat=True))
    assert {case for case, n in counts.items() if n == 4} <= mine


def test_a_reader_who_consents_while_the_study_runs_gets_a_list(editor: User) -> None:
    study = make_active(editor)
    before = {s.pk: stored(s) for s in Session.objects.filter(part__study=study)}
    seat = add_reader(editor, study, "late")
    assert seat.sessions.count() == 2
    assert {pk: stored(Session.objects.get(pk=pk)) for pk in before} == before


def test_readers_who_consent_after_preparing_are_in_the_blocks_at_activation(editor: User) -> None:
    study = make_draft(editor, per_class=4, real=4)
    services.update_part(actor=editor, part=study.parts.get(order=1), readings_per_case=1)
    add_reader(editor, study, "ann")
    prepare(editor, study)
    add_reader(editor, study, "bob")
    study = services.activate_study(actor=editor, study=study)
    cases = Case.objects.filter(part__study=study, part__order=1).count()
    held = [len(held_by(study, code)) for code in ("R01", "R02")]
    assert sum(held) == cases
    assert max(held) - min(held) <= 1


def test_cases_of_a_reader_who_drops_out_go_to_the_others(editor: User) -> None:
    study = make_draft(editor, per_class=3, real=3)
    services.update_part(actor=editor, part=study.parts.get(order=1), readings_per_case=2)
    for name in ("ann", "bob", "cem"):
        add_reader(editor, study, name)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    stay = Session.objects.filter(part__order=1).exclude(membership__code="R03")
    before = {session: stored(session) for session in stay}
    gone = Membership.objects.get(study=study, code="R03")
    services.withdraw_reader(actor=editor, membership=gone, keep_data=False, reason="moved away")
    everything = set(Case.objects.filter(part__order=1).values_list("code", flat=True))
    assert held_by(study, "R01") == held_by(study, "R02") == everything
    for session, entries in before.items():
        assert [entry for entry in stored(session) if entry in entries] == entries


def test_a_case_added_later_enters_the_unread_tail_and_moves_nothing(editor: User) -> None:
    from review.studies.services.assign import add_to_tail

    study = make_active(editor)
    session = Session.objects.get(part__study=study, part__order=2)
    first = session.assignments.order_by("rank").first()
    Assignment.objects.filter(pk=first.pk).update(opened_at="2026-01-01T00:00Z")
    before = stored(session)
    case = Case.objects.filter(part__study=study, part__order=1).first()
    add_to_tail(session, case)
    after = stored(session)
    assert [entry for entry in after if entry[0] != case.code] == before
    assert after[0] == before[0]


def test_images_a_joining_reader_knows_are_left_out_and_noted(editor: User) -> None:
    first = make_active(editor, pool_size=8)
    reader = User.objects.get(email="reader1@example.org")
    known = Case.objects.filter(part__study=first, part__order=1)[0].image_id
    Assignment.objects.filter(case__image=known).update(opened_at="2026-01-01T00:00Z")
    second = services.copy_study(actor=editor, study=first)
    second = prepare(editor, second)
    Study.objects.filter(pk=first.pk).update(
        state="unblinded", closed_at="2026-01-01T00:00Z", unblinded_at="2026-01-01T00:00Z"
    )
    seat = services.consent(services.add_member(actor=editor, study=second, user=reader))
    session = seat.sessions.get(part__order=1)
    assert session.order_note["left_out_as_known"] == 1
    assert not session.assignments.filter(case__image=known).exists()
