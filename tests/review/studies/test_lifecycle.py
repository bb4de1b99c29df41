"""States, guards, the frozen protocol, amendments."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from review.accounts.models import User
from review.audit import triggers
from review.audit.models import AuditEvent
from review.audit.services import find_faults
from review.studies import services
from review.studies.errors import BadProtocol, NotAllowed, NotReady, WrongState
from review.studies.models import Amendment, Assignment, Case, Membership, Part, Session, Study
from review.studies.protocol import FORMAT, build_protocol, canonical_sha256, verify_protocol
from review.studies.services.guards import log_study
from tests.worlds.building import add_reader, make_active, make_draft, make_user, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db]
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def verbs(study: Study) -> list[str]:
    events = AuditEvent.objects.filter(chain=f"study:{study.pk}").order_by("number")
    return list(events.values_list("verb", flat=True))


def test_activation_waits_for_consented_readers(editor: User) -> None:
    study = make_draft(editor)
    services.add_member(actor=editor, study=study, user=make_user("slow"))
    study = prepare(editor, study)
    with pytest.raises(NotReady, match="0 of at least 1 readers consented"):
        services.activate_study(actor=editor, study=study)


def test_a_whole_life_is_logged_in_order_and_the_chain_holds(editor: User) -> None:
    study = make_active(editor)
    services.pause_study(actor=editor, study=study)
    services.resume_study(actor=editor, study=study)
    services.close_study(actor=editor, study=study)
    services.mark_unblinded(actor=editor, study=study)
    services.archive_study(actor=editor, study=study)
    assert verbs(study)[-6:] == [
        "study.activated",
        "study.paused",
        "study.resumed",
        "study.closed",
        "study.unblinded",
        "study.archived",
    ]
    assert list(find_faults()) == []


@pytest.mark.parametrize("verb", ["pause_study", "resume_study", "close_study", "archive_study"])
def test_a_verb_in_the_wrong_state_is_refused(editor: User, verb: str) -> None:
    study = make_draft(editor)
    with pytest.raises(WrongState, match="is draft"):
        getattr(services, verb)(actor=editor, study=study)


def test_only_editors_change_the_state(editor: User) -> None:
    study = make_active(editor)
    reader = User.objects.get(email="reader1@example.org")
    for person in (reader, make_user("stranger")):
        with pytest.raises(NotAllowed):
            services.close_study(actor=person, study=study)


def test_a_protocol_changed_by_sql_is_found(editor: User) -> None:
    study = make_active(editor)
    assert verify_protocol(study) == []
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE studies_part SET repeat_fraction = 0.3 WHERE study_id = %s", [study.pk]
        )
    faults = verify_protocol(Study.objects.get(pk=study.pk))
    assert faults == ["parts[0].repeat_fraction differs from the frozen protocol.",
                      "parts[1].repeat_fraction differs from the frozen protocol."]  # fmt: skip


def test_a_protocol_written_together_with_its_hash_is_found(editor: User) -> None:
    study = make_active(editor)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_study SET intro = 'Look for fakes.'")
    study.refresh_from_db()
    protocol = build_protocol(study)
    Study.objects.update(protocol=protocol, protocol_sha256=canonical_sha256(protocol))

    assert verify_protocol(Study.objects.get(pk=study.pk)) == [
        "The hash differs from the one that the audit trail recorded last."
    ]
    with pytest.raises(CommandError, match="1 difference"):
        call_command("verify_protocols")


def test_whole_protocols_pass_the_command(editor: User, capsys: pytest.CaptureFixture) -> None:
    study = make_active(editor)
    make_draft(make_user("other", is_staff=True))
    services.change_intro(actor=editor, study=study, intro="x", reason="clearer words")

    call_command("verify_protocols")

    assert "1 protocol is whole." in capsys.readouterr().out
    with pytest.raises(CommandError, match="'nope'"):
        call_command("verify_protocols", study="nope")


def test_an_exchanged_image_or_an_edited_protocol_is_found(editor: User) -> None:
    study = make_active(editor)
    Case.objects.filter(pk=Case.objects.first().pk).update(full_form=True, role="calibration")
    assert "cases_sha256 differs from the frozen protocol." in verify_protocol(study)
    study.protocol["study"]["title"] = "Another"
    assert "The stored protocol does not have the hash that was frozen." in verify_protocol(study)


def test_an_amendment_needs_a_reason_and_hashes_the_protocol_anew(editor: User) -> None:
    study = make_active(editor)
    before = study.protocol_sha256
    later = datetime(2099, 1, 31, tzinfo=UTC)
    with pytest.raises(BadProtocol, match="reason"):
        services.extend_study(actor=editor, study=study, deadline=later, reason="late")
    reason = "Two readers were ill in January."
    amendment = services.extend_study(actor=editor, study=study, deadline=later, reason=reason)
    study.refresh_from_db()
    assert (amendment.sha256_before, amendment.sha256_after) == (before, study.protocol_sha256)
    assert (amendment.before, amendment.after) == ("none", "31 Jan 2099, 00:00 UTC")
    assert verify_protocol(study) == []


def test_an_amendment_says_what_it_changed(editor: User) -> None:
    study = make_active(editor)
    common = {"actor": editor, "reason": "The text was wrong."}
    services.change_intro(study=study, intro="Hello.", **common)
    amendment = services.change_intro(study=study, intro="Hello again.", **common)
    assert (amendment.before, amendment.after) == ("Hello.", "Hello again.")
    case = Case.objects.order_by("pk").first()
    void = services.void_case(case=case, **common)
    assert (void.before, void.after) == ("read", "void")

    event = AuditEvent.objects.get(verb=f"amended: void {case.code}")
    assert (event.before["value"], event.after["value"]) == ("read", "void")


@pytest.mark.parametrize(
    ("state", "times"),
    [
        ("draft", {}),
        ("prepared", {"activated_at": NOW}),
        ("active", {"closed_at": NOW}),
        ("active", {"unblinded_at": NOW}),
        ("active", {"prepared_at": None}),
        ("paused", {}),
        ("closed", {}),
        ("closed", {"closed_at": NOW, "activated_at": None}),
        ("unblinded", {"unblinded_at": NOW}),
        ("archived", {"closed_at": NOW, "archived_at": NOW}),
    ],
)
def test_a_state_has_all_times_before_it_and_none_after(
    editor: User, state: str, times: dict[str, datetime | None]
) -> None:
    study = make_active(editor)
    with pytest.raises(IntegrityError, match="study_state_has_its_time"), transaction.atomic():
        Study.objects.filter(pk=study.pk).update(state=state, **times)


def test_amendments_cannot_be_changed(editor: User) -> None:
    study = make_active(editor)
    services.change_intro(actor=editor, study=study, intro="Hello.", reason="The text was wrong.")
    with pytest.raises(IntegrityError), transaction.atomic():
        Amendment.objects.update(reason="none")


@pytest.mark.parametrize("fields", [{"before": "Hello."}, {"after": "Only late images are new."}])
def test_what_an_amendment_says_it_changed_is_held_against_the_trail(
    editor: User, fields: dict[str, str]
) -> None:
    study = make_active(editor)
    services.change_intro(actor=editor, study=study, intro="Hello.", reason="The text was wrong.")
    study.refresh_from_db()
    assert verify_protocol(study) == []
    triggers.remove("default")  # as somebody who owns the tables could
    Amendment.objects.update(**fields)
    triggers.install("default")
    assert verify_protocol(study) == [
        "Amendment 1, intro: what it was and is now differs from the audit trail."
    ]


def test_a_void_case_leaves_every_list_and_is_not_given_again(editor: User) -> None:
    study = make_active(editor)
    case = Case.objects.filter(part__study=study).first()
    services.void_case(actor=editor, case=case, reason="A burnt-in letter is visible.")
    assert set(Assignment.objects.filter(case=case).values_list("state", flat=True)) == {"void"}
    late = add_reader(editor, study, "late")
    assert not Assignment.objects.filter(session__membership=late, case=case).exists()
    study.refresh_from_db()
    assert verify_protocol(study) == []


def test_a_case_is_taken_out_once(editor: User) -> None:
    study = make_active(editor)
    case = Case.objects.filter(part__study=study).first()
    services.void_case(actor=editor, case=case, reason="A burnt-in letter is visible.")
    with pytest.raises(WrongState, match=f"{case.code} is out of the study already"):
        services.void_case(actor=editor, case=case, reason="A burnt-in letter is visible.")
    assert Amendment.objects.count() == 1


def test_voiding_the_last_open_case_finishes_the_session(editor: User) -> None:
    study = make_active(editor)
    session = Session.objects.get(part__study=study, part__order=2)
    last = session.assignments.order_by("-rank").first()
    others = session.assignments.exclude(pk=last.pk)
    others.update(state="answered", answered_at=datetime(2026, 1, 1, tzinfo=UTC))
    services.void_case(actor=editor, case=last.case, reason="Duplicate of another case.")
    session.refresh_from_db()
    assert session.finished_at is not None


def test_a_reader_withdraws_alone_and_chooses_what_happens_to_the_answers(editor: User) -> None:
    study = make_active(editor)
    seat = Membership.objects.get(study=study, code="R01")
    services.withdraw_reader(actor=seat.user, membership=seat, keep_data=False)
    seat.refresh_from_db()
    assert (seat.state, seat.keep_data) == ("withdrawn", False)
    assert not Study.objects.visible_to(seat.user).exists()
    assert not seat.sessions.filter(assignments__state="queued").exists()


def test_a_reader_is_replaced_by_an_invitation(editor: User) -> None:
    study = make_active(editor)
    seat = Membership.objects.get(study=study, code="R01")
    invitation, token = services.replace_reader(
        actor=editor, membership=seat, email="New@Example.org", keep_data=True, reason="left"
    )
    joined = services.accept_invitation(token=token, password="quiet-tall-lighthouse", name="New")
    assert (invitation.email, joined.code) == ("new@example.org", "R02")
    assert services.consent(joined).sessions.count() == 2


@pytest.mark.parametrize(
    ("number", "unknown"),
    [
        (1, ["words", "feedback_sha256", "gallery_sha256", "outlines_sha256"]),
        (2, ["gallery_sha256", "outlines_sha256"]),
        (3, []),
    ],
)
def test_a_protocol_of_an_older_format_is_held_against_what_it_knew(
    editor: User, number: int, unknown: list[str]
) -> None:
    study = make_active(editor)
    old = {key: value for key, value in study.protocol.items() if key not in unknown}
    young = {"gestalt"}
    if number == 1:
        young |= {"calibration_count", "session_count", "gallery", "outline", "defect_point"}
    old["parts"] = [{k: v for k, v in p.items() if k not in young} for p in old["parts"]]
    old["format"] = number
    study.protocol, study.protocol_sha256 = old, canonical_sha256(old)
    study.save()
    log_study(editor, study, "study.activated", after={"protocol": study.protocol_sha256})

    assert verify_protocol(study) == []
    window = study.parts.get(order=1).revise_window
    Part.objects.filter(study=study, order=1).update(revise_window=99)
    assert verify_protocol(study) == ["parts[0].revise_window differs from the frozen protocol."]
    Part.objects.filter(study=study, order=1).update(revise_window=window)
    services.change_intro(actor=editor, study=study, intro="New.", reason="A typo in the text.")
    amended = Study.objects.get(pk=study.pk)
    assert (amended.protocol["format"], verify_protocol(amended)) == (FORMAT, [])
