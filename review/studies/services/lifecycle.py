"""States of a prepared study: active <-> paused -> closed -> unblinded -> archived."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from review.studies.errors import NotReady
from review.studies.models import Study
from review.studies.policies import ensure_editor
from review.studies.protocol import build_protocol, canonical_sha256
from review.studies.selectors.checklist import activation_checklist
from review.studies.services.adding.asking import drop_additions
from review.studies.services.assign import assign_all
from review.studies.services.guards import lock_in_state, log_study

State = Study.State


@transaction.atomic
def activate_study(*, actor: Any, study: Study) -> Study:
    """Freeze the protocol and open the study. Raises NotAllowed, WrongState, NotReady."""
    ensure_editor(actor, study)
    locked = lock_in_state(study, State.PREPARED)
    problems = [item.text for item in activation_checklist(locked) if item.state == "bad"]
    if problems:
        raise NotReady(problems)
    assign_all(locked)
    locked.protocol = build_protocol(locked)
    locked.protocol_sha256 = canonical_sha256(locked.protocol)
    locked.state, locked.activated_at = State.ACTIVE, timezone.now()
    locked.save()
    log_study(actor, locked, "study.activated", after={"protocol": locked.protocol_sha256})
    return locked


@transaction.atomic
def pause_study(*, actor: Any, study: Study) -> Study:
    """Stop taking readings for now; nothing is lost."""
    ensure_editor(actor, study)
    locked = lock_in_state(study, State.ACTIVE)
    locked.state, locked.paused_at = State.PAUSED, timezone.now()
    locked.save(update_fields=["state", "paused_at"])
    log_study(actor, locked, "study.paused")
    return locked


@transaction.atomic
def resume_study(*, actor: Any, study: Study) -> Study:
    """Take readings again."""
    ensure_editor(actor, study)
    locked = lock_in_state(study, State.PAUSED)
    locked.state = State.ACTIVE
    locked.save(update_fields=["state"])
    log_study(actor, locked, "study.resumed")
    return locked


@transaction.atomic
def close_study(*, actor: Any, study: Study) -> Study:
    """Refuse every later reading, for good. The row lock makes submits wait, then fail.

    Cases that were to be added and are not yet are discarded.
    """
    ensure_editor(actor, study)
    locked = lock_in_state(study, State.ACTIVE, State.PAUSED)
    drop_additions(actor, locked)
    locked.state, locked.closed_at = State.CLOSED, timezone.now()
    locked.save(update_fields=["state", "closed_at"])
    log_study(actor, locked, "study.closed")
    return locked


@transaction.atomic
def mark_unblinded(*, actor: Any, study: Study) -> Study:
    """Set a closed study unblinded; called by results in the transaction of the snapshot."""
    locked = lock_in_state(study, State.CLOSED)
    locked.state, locked.unblinded_at = State.UNBLINDED, timezone.now()
    locked.save(update_fields=["state", "unblinded_at"])
    log_study(actor, locked, "study.unblinded")
    return locked


@transaction.atomic
def archive_study(*, actor: Any, study: Study) -> Study:
    """Put an unblinded study away; it stays readable."""
    ensure_editor(actor, study)
    locked = lock_in_state(study, State.UNBLINDED)
    locked.state, locked.archived_at = State.ARCHIVED, timezone.now()
    locked.save(update_fields=["state", "archived_at"])
    log_study(actor, locked, "study.archived")
    return locked
