"""Copy a study's design into a new draft: everything an editor chose, nothing that was drawn."""

from typing import Any

from django.db import transaction

from review.studies.defaults import PART_FIELDS, STUDY_FIELDS
from review.studies.models import Arm, Draw, Membership, Part, Study
from review.studies.policies import ensure_editor, ensure_may_create
from review.studies.services.build import MAX_TITLE, free_slug, one_title
from review.studies.services.guards import log_study
from review.studies.services.render import asked_display

# What a study does not hand on. A test takes every other column of Study, Arm, Part and Draw as
# copied, so that a new column is either copied or named here.
STUDY_OWN = {
    "id", "uuid", "slug", "title", "state", "secret", "consent_version", "protocol",
    "protocol_sha256", "checklist", "audit_report", "audit_override", "prepare_stage",
    "prepare_beat_at", "prepare_error", "deadline", "created_by", "created_at", "prepared_at",
    "activated_at", "paused_at", "closed_at", "unblinded_at", "archived_at",
}  # fmt: skip


@transaction.atomic
def copy_study(*, actor: Any, study: Study, title: str = "") -> Study:
    """Return a new draft with the same arms, parts, draws and texts, and a secret of its own."""
    ensure_may_create(actor)
    ensure_editor(actor, study)
    title = one_title(title if title.strip() else f"{study.title[: MAX_TITLE - 7]} (copy)")
    kept = {name: getattr(study, name) for name in STUDY_FIELDS - {"title", "deadline"}}
    twin = Study.objects.create(
        **kept,
        title=title,
        slug=free_slug(title),
        domain=study.domain,
        pilot_of=study.pilot_of,
        criterion_set=study.criterion_set,
        draw_seed=study.draw_seed,
        created_by=actor,
    )
    Membership.objects.create(
        study=twin, user=actor, role=Membership.Role.EDITOR, code="E01", state="consented"
    )
    arms = _copy_arms(study, twin)
    for part in study.parts.order_by("order"):
        _copy_part(part, twin, arms)
    log_study(actor, twin, "study.copied", after={"from": study.slug})
    return twin


def _copy_arms(study: Study, twin: Study) -> dict[int, Arm]:
    copied = {}
    for arm in study.arms.order_by("pk"):
        copied[arm.pk] = Arm.objects.create(
            study=twin,
            pool=arm.pool,
            code=arm.code,
            label=arm.label,
            centre_crop=arm.centre_crop,
        )
    return copied


def _copy_part(part: Part, twin: Study, arms: dict[int, Arm]) -> None:
    fields = {name: getattr(part, name) for name in PART_FIELDS}
    fields["display"] = asked_display(part)
    own = Part.objects.create(study=twin, order=part.order, kind=part.kind, **fields)
    Draw.objects.bulk_create(
        Draw(
            part=own,
            arm=arms[draw.arm_id],
            image_class=draw.image_class,
            count=draw.count,
            seed=draw.seed,
            matching=draw.matching,
        )
        for draw in part.draws.all()
    )
