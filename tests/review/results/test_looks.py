"""Interim looks: who takes one, when, once; what it shows and what the end says of it."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from review.audit.models import AuditEvent
from review.audit.services import find_faults
from review.catalog.storage import read_bytes
from review.results.errors import LookRefused, NotAllowedToLook
from review.results.looks import look_state, take_look
from review.results.models import InterimLook
from review.results.reports import compute_report
from review.results.services import unblind_study
from review.studies.models import Assignment, Study
from tests.review.results.test_pages import signed_in
from tests.worlds.results import Closed, answer_by_rule, close_world, give, seat
from tests.worlds.study import PartPlan, make_reader

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PLANS = (
    PartPlan("plausibility", 8, full_form=True),
    PartPlan("turing", 8, {"show_intended_class": False}),
)
PLANNED = 2 * 3 * 2 * 8  # readers, arms, classes, images
REASON = "The data board meets on Monday and asked for it."
PLAN = {
    "number": 3,
    "boundary": "obrien-fleming",
    "fractions": [0.3, 0.6, 1.0],
    "endpoint": "plausibility",
    "arm": "late",
    "reference": "early",
}


def world(share: float = 0.4, **looks: object) -> tuple[Closed, object]:
    """Return an active study of which each reader has answered a share, and its analyst."""
    closed = close_world(
        readers=2,
        plans=PLANS,
        answer=lambda one, at: answer_by_rule(one, at) if _place(one) < share else None,
    )
    Study.objects.filter(pk=closed.study.pk).update(
        state="active",
        closed_at=None,
        min_readers=2,
        analysis_plan={"alpha": 0.05, "margin": 0.1, "looks": PLAN | looks},
    )
    closed.study.refresh_from_db()
    return closed, seat(closed.study, "analyst", "analyst@example.org")


def _place(assignment: Assignment) -> float:
    every = Assignment.objects.filter(session=assignment.session)
    before = every.filter(rank__lt=assignment.rank).count()
    return before / every.count()


def answer_all(closed: Closed) -> None:
    for reader in (0, 1):
        for part in (0, 1):
            for at, one in enumerate(closed.world.assignments(reader, part)):
                if one.state == Assignment.State.QUEUED:
                    given = answer_by_rule(one, at)
                    if given is not None:
                        give(one, given)


def test_a_look_keeps_one_number_its_bound_and_the_reason() -> None:
    closed, analyst = world()
    look = take_look(actor=analyst, study=closed.study, reason=REASON)
    assert (look.number, look.planned_fraction, look.reason) == (1, 0.3, REASON)
    assert 0.3 <= look.fraction < 0.6
    assert look.bound == pytest.approx(3.6, abs=0.4)  # O'Brien-Fleming at 30 %
    assert look.crossed == (abs(look.statistic) >= look.bound)
    assert read_bytes(look.storage_key)
    event = AuditEvent.objects.get(verb="results.look_taken")
    assert (event.actor, event.chain) == (analyst, f"study:{closed.study.pk}")
    assert event.after["snapshot"] == look.content_sha256
    assert str(look.statistic) not in str(event.after)
    assert list(find_faults()) == []


def test_the_row_cannot_be_changed_or_deleted() -> None:
    closed, analyst = world()
    look = take_look(actor=analyst, study=closed.study, reason=REASON)
    for change in (
        lambda: InterimLook.objects.filter(pk=look.pk).update(statistic=9.0),
        lambda: InterimLook.objects.filter(pk=look.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_only_an_analyst_who_can_change_nothing() -> None:
    closed, analyst = world()
    admin = make_reader(9, is_staff=True)
    for user in (closed.editor, closed.world.readers[0], admin):
        with pytest.raises(NotAllowedToLook, match="neither edits nor reads"):
            take_look(actor=user, study=closed.study, reason=REASON)
    assert not InterimLook.objects.exists()
    assert take_look(actor=analyst, study=closed.study, reason=REASON).number == 1


def test_roles_and_statuses_over_http() -> None:
    closed, analyst = world()
    url = reverse("results:looks", args=["cells"])
    stranger = close_world(slug="other").editor
    for user, status in (
        (closed.editor, 403),
        (make_reader(9, is_staff=True), 403),
        (closed.world.readers[0], 404),
        (stranger, 404),
    ):
        assert signed_in(user).post(url, {"reason": REASON}).status_code == status
    assert Client().post(url, {"reason": REASON}).status_code == 302
    client = signed_in(analyst)
    assert client.post(url, {"reason": "short"}).status_code == 409
    assert client.post(url, {"reason": REASON}).status_code == 302
    assert client.post(url, {"reason": REASON}).status_code == 409  # once
    assert InterimLook.objects.count() == 1


def test_a_look_asks_for_the_password_again_when_the_sign_in_is_old() -> None:
    _, analyst = world()
    url = reverse("results:looks", args=["cells"])

    answer = signed_in(analyst, lately=False).post(url, {"reason": REASON})

    assert (answer.status_code, "reauthenticate" in answer["Location"]) == (302, True)
    assert not InterimLook.objects.exists()
    assert signed_in(analyst).post(url, {"reason": "x" * 2001}).status_code == 409


def test_a_refused_reason_stays_in_the_form() -> None:
    _, analyst = world()
    page = signed_in(analyst).post(reverse("results:looks", args=["cells"]), {"reason": "short"})
    assert "required>short</textarea>" in page.content.decode()


def test_too_early_says_how_far_it_is() -> None:
    closed, analyst = world(share=0.1)
    with pytest.raises(LookRefused, match=rf"Look 1 is due at 30%.*of {PLANNED}"):
        take_look(actor=analyst, study=closed.study, reason=REASON)


def test_readers_who_have_not_begun_count_as_planned() -> None:
    closed, _ = world()
    Study.objects.filter(pk=closed.study.pk).update(min_readers=8)
    closed.study.refresh_from_db()
    assert look_state(closed.study).progress.planned == 4 * PLANNED


def test_a_look_that_was_passed_is_not_taken_later() -> None:
    closed, analyst = world(share=0.8)
    look = take_look(actor=analyst, study=closed.study, reason=REASON)
    assert look.number == 2
    with pytest.raises(LookRefused, match="said stop" if look.crossed else "Every planned look"):
        take_look(actor=analyst, study=closed.study, reason=REASON)


def test_after_a_stop_there_is_no_further_look() -> None:
    closed, analyst = world(boundary="pocock", arm="real", reference="early", fractions=[0.3, 1.0])
    look = take_look(actor=analyst, study=closed.study, reason=REASON)
    answer_all(closed)
    state = look_state(closed.study)
    wanted = "said stop" if look.crossed else "Every planned look"
    assert state.due is None
    assert wanted in state.why_not


def test_without_looks_in_the_plan_there_are_none() -> None:
    closed, analyst = world()
    Study.objects.filter(pk=closed.study.pk).update(analysis_plan={"looks": 1})
    with pytest.raises(LookRefused, match="no interim looks"):
        take_look(actor=analyst, study=closed.study, reason=REASON)
    page = signed_in(analyst).get(reverse("results:looks", args=["cells"]))
    assert "no interim looks" in page.content.decode()


def test_readings_that_carry_no_test_are_refused_without_a_word_about_them() -> None:
    closed, analyst = world(share=0.7)
    turing = PLAN | {"endpoint": "turing", "arm": "", "reference": ""}
    Study.objects.filter(pk=closed.study.pk).update(analysis_plan={"looks": turing})
    real = Assignment.objects.filter(session__part__kind="turing", case__arm__code="real")
    Assignment.objects.filter(pk__in=real.values("pk")).update(state="void")
    with pytest.raises(LookRefused, match="do not carry the planned test") as refused:
        take_look(actor=analyst, study=closed.study, reason=REASON)
    assert "positive" not in str(refused.value)


def test_nothing_else_is_shown_before_the_end() -> None:
    closed, analyst = world()
    look = take_look(actor=analyst, study=closed.study, reason=REASON)
    shown = f"{abs(look.statistic):.3f}"
    address = reverse("results:looks", args=["cells"])
    assert shown in signed_in(analyst).get(address).content.decode()
    page = signed_in(closed.editor).get(address).content.decode()
    assert shown not in page
    assert "Go on" in page or "Stop" in page
    api = reverse("api:looks", args=["cells"])
    assert signed_in(closed.editor).get(api).json()[0]["statistic"] is None
    assert signed_in(analyst).get(api).json()[0]["statistic"] == look.statistic
    assert signed_in(analyst).get(reverse("results:overview", args=["cells"])).status_code == 409


def test_the_report_uses_the_final_bound_and_counts_the_looks() -> None:
    closed, analyst = world()
    look = take_look(actor=analyst, study=closed.study, reason=REASON)
    answer_all(closed)
    Study.objects.filter(pk=closed.study.pk).update(
        state="closed", closed_at=closed.study.activated_at
    )
    closed.study.refresh_from_db()
    report = compute_report(unblind_study(actor=closed.editor, study=closed.study))
    tables = {table["key"]: table for table in report["sections"][0]["tables"]}
    first, second, last = tables["interim-looks"]["records"]
    assert (first["statistic"], first["snapshot"]) == (look.statistic, look.content_sha256)
    assert second["decision"] == "not taken"
    assert last["bound"] == pytest.approx(1.96, abs=0.06)
    assert last["bound"] > 1.9600
    assert last["decision"].startswith("the final bound is")
    assert "1 of 2 taken" in tables["interim-looks"]["caption"]
