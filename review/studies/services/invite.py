"""Seats and the links that lead to them: one use, 72 hours, only the hash is stored."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import MaxLengthValidator, validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from review.accounts.models import User
from review.studies.errors import BadProtocol, InvitationGone, NotAllowed, SeatTaken, WrongState
from review.studies.models import Invitation, Membership, Study
from review.studies.policies import ensure_editor
from review.studies.services.assign import assign_all, assign_reader
from review.studies.services.guards import lock_study, log_study

Role = Membership.Role
LONGEST_ADDRESS = 254
OPEN = (Study.State.DRAFT, Study.State.PREPARED, Study.State.ACTIVE, Study.State.PAUSED)


@transaction.atomic
def invite(
    *, actor: Any, study: Study, email: str, role: str = Role.READER, experience: str = ""
) -> tuple[Invitation, str]:
    """Make an invitation; return it with the token of its link, which is shown once.

    Raises NotAllowed, SeatTaken, BadProtocol for what is no address, and WrongState when the study
    takes no more readers.
    """
    ensure_editor(actor, study)
    locked = lock_study(study)
    email = _address(email)
    if role not in Role.values:
        raise NotAllowed(f"Role {role!r} is unknown; take one of {', '.join(Role.values)}.")
    if role == Role.READER and locked.state not in OPEN:
        raise WrongState(f"Study {locked.slug!r} is {locked.state}: it takes no more readers.")
    _refuse_second_seat(locked, email, role)
    token = secrets.token_urlsafe(32)
    earlier = locked.invitations.filter(email=email, accepted_at=None, revoked_at=None)
    earlier.update(revoked_at=timezone.now())
    invitation = Invitation.objects.create(
        study=locked,
        email=email,
        role=role,
        token_sha256=token_hash(token),
        invited_by=actor,
        experience=experience.strip(),
        expires_at=timezone.now() + timedelta(hours=settings.INVITATION_HOURS),
    )
    log_study(actor, locked, "invitation.made", invitation, after={"role": role})
    transaction.on_commit(lambda: _send(invitation, token))
    return invitation, token


def _address(text: str) -> str:
    """Return an e-mail address as it is stored. Raises BadProtocol for anything else."""
    email = User.objects.normalize_email(text.strip()).lower()
    try:
        validate_email(email)
        MaxLengthValidator(LONGEST_ADDRESS)(email)
    except ValidationError as error:
        raise BadProtocol(f"{email[:80]!r} is no e-mail address.") from error
    return email


def join_url(token: str) -> str:
    """Return the full address of an invitation's page."""
    return settings.SITE_URL.rstrip("/") + reverse("studies:join", args=[token])


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find_invitation(token: str) -> Invitation:
    """Return the usable invitation behind a link. Raises InvitationGone."""
    found = Invitation.objects.filter(token_sha256=token_hash(token)).select_related("study")
    invitation = found.first()
    if invitation is None:
        raise InvitationGone("This link belongs to no invitation. Ask for a new one.")
    _ensure_usable(invitation)
    return invitation


def _ensure_usable(invitation: Invitation) -> None:
    if invitation.accepted_at:
        raise InvitationGone("This invitation was used already. Sign in with your account.")
    if invitation.revoked_at:
        raise InvitationGone("This invitation was withdrawn. Ask for a new one.")
    if invitation.expires_at < timezone.now():
        hours = settings.INVITATION_HOURS
        raise InvitationGone(f"This invitation was good for {hours} hours. Ask for a new one.")


@transaction.atomic
def accept_invitation(
    *, token: str, password: str = "", name: str = "", user: Any = None
) -> Membership:
    """Use an invitation once: make the account, or seat the existing account of its address.

    Raises InvitationGone, SeatTaken, NotAllowed (signed in as somebody else, or the address has
    an account and nobody is signed in), and Django's ValidationError for a weak password.
    """
    found = find_invitation(token)
    used = Invitation.objects.filter(pk=found.pk, accepted_at=None, revoked_at=None)
    if not used.update(accepted_at=timezone.now()):
        raise InvitationGone("This invitation was used already. Sign in with your account.")
    person = _person(found, password, name, user)
    study = lock_study(found.study)
    _refuse_second_seat(study, person.email, found.role)
    membership = _seat(study, person, found.role, found.experience)
    log_study(person, study, "invitation.accepted", membership, after={"role": found.role})
    return membership


@transaction.atomic
def revoke_invitation(*, actor: Any, invitation: Invitation) -> None:
    """Make a link useless."""
    ensure_editor(actor, invitation.study)
    open_ones = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if open_ones.update(revoked_at=timezone.now()):
        log_study(actor, invitation.study, "invitation.revoked", invitation)


@transaction.atomic
def add_member(
    *, actor: Any, study: Study, user: User, role: str = Role.READER, experience: str = ""
) -> Membership:
    """Seat an existing account without a link, e.g. a simulated reader. A reader consents later."""
    ensure_editor(actor, study)
    locked = lock_study(study)
    _refuse_second_seat(locked, user.email, role)
    membership = _seat(locked, user, role, experience)
    log_study(actor, locked, "member.added", membership, after={"role": role})
    return membership


@transaction.atomic
def consent(membership: Membership) -> Membership:
    """Record a reader's consent to the current text; a running study gives them their lists."""
    study = lock_study(membership.study)
    seat = Membership.objects.select_for_update().get(pk=membership.pk)
    if seat.withdrawn_at is not None or seat.role != Role.READER:
        raise NotAllowed("Only readers with a seat in the study consent to it.")
    if seat.consent_version == study.consent_version:
        return seat
    seat.consent_version, seat.consented_at = study.consent_version, timezone.now()
    if seat.state == Membership.State.INVITED:
        seat.state = Membership.State.CONSENTED
    seat.save()
    after = {"version": study.consent_version}
    log_study(seat.user, study, "reader.consented", seat, after=after)
    if study.state == Study.State.PREPARED:
        assign_all(study)  # nobody has read: the blocks are made for all who consented
    elif study.state in {Study.State.ACTIVE, Study.State.PAUSED}:
        assign_reader(seat)
    return seat


def _person(invitation: Invitation, password: str, name: str, user: Any) -> User:
    known = User.objects.filter(email__iexact=invitation.email).first()
    if known is None:
        if user is not None and user.is_authenticated:
            raise NotAllowed("This invitation is for another address. Sign out, then open it.")
        validate_password(password, User(email=invitation.email, name=name))
        return User.objects.create_user(invitation.email, password, name=name.strip())
    if user is None or user.pk != known.pk:
        raise NotAllowed("This address has an account. Sign in with it, then open the link again.")
    return known


def _refuse_second_seat(study: Study, email: str, role: str) -> None:
    seat = Membership.objects.filter(study=study, user__email__iexact=email).first()
    if seat is None:
        return
    if {seat.role, role} == {Role.READER, Role.EDITOR}:
        raise SeatTaken(
            f"{email} is {seat.role} of this study. Nobody edits and reads the same study: "
            "invite somebody else."
        )
    raise SeatTaken(f"{email} has a seat in this study already, as {seat.role} {seat.code}.")


def _seat(study: Study, user: User, role: str, experience: str) -> Membership:
    letter = "R" if role == Role.READER else "E"
    number = Membership.objects.filter(study=study, code__startswith=letter).count() + 1
    state = Membership.State.INVITED if role == Role.READER else Membership.State.CONSENTED
    try:
        with transaction.atomic():
            return Membership.objects.create(
                study=study,
                user=user,
                role=role,
                code=f"{letter}{number:02d}",
                state=state,
                experience=experience,
            )
    except IntegrityError as error:
        raise SeatTaken(f"{user.email} has a seat in this study already.") from error


def _send(invitation: Invitation, token: str) -> None:
    study = invitation.study
    send_mail(
        subject=f"Invitation to the study: {study.title}",
        message=(
            f"You are invited as {invitation.role} to the study\n\n    {study.title}\n\n"
            f"Open this link within {settings.INVITATION_HOURS} hours; it works once:\n\n"
            f"    {join_url(token)}\n"
        ),
        from_email=None,
        recipient_list=[invitation.email],
        fail_silently=True,
    )
