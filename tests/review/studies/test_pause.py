"""One reader pauses, or is paused: nothing is lost or handed out, and whoever paused ends it."""

from collections import Counter

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from review.accounts.models import User
from review.audit.models import AuditEvent
from review.audit.services import find_faults
from review.studies import services
from review.studies.errors import BadProtocol, NotAllowed, WrongState
from review.studies.models import Assignment, Case, Membership, Study
from tests.worlds.building import add_reader, make_active, make_draft, make_user, prepare
from tests.worlds.reading import reader_at_work

pytestmark = [pytest.mark.database, pytest.mark.django_db]
WHY = "on holiday until Monday"


def seat_of(study: Study, code: str = "R01") -> Membership:
    return Membership.objects.select_related("study", "user").get(study=study, code=code)


def state_of(study: Study, code: str = "R01") -> str:
    return seat_of(study, code).state


def test_an_editor_pauses_with_a_reason_and_lets_go_on(editor: User) -> None:
    study = make_active(editor)
    reader_at_work(study).start()
    seat = services.pause_reader(actor=editor, membership=seat_of(study), reason=f" {WHY} ")
    assert (seat.state, seat.paused_by, seat.pause_reason) == ("paused", editor, WHY)
    services.resume_reader(actor=editor, membership=seat)
    seat.refresh_from_db()
    assert (seat.state, seat.paused_at, seat.paused_by_id) == ("reading", None, None)
    events = AuditEvent.objects.filter(chain=f"study:{study.pk}").order_by("-number")[:2]
    assert [event.verb for event in events] == ["reader.resumed", "reader.paused"]
    paused = events[1]
    assert paused.actor == editor
    assert paused.before == {"state": "reading"}
    assert paused.after == {"state": "paused", "by": "editor", "reason": WHY}
    assert list(find_faults()) == []


def test_an_editors_pause_needs_a_reason_and_a_readers_own_none(editor: User) -> None:
    study = make_active(editor)
    with pytest.raises(BadProtocol, match="Say why R01"):
        services.pause_reader(actor=editor, membership=seat_of(study), reason="  ")
    seat = seat_of(study)
    services.pause_reader(actor=seat.user, membership=seat)
    assert services.resume_reader(actor=seat.user, membership=seat).state == "consented"


def test_whoever_paused_ends_it(editor: User) -> None:
    study = make_active(editor)
    seat = seat_of(study)
    services.pause_reader(actor=seat.user, membership=seat)
    with pytest.raises(WrongState, match="Only the reader ends this"):
        services.resume_reader(actor=editor, membership=seat)
    services.pause_reader(actor=editor, membership=seat, reason=WHY)  # takes its place
    with pytest.raises(WrongState, match="Only an editor ends this pause"):
        services.resume_reader(actor=seat.user, membership=seat)
    with pytest.raises(WrongState, match="is paused already"):
        services.pause_reader(actor=seat.user, membership=seat)
    second = make_user("second", is_staff=True)
    assert services.resume_reader(actor=second, membership=seat).state == "consented"


@pytest.mark.parametrize("verb", [services.pause_reader, services.resume_reader])
def test_nobody_else_pauses_a_reader(editor: User, verb) -> None:
    study = make_active(editor, readers=2)
    for person in (seat_of(study, "R02").user, make_user("stranger")):
        with pytest.raises(NotAllowed):
            verb(actor=person, membership=seat_of(study))


def test_there_is_nothing_to_pause_before_after_and_outside_reading(editor: User) -> None:
    study = make_draft(editor)
    seat = add_reader(editor, study)
    with pytest.raises(WrongState, match="is draft"):
        services.pause_reader(actor=editor, membership=seat, reason=WHY)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    services.add_member(actor=editor, study=study, user=make_user("slow"))
    second = services.add_member(actor=editor, study=study, user=make_user("second"), role="editor")
    for code, why in (("R02", "has not consented"), (second.code, "is editor, not a reader")):
        with pytest.raises(WrongState, match=why):
            services.pause_reader(actor=editor, membership=seat_of(study, code), reason=WHY)
    with pytest.raises(WrongState, match="not paused"):
        services.resume_reader(actor=editor, membership=seat_of(study))
    Membership.objects.filter(pk=seat.pk).update(state="complete")
    with pytest.raises(WrongState, match="has read every case"):
        services.pause_reader(actor=editor, membership=seat, reason=WHY)
    services.close_study(actor=editor, study=study)
    with pytest.raises(WrongState, match="is closed"):
        services.pause_reader(actor=editor, membership=seat, reason=WHY)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "paused"},
        {"paused_at": timezone.now()},
        {"pause_reason": WHY},
        {"state": "withdrawn"},
        {"withdrawn_at": timezone.now()},
        {"state": "reading", "consent_version": None, "consented_at": None},
    ],
)
def test_the_database_refuses_a_state_that_does_not_fit(editor: User, fields: dict) -> None:
    seat = add_reader(editor, make_draft(editor))
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=seat.pk).update(**fields)


def test_a_paused_reader_who_leaves_is_withdrawn_not_paused(editor: User) -> None:
    study = make_active(editor)
    seat = services.pause_reader(actor=editor, membership=seat_of(study), reason=WHY)
    services.withdraw_reader(actor=seat.user, membership=seat, keep_data=True)
    seat.refresh_from_db()
    assert (seat.state, seat.paused_at) == ("withdrawn", None)


def shared_out(editor: User, readers: int, k: int) -> Study:
    """Return a running study in which k of the readers read each case of part 1."""
    study = make_draft(editor)
    services.update_part(actor=editor, part=study.parts.get(order=1), readings_per_case=k)
    for number in range(1, readers + 1):
        add_reader(editor, study, f"reader{number}")
    return services.activate_study(actor=editor, study=prepare(editor, study))


def listed(study: Study, code: str) -> set[int]:
    mine = Assignment.objects.filter(session__membership__code=code, session__part__order=1)
    return set(mine.filter(session__part__study=study).values_list("case", flat=True))


def test_a_paused_reader_keeps_the_list_and_gets_nothing_more(editor: User) -> None:
    study = shared_out(editor, readers=4, k=1)
    before = {code: listed(study, code) for code in ("R01", "R02", "R03", "R04")}
    services.pause_reader(actor=editor, membership=seat_of(study, "R02"), reason=WHY)

    services.withdraw_reader(actor=editor, membership=seat_of(study), keep_data=False)

    assert listed(study, "R02") == before["R02"]
    assert listed(study, "R03") | listed(study, "R04") >= before["R01"]


def test_cases_that_nobody_could_take_wait_for_the_reader_who_goes_on(editor: User) -> None:
    study = shared_out(editor, readers=2, k=1)
    orphaned = listed(study, "R01")
    seat = services.pause_reader(actor=editor, membership=seat_of(study, "R02"), reason=WHY)
    services.withdraw_reader(actor=editor, membership=seat_of(study), keep_data=False)
    assert not orphaned & listed(study, "R02")

    services.resume_reader(actor=editor, membership=seat)

    assert orphaned <= listed(study, "R02")
    places = Counter(listed(study, "R02"))
    assert set(places.values()) == {1}


def test_every_state_of_a_seat_is_set_by_what_happens(editor: User) -> None:
    study = make_draft(editor, pool_size=9)
    services.update_part(actor=editor, part=study.parts.get(order=1), calibration_count=2)
    seat = services.add_member(actor=editor, study=study, user=make_user("reader1"))
    seen = [state_of(study)]
    services.consent(seat)
    seen.append(state_of(study))
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    reader = reader_at_work(study)
    reader.start()
    seen.append(state_of(study))
    reader.read_session()
    seen.append(state_of(study))
    reader.read_session()
    reader.read_session()
    seen.append(state_of(study))
    assert seen == ["invited", "consented", "calibrating", "reading", "complete"]


def test_a_pause_in_practice_goes_back_to_practice(editor: User) -> None:
    study = make_draft(editor, pool_size=9)
    services.update_part(actor=editor, part=study.parts.get(order=1), calibration_count=2)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    reader_at_work(study).start()
    seat = services.pause_reader(actor=editor, membership=seat_of(study), reason=WHY)
    assert services.resume_reader(actor=editor, membership=seat).state == "calibrating"


def test_a_list_emptied_in_the_pause_is_complete_when_the_reader_goes_on(editor: User) -> None:
    study = make_active(editor)
    reader_at_work(study).read_session()
    reader_at_work(study).start()
    seat = services.pause_reader(actor=editor, membership=seat_of(study), reason=WHY)
    for case in Case.objects.filter(part__study=study, part__order=2):
        services.void_case(actor=editor, case=case, reason="A burnt-in letter is visible.")
    assert state_of(study) == "paused"
    assert services.resume_reader(actor=editor, membership=seat).state == "complete"


def test_a_complete_reader_who_gets_a_case_is_reading_again(editor: User) -> None:
    study = shared_out(editor, readers=2, k=1)
    reader = reader_at_work(study, "R02")
    reader.read_session()
    reader.read_session()
    assert state_of(study, "R02") == "complete"
    services.withdraw_reader(actor=editor, membership=seat_of(study), keep_data=False)
    assert state_of(study, "R02") == "reading"
    reader.start()
    news = reader.config()
    assert (news["state"], len(news["cases"]) > 0) == ("reading", True)


@pytest.fixture
def client(editor: User) -> Client:
    client = Client()
    client.force_login(editor)
    return client


def post(client: Client, name: str, study: Study, **sent: str):
    return client.post(reverse(f"studies:{name}", args=[study.slug, "R01"]), sent)


def test_the_page_says_who_is_paused_by_whom_and_why(client: Client, editor: User) -> None:
    study = make_active(editor)
    home = reverse("studies:detail", args=[study.slug])
    assert post(client, "pause_reader", study, reason=WHY)["Location"] == home
    page = client.get(home).content.decode()
    assert f"by Editor: {WHY}" in page
    assert "Let R01 go on" in page
    assert "Pause R01" not in page
    post(client, "resume_reader", study)
    page = client.get(home).content.decode()
    assert (WHY in page, "Pause R01" in page) == (False, True)

    seat = seat_of(study)
    services.pause_reader(actor=seat.user, membership=seat)
    page = client.get(home).content.decode()
    assert "by the reader, who goes on when ready" in page
    assert "Let R01 go on" not in page
    assert post(client, "resume_reader", study).status_code == 409


def test_a_pause_without_a_reason_is_refused_on_the_page(client: Client, editor: User) -> None:
    study = make_active(editor)
    refused = post(client, "pause_reader", study, reason="")
    assert refused.status_code == 422
    assert "Say why R01 is paused" in refused.content.decode()
    assert state_of(study) == "consented"


def test_before_the_start_no_pause_is_offered(client: Client, editor: User) -> None:
    study = make_draft(editor)
    add_reader(editor, study)
    prepare(editor, study)
    page = client.get(reverse("studies:detail", args=[study.slug])).content.decode()
    assert ("Withdraw R01" in page, "Pause R01" in page) == (True, False)


def test_the_page_for_leaving_offers_a_pause_while_there_is_one(editor: User) -> None:
    study = make_active(editor)
    seat = seat_of(study)
    client = Client()
    client.force_login(seat.user)
    leave = reverse("studies:leave", args=[study.slug])
    assert "Pause my reading" in client.get(leave).content.decode()
    services.pause_reader(actor=editor, membership=seat, reason=WHY)
    assert "Pause my reading" not in client.get(leave).content.decode()
