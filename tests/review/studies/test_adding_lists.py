"""Added cases stand behind everything on the lists: who reads on, who gets a sitting of it."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from review.accounts.models import User
from review.readings.chain import verify_readings
from review.readings.windows import is_revisable, pks_ahead
from review.readings.worklist import worklist_of
from review.studies import services
from review.studies.models import Assignment, Case, Membership, Session, Study
from review.studies.protocol import verify_protocol
from review.studies.randomise.tail import order_tail
from review.studies.services.assign import anchors_of
from review.studies.services.lists import STEP, counted_cases, item_of
from tests.review.reader.browsing import answer_for, body_of
from tests.worlds.adding import add_cases, begin
from tests.worlds.building import add_reader, make_active, make_draft, prepare
from tests.worlds.reading import ReaderAtWork, reader_at_work

pytestmark = [pytest.mark.database, pytest.mark.django_db]
MIX = {(1, "real", "BAS"): 3, (1, "early", "BAS"): 3, (1, "late", "EOS"): 3, (1, "real", "MON"): 3}


@pytest.fixture
def crossed(editor: User) -> Study:
    return make_active(editor, readers=2, pool_size=20)


def seat_of(study: Study, code: str = "R01") -> Membership:
    return Membership.objects.select_related("user").get(study=study, code=code)


def sessions_of(study: Study, code: str = "R01", part: int = 1) -> list[Session]:
    mine = Session.objects.filter(membership__study=study, membership__code=code)
    return list(mine.filter(part__order=part).order_by("index"))


def ranks(session: Session) -> list[tuple[int, int]]:
    return list(session.assignments.order_by("rank").values_list("pk", "rank"))


def read(reader: ReaderAtWork, n: int) -> dict[str, Any]:
    """Answer n cases of the open session and return the last news."""
    news = reader.config()
    kind, session = news["part"]["kind"], news["session"]
    for _ in range(n):
        sent = reader.submit(answer_for(news["cases"][0], kind) | {"session": session})
        assert sent.status_code == 200, sent.content
        news = json.loads(body_of(sent))
    return news


def test_the_tail_is_recomputed_from_the_secret_and_nothing_before_it_moves(
    editor: User, crossed: Study
) -> None:
    reader = reader_at_work(crossed)
    reader.start()
    read(reader, 7)
    before = {s.pk: ranks(s) for s in Session.objects.filter(part__study=crossed)}
    add_cases(editor, crossed, MIX)
    cases = Case.objects.filter(candidate__isnull=False).select_related(
        "arm__pool", "intended_class"
    )
    assert cases.count() == 13
    for session in Session.objects.filter(part__study=crossed).select_related("part", "membership"):
        there = before[session.pk]
        now = ranks(session)
        assert now[: len(there)] == there
        if session.part.order == 2:
            assert now == there
            continue
        related = ("case__arm__pool", "case__intended_class")
        rows = list(session.assignments.order_by("rank").select_related(*related))
        tail = order_tail(
            [item_of(row.case) for row in rows[: len(there)]],
            [item_of(case) for case in cases],
            secret=bytes(crossed.secret),
            part=1,
            reader=session.membership.code,
        )
        assert [row.case.code for row in rows[len(there) :]] == [i.case for i in tail.items]
        assert [row.rank for row in rows[len(there) :]] == [
            there[-1][1] + at * STEP for at in range(1, 14)
        ]
        assert session.order_note["tails"] == [tail.note.to_json() | {"relaxed": []}]


def test_two_readers_have_different_tails(editor: User, crossed: Study) -> None:
    add_cases(editor, crossed, MIX)
    tails = [
        list(session.assignments.order_by("rank").values_list("case__code", flat=True))[-13:]
        for session in Session.objects.filter(part__study=crossed, part__order=1)
    ]
    assert tails[0] != tails[1]
    assert sorted(tails[0]) == sorted(tails[1])


def test_a_reader_reads_on_without_reloading(editor: User, crossed: Study) -> None:
    reader = reader_at_work(crossed)
    reader.start()
    news = read(reader, 10)
    assert news["cases"][0]["total"] == 25
    [session] = sessions_of(crossed)
    ahead = pks_ahead(session.pk)
    answered = session.assignments.filter(state="answered").order_by("rank")
    window = [a.pk for a in answered
              if is_revisable(session_pk=session.pk, rank=a.rank, window=5)]  # fmt: skip
    add_cases(editor, crossed, MIX)
    assert pks_ahead(session.pk) == ahead
    assert window == [a.pk for a in answered
                      if is_revisable(session_pk=session.pk, rank=a.rank, window=5)]  # fmt: skip
    news = read(reader, 1)
    assert (news["cases"][0]["position"], news["cases"][0]["total"]) == (12, 38)
    news = read(reader, 27)
    assert news["state"] == "part_done"
    assert list(verify_readings(Session.objects.get(pk=session.pk))) == []


def test_who_waits_at_the_last_case_reads_on_too(editor: User, crossed: Study) -> None:
    reader = reader_at_work(crossed)
    reader.start()
    read(reader, 24)
    add_cases(editor, crossed, {(1, "early", "BAS"): 1})
    news = read(reader, 1)
    assert (news["state"], news["cases"][0]["position"]) == ("reading", 26)


def test_who_is_in_a_later_part_reads_it_to_the_end_first(editor: User, crossed: Study) -> None:
    reader = reader_at_work(crossed)
    reader.read_session()
    reader.start()
    read(reader, 3)
    add_cases(editor, crossed, MIX)
    first, added = sessions_of(crossed)
    assert (first.finished_at is not None, added.is_added, added.started_at) == (True, True, None)
    assert list(verify_readings(first)) == []
    row = worklist_of(seat_of(crossed).user)[0]
    assert (row.situation, row.total) == ("reading", 25 + 8 + 13)
    news = read(reader, 5)  # the rest of part 2, nothing refused
    assert news["state"] == "part_done"
    page = reader.client.get(f"/read/{crossed.slug}/start").content.decode()
    assert "session 2 of 2" in page
    assert len(reader.read_session()) == 13
    assert seat_of(crossed).state == "complete"
    assert verify_protocol(Study.objects.get(pk=crossed.pk)) == []


def test_who_has_finished_a_part_and_not_begun_the_next_reads_the_added_first(
    editor: User, crossed: Study
) -> None:
    reader = reader_at_work(crossed)
    reader.read_session()
    add_cases(editor, crossed, {(1, "early", "BAS"): 1})
    reader.start()
    assert reader.config()["session"] == "1.1"
    assert read(reader, 1)["state"] == "part_done"
    reader.start()
    assert reader.config()["session"] == "2.0"


def test_a_complete_reader_gets_a_sitting_and_a_second_addition_joins_it(
    editor: User, crossed: Study
) -> None:
    reader = reader_at_work(crossed)
    reader.read_session()
    reader.read_session()
    assert seat_of(crossed).state == "complete"
    add_cases(editor, crossed, {(1, "early", "BAS"): 1})
    add_cases(editor, crossed, {(1, "late", "BAS"): 1})
    assert seat_of(crossed).state == "reading"
    assert worklist_of(seat_of(crossed).user)[0].situation == "start"
    assert len(sessions_of(crossed)) == 2
    assert len(reader.read_session()) == 2
    assert seat_of(crossed).state == "complete"


def test_the_pause_between_sessions_comes_before_the_added_one(editor: User) -> None:
    study = make_draft(editor, pool_size=20)
    services.update_part(actor=editor, part=study.parts.get(order=1), washout_days=7)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    reader = reader_at_work(study)
    reader.read_session()
    reader.read_session()
    add_cases(editor, study, {(1, "early", "BAS"): 1})
    _, added = sessions_of(study)
    opens = timezone.now() + timedelta(days=7)
    assert abs(added.not_before - opens) < timedelta(minutes=5)
    assert worklist_of(seat_of(study).user)[0].situation == "washout"


def shared_out(editor: User, readers: int, k: int, **protocol: float) -> Study:
    """Return an active study in which each case of part 1 is read by k."""
    study = make_draft(editor, per_class=3, real=3, pool_size=24)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, readings_per_case=k, **protocol)
    for number in range(1, readers + 1):
        add_reader(editor, study, f"k{k}.reader{number}")
    return services.activate_study(actor=editor, study=prepare(editor, study))


def holders(study: Study) -> Counter[str]:
    """Count who holds added cases."""
    rows = Assignment.objects.filter(case__candidate__isnull=False, case__part__study=study)
    return Counter(rows.exclude(state="void").values_list("session__membership__code", flat=True))


def per_case(study: Study) -> set[int]:
    rows = Assignment.objects.filter(case__candidate__isnull=False, case__part__study=study)
    return set(Counter(rows.exclude(state="void").values_list("case", flat=True)).values())


def test_blocks_stay_balanced_over_the_shortest_lists(editor: User) -> None:
    study = shared_out(editor, readers=4, k=2)
    reader = reader_at_work(study, "R03")
    reader.start()
    read(reader, 9)
    add_cases(editor, study, MIX)
    assert per_case(study) == {2}
    held = holders(study)
    assert sum(held.values()) == 26
    assert held["R03"] == max(held.values())
    unread = Assignment.objects.filter(state="queued", session__part__order=1)
    left = Counter(unread.values_list("session__membership__code", flat=True))
    assert max(left.values()) - min(left.values()) <= 2


def test_a_drop_out_after_an_addition_is_replaced_in_it(editor: User) -> None:
    study = shared_out(editor, readers=3, k=2)
    add_cases(editor, study, MIX)
    services.withdraw_reader(
        actor=editor, membership=seat_of(study, "R03"), keep_data=False, reason="moved away"
    )
    assert per_case(study) == {2}
    assert set(holders(study)) == {"R01", "R02"}


def test_a_late_joiner_gets_added_cases_as_well(editor: User, crossed: Study) -> None:
    add_cases(editor, crossed, MIX)
    seat = add_reader(editor, crossed, "late")
    session = seat.sessions.get(part__order=1)
    assert session.assignments.count() == counted_cases(session.part).count() == 38
    study = shared_out(editor, readers=2, k=1)
    add_cases(editor, study, MIX)
    add_reader(editor, study, "later")
    assert per_case(study) == {1}
    assert holders(study)["R03"] > 0


def test_anchors_stay_what_they_are_and_the_added_have_their_own(editor: User) -> None:
    study = shared_out(editor, readers=3, k=1, anchor_fraction=0.25)
    part = study.parts.select_related("study").get(order=1)
    before = anchors_of(part)
    add_cases(editor, study, MIX)
    after = anchors_of(part)
    assert before < after
    codes = set(Case.objects.filter(candidate__isnull=False).values_list("code", flat=True))
    assert after - before <= codes
    assert len(after - before) == 3  # a quarter of twelve
    rows = Assignment.objects.filter(case__code__in=after - before, replicate=0)
    assert set(Counter(rows.values_list("case", flat=True)).values()) == {3}


def test_a_paused_reader_gets_no_block_and_all_of_a_crossed_part(
    editor: User, crossed: Study
) -> None:
    study = shared_out(editor, readers=3, k=2)
    for one in (study, crossed):
        services.pause_reader(actor=editor, membership=seat_of(one), reason="on holiday")
        add_cases(editor, one, MIX)
    assert holders(study)["R01"] == 0
    assert holders(crossed) == {"R01": 13, "R02": 13}
    services.resume_reader(actor=editor, membership=seat_of(study))
    assert per_case(study) == {2}


def test_an_image_that_one_reader_knows_by_now_is_left_out_for_them_alone(
    editor: User, crossed: Study
) -> None:
    addition = begin(editor, crossed, MIX)
    image = addition.candidates.filter(role="main").first().image_id
    other = make_known(editor, crossed, image)
    services.commit_addition(actor=editor, addition=addition)
    assert holders(crossed) == {"R01": 12, "R02": 13}
    [session] = sessions_of(crossed)
    assert session.order_note["left_out_as_known"] == 1
    assert other.state == "unblinded"


def make_known(editor: User, study: Study, image: int) -> Study:
    """Let R01 have read an image in a study that is unblinded by now."""
    other = services.copy_study(actor=editor, study=study)
    part, arm = other.parts.get(order=1), other.arms.first()
    source = Case.objects.filter(part__study=study)[0]
    case = Case.objects.create(
        part=part, image_id=image, arm=arm, code="X1", intended_class=source.intended_class
    )
    seat = services.add_member(actor=editor, study=other, user=seat_of(study).user)
    session = Session.objects.create(membership=seat, part=part)
    now = timezone.now()
    Assignment.objects.create(session=session, case=case, rank=1, opened_at=now)
    Study.objects.filter(pk=other.pk).update(
        state="unblinded", prepared_at=now, activated_at=now, closed_at=now, unblinded_at=now
    )
    other.refresh_from_db()
    return other


def test_cases_of_a_drop_out_do_not_shut_a_part_that_others_are_in(editor: User) -> None:
    """The same rule as for added cases: a part that was read does not open again."""
    study = shared_out(editor, readers=2, k=1)
    reader = reader_at_work(study)
    reader.read_session()
    reader.start()
    read(reader, 2)
    services.withdraw_reader(
        actor=editor, membership=seat_of(study, "R02"), keep_data=False, reason="moved away"
    )
    first, added = sessions_of(study)
    assert first.finished_at is not None
    assert added.assignments.filter(state="queued").count() > 0
    assert read(reader, 1)["state"] == "reading"
