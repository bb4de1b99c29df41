"""Invitations, accounts, consent."""

import hashlib
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connections
from django.utils import timezone

from review.accounts.models import User
from review.studies import services
from review.studies.errors import BadProtocol, InvitationGone, NotAllowed, SeatTaken
from review.studies.models import Invitation, Membership
from tests.worlds.building import PASSWORD, make_active, make_draft, make_user

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_only_the_hash_of_the_token_is_stored_and_the_mail_has_the_link(
    editor: User, django_capture_on_commit_callbacks: Any
) -> None:
    study = make_draft(editor)
    with django_capture_on_commit_callbacks(execute=True):
        invitation, token = services.invite(actor=editor, study=study, email="R@Example.org")
    assert timedelta(hours=71) < invitation.expires_at - timezone.now() <= timedelta(hours=72)
    assert invitation.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert services.join_url(token) in mail.outbox[0].body
    assert mail.outbox[0].to == ["r@example.org"]


@pytest.mark.parametrize(
    "email", ["r@example.org\nBcc: x@example.org", "r", "r@", "r" * 250 + "@x.org"]
)
def test_what_is_no_address_gets_no_link(editor: User, email: str) -> None:
    study = make_draft(editor)
    with pytest.raises(BadProtocol, match="no e-mail address"):
        services.invite(actor=editor, study=study, email=email)
    assert not study.invitations.exists()


def test_a_title_of_several_lines_reaches_the_invited(
    editor: User, django_capture_on_commit_callbacks: Any
) -> None:
    study = make_draft(editor)
    services.update_study(actor=editor, study=study, title="Cells\r\nBcc: all@example.org")
    with django_capture_on_commit_callbacks(execute=True):
        services.invite(actor=editor, study=study, email="r@example.org")
    assert mail.outbox[0].subject == "Invitation to the study: Cells Bcc: all@example.org"


def test_a_link_works_once(editor: User) -> None:
    study = make_draft(editor)
    _, token = services.invite(actor=editor, study=study, email="r@example.org")
    seat = services.accept_invitation(token=token, password=PASSWORD, name="Rosa")
    assert (seat.code, seat.state, seat.user.name) == ("R01", "invited", "Rosa")
    assert seat.user.check_password(PASSWORD)
    with pytest.raises(InvitationGone, match="used already"):
        services.accept_invitation(token=token, password=PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_a_link_opened_in_many_windows_at_once_seats_one_person() -> None:
    study = make_draft(make_user("boss", is_staff=True))
    _, token = services.invite(actor=study.created_by, study=study, email="r@example.org")
    said: list[str] = []
    start = Barrier(6)

    def accept() -> None:
        start.wait()
        try:
            services.accept_invitation(token=token, password=PASSWORD)
            said.append("seated")
        except Exception as error:
            said.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [Thread(target=accept) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(said) == ["InvitationGone"] * 5 + ["seated"]


@pytest.mark.parametrize("how", ["expired", "revoked", "unknown", "replaced"])
def test_a_dead_link_says_why(editor: User, how: str) -> None:
    study = make_draft(editor)
    invitation, token = services.invite(actor=editor, study=study, email="r@example.org")
    if how == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif how == "revoked":
        services.revoke_invitation(actor=editor, invitation=invitation)
    elif how == "replaced":
        services.invite(actor=editor, study=study, email="r@example.org")
    else:
        token += "x"
    with pytest.raises(InvitationGone, match="Ask for a new one"):
        services.find_invitation(token)


def test_an_existing_account_must_sign_in(editor: User) -> None:
    study = make_draft(editor)
    known = make_user("known")
    _, token = services.invite(actor=editor, study=study, email=known.email)
    with pytest.raises(NotAllowed, match="Sign in"):
        services.accept_invitation(token=token, password="another-long-password")
    with pytest.raises(NotAllowed):
        services.accept_invitation(token=token, user=make_user("thief"))
    assert services.accept_invitation(token=token, user=known).user == known


def test_a_weak_password_leaves_the_link_usable(editor: User) -> None:
    study = make_draft(editor)
    _, token = services.invite(actor=editor, study=study, email="r@example.org")
    with pytest.raises(ValidationError):
        services.accept_invitation(token=token, password="short")
    assert services.find_invitation(token).accepted_at is None


def test_nobody_edits_and_reads_the_same_study(editor: User) -> None:
    study = make_draft(editor)
    with pytest.raises(SeatTaken, match="Nobody edits and reads"):
        services.invite(actor=editor, study=study, email=editor.email)
    reader = make_user("reader")
    services.add_member(actor=editor, study=study, user=reader)
    with pytest.raises(SeatTaken, match="Nobody edits and reads"):
        services.add_member(actor=editor, study=study, user=reader, role="editor")


def test_consent_records_the_version_once(editor: User) -> None:
    study = make_active(editor)
    seat = services.add_member(actor=editor, study=study, user=make_user("slow"))
    assert seat.sessions.count() == 0
    seat = services.consent(seat)
    again = services.consent(seat)
    assert (seat.consent_version, seat.state) == (1, "consented")
    assert again.consented_at == seat.consented_at
    assert Membership.objects.get(pk=seat.pk).sessions.count() == 2
