"""Start a loop and fill its rounds."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from generation.feedback.counts_file import read_config
from generation.feedback.errors import PlanInputError, WrongState
from generation.feedback.inputs import MAX_IMAGES, require_number
from generation.feedback.models import Loop, Round
from generation.feedback.policies import check_may_turn
from generation.runs.models import GenerationRun
from generation.training.models import Checkpoint
from review.audit.services import log_event
from review.catalog.models import Domain, ImageClass
from review.studies.models import Study


@transaction.atomic
def create_loop(
    *,
    actor: Any,
    domain: Domain,
    name: str,
    checkpoint: Checkpoint,
    targets: Mapping[str, int],
    budget: int,
    config: Mapping[str, Any] | None = None,
) -> Loop:
    """Start a loop: targets are accepted images wanted per class, budget is images per round.

    Raises NotAllowed, and PlanInputError for an unknown class or a value outside its limits.
    """
    check_may_turn(actor)
    if checkpoint.domain_id != domain.pk:
        raise PlanInputError(f"Generator {checkpoint} belongs to another domain than {domain}.")
    require_number(budget, "budget", 1, MAX_IMAGES)
    _check_targets(domain, checkpoint, targets)
    read_config(dict(config or {}))
    loop = Loop.objects.create(
        domain=domain,
        name=name,
        checkpoint=checkpoint,
        targets=dict(targets),
        budget=budget,
        config=dict(config or {}),
        created_by=actor,
    )
    log_event(actor=actor, verb="loop.created", obj=loop, after={"name": name, "budget": budget})
    return loop


def _check_targets(domain: Domain, checkpoint: Checkpoint, targets: Mapping[str, int]) -> None:
    excluded = set(
        domain.classes.exclude(role=ImageClass.Role.EVALUATED).values_list("code", flat=True)
    )
    for code, target in targets.items():
        require_number(target, f"target of {code}", 0, MAX_IMAGES)
        if target and code not in checkpoint.classes:
            raise PlanInputError(
                f"The generator was not trained on {code!r}; it draws "
                f"{', '.join(checkpoint.classes)}."
            )
        if target and code in excluded:
            raise PlanInputError(f"{code!r} is excluded from plausibility; its target is 0.")
    if not any(targets.values()):
        raise PlanInputError("No class has a target; ask for at least one image of one class.")


@transaction.atomic
def add_round(*, loop: Loop, run: GenerationRun | None = None, study: Study | None = None) -> Round:
    """Open the loop's next round with the run that draws it, or the study that judges it."""
    locked = Loop.objects.select_for_update().get(pk=loop.pk)
    last = locked.rounds.order_by("-number").first()
    number = last.number + 1 if last else 1
    round_ = Round.objects.create(loop=locked, number=number, run=run)
    return attach_study(round_=round_, study=study) if study else round_


@transaction.atomic
def attach_study(*, round_: Round, study: Study, actor: Any = None) -> Round:
    """Say which study judges a round. Raises WrongState unless it is a loop study of the domain."""
    if actor is not None:
        check_may_turn(actor)
    if study.purpose != Study.Purpose.LOOP or study.domain_id != round_.loop.domain_id:
        raise WrongState(
            f"Study {study.slug!r} cannot judge this loop: it takes a loop study of "
            f"{round_.loop.domain}."
        )
    if round_.study_id and round_.study_id != study.pk:
        raise WrongState(f"Round {round_.number} is judged by study {round_.study} already.")
    Round.objects.filter(pk=round_.pk).update(study=study)
    log_event(
        actor=actor, verb="loop.study_attached", obj=round_.loop,
        after={"round": round_.number, "study": study.slug},
    )  # fmt: skip
    round_.refresh_from_db()
    return round_
