"""Guards that every change of a study passes first."""

from typing import Any

from review.audit.services import log_event, study_chain
from review.studies.errors import StudyFrozen, WrongState
from review.studies.models import Study
from review.studies.policies import ensure_editor


def lock_study(study: Study) -> Study:
    """Return the study's row, locked until the end of the transaction."""
    return Study.objects.select_for_update().get(pk=study.pk)


def lock_draft(actor: Any, study: Study) -> Study:
    """Lock a study that the actor may change. Raises NotAllowed, StudyFrozen."""
    ensure_editor(actor, study)
    locked = lock_study(study)
    if locked.state != Study.State.DRAFT:
        raise StudyFrozen(
            f"Study {locked.slug!r} is {locked.state}, its protocol is frozen. "
            "Take a prepared study back to draft; change an active one by amendment."
        )
    if locked.prepare_stage not in {Study.Stage.IDLE, Study.Stage.FAILED}:
        raise StudyFrozen(
            f"Study {locked.slug!r} is being prepared ({locked.prepare_stage}). "
            "Discard the preparation, then change it."
        )
    return locked


def lock_in_state(study: Study, *states: str) -> Study:
    """Lock a study that must be in one of `states`. Raises WrongState."""
    locked = lock_study(study)
    if locked.state not in states:
        allowed = " or ".join(states)
        raise WrongState(f"Study {locked.slug!r} is {locked.state}; this needs it to be {allowed}.")
    return locked


def log_study(actor: Any, study: Study, verb: str, obj: Any = None, **change: Any) -> None:
    """Write an event on the study's chain; `change` may hold before and after."""
    log_event(
        actor=actor,
        verb=verb,
        obj=obj if obj is not None else study,
        chain=study_chain(study.pk),
        **change,
    )
