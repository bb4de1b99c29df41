import re

import pytest
from django.test import Client

from review.accounts.models import User
from review.audit.models import AuditEvent
from review.readings.adjudication.errors import NotAdjudicator, QueueClosed
from review.readings.adjudication.rules import majority, rule_for
from review.readings.adjudication.selectors import load_case
from review.readings.adjudication.services import cast_vote, fill_queue, fill_waiting_queues
from review.readings.answers import Answer, Flag
from review.readings.models import Adjudication, Reading
from review.studies.models import Case, Membership, Study
from tests.review.readings.answers import plausible_answer, submit
from tests.worlds.study import World, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.mark.parametrize(
    ("verdicts", "flags", "rule"),
    [
        ([True, False], [], "disputed"),
        ([True] * 9 + [False], [], "split"),
        ([True, True, None], [], ""),
        ([False], [], ""),
        ([True, True], ["technical"], "flagged"),
        ([None, None], ["recognised"], ""),
    ],
)
def test_rules(verdicts: list[bool | None], flags: list[str], rule: str) -> None:
    assert rule_for(verdicts, flags) == rule


def test_a_majority_needs_more_than_half_of_the_seats() -> None:
    assert majority(["plausible"], 1) == "plausible"
    assert majority(["plausible"], 2) == ""
    assert majority(["plausible", "implausible", "plausible"], 3) == "plausible"


@pytest.fixture
def world() -> World:
    """Two readers who disagree on the first case of the first."""
    world = make_study(readers=2)
    first = world.assignments()[0]
    submit(first, plausible_answer(first))
    for other in world.sessions[1][0].assignments.order_by("rank"):
        wanted = other.case_id == first.case_id
        submit(other, Answer(criteria={"size": "fails"}) if wanted else plausible_answer(other))
        if wanted:
            break
    return world


def judge(study: Study, name: str) -> User:
    user = User.objects.create_user(f"{name}@example.org", "x")
    seat = {"role": Membership.Role.ADJUDICATOR, "code": name.upper()[:8]}
    Membership.objects.create(study=study, user=user, **seat)
    return user


def test_the_queue_holds_the_disputed_case_once(world: World) -> None:
    judge(world.study, "a1")
    assert fill_waiting_queues() == 1
    assert fill_queue(actor=None, study=world.study) == 0
    assert Adjudication.objects.get().rule == "disputed"


def test_votes_resolve_by_majority_and_leave_readings_alone(world: World) -> None:
    judges = [judge(world.study, f"a{n}") for n in range(2)]
    fill_queue(actor=None, study=world.study)
    row, before = Adjudication.objects.get(), list(Reading.objects.values())
    for user in judges:
        row.refresh_from_db()
        assert row.state == "open"
        cast_vote(adjudicator=user, adjudication=row, value="plausible", rationale="typical")
    row.refresh_from_db()
    assert row.state == "resolved"
    assert list(Reading.objects.values()) == before
    assert AuditEvent.objects.filter(verb="adjudication.voted").count() == 2


def test_a_second_vote_of_the_same_person_changes_nothing(world: World) -> None:
    user = judge(world.study, "a1")
    fill_queue(actor=None, study=world.study)
    row = Adjudication.objects.get()
    cast_vote(adjudicator=user, adjudication=row, value="plausible")
    cast_vote(adjudicator=user, adjudication=row, value="implausible")
    assert [vote.value for vote in row.votes.all()] == ["plausible"]


def test_readers_may_not_vote_and_nobody_votes_after_unblinding(world: World) -> None:
    user = judge(world.study, "a1")
    fill_queue(actor=None, study=world.study)
    row = Adjudication.objects.select_related("case__part__study").get()
    with pytest.raises(NotAdjudicator):
        cast_vote(adjudicator=world.readers[0], adjudication=row, value="plausible")
    now = world.study.activated_at
    Study.objects.update(state="unblinded", closed_at=now, unblinded_at=now)
    with pytest.raises(QueueClosed):  # the row in hand still says active
        cast_vote(adjudicator=user, adjudication=row, value="plausible")


def test_pages_hide_names_and_are_nobody_elses(world: World, client: Client) -> None:
    user = judge(world.study, "a1")
    fill_queue(actor=None, study=world.study)
    row = Adjudication.objects.get()
    paths = ["/adjudicate/cells/", f"/adjudicate/cells/i/{row.pk}"]
    client.force_login(world.readers[0])
    assert [client.get(path).status_code for path in paths] == [404, 404]
    client.force_login(user)
    assert [client.get(path).status_code for path in paths] == [200, 200]
    page = client.get(paths[0]).content.decode()
    assert not any(person.email in page for person in world.readers)
    codes = {seat.code for seat in world.study.memberships.filter(role="reader")}
    assert codes
    assert not codes & set(re.findall(r"\w+", page))
    answer = client.post(paths[0], {"adjudication": row.pk, "value": "implausible"}, follow=True)
    assert "Nothing left for you" in answer.content.decode()


def test_a_case_is_shown_once_to_each_adjudicator(world: World, client: Client) -> None:
    judge(world.study, "a2")
    client.force_login(judge(world.study, "a1"))
    fill_queue(actor=None, study=world.study)
    row = Adjudication.objects.get()
    vote = {"adjudication": row.pk, "value": "plausible"}

    answer = client.post("/adjudicate/cells/", vote, follow=True)

    row.refresh_from_db()
    assert row.state == "open"
    assert "Nothing left for you" in answer.content.decode()
    assert client.get(f"/adjudicate/cells/i/{row.pk}").status_code == 404
    assert client.post("/adjudicate/cells/", vote).status_code == 404


def test_images_tell_their_source_neither_by_length_nor_by_a_header(
    world: World, client: Client
) -> None:
    client.force_login(judge(world.study, "a1"))
    client.get("/adjudicate/")  # the session's refresh is not part of an image
    cases = Case.objects.filter(part__study=world.study)
    Adjudication.objects.bulk_create(Adjudication(case=case, rule="split") for case in cases)
    seen = set()
    for row in Adjudication.objects.select_related("case__arm__pool"):
        answer = client.get(f"/adjudicate/cells/i/{row.pk}", HTTP_ACCEPT_ENCODING="gzip")
        seen.add((len(answer.content), *sorted(answer.headers.items())))
    assert len(seen) == 1
    assert ("Content-Encoding", "identity") in seen.pop()


def test_opinions_carry_failed_criteria_and_flags(world: World) -> None:
    first = world.assignments()[0]
    flag = Flag("technical", "stripe")
    submit(first, Answer(criteria={"nucleus": "fails"}, flags=(flag,)), base_revision=1)
    fill_queue(actor=None, study=world.study)
    shown = load_case(Adjudication.objects.get(case_id=first.case_id).pk)
    assert sorted(one.failed for one in shown.opinions)[0] != ()
    assert shown.flags == ("technical fault: stripe",)


def test_an_address_that_is_no_number_is_not_found(world: World, client: Client) -> None:
    client.force_login(judge(world.study, "a1"))
    for asked in ("x", "9" * 30, "9" * 5000, "-1", ""):
        answer = client.post("/adjudicate/cells/", {"adjudication": asked, "value": "plausible"})
        assert answer.status_code == 404, asked
