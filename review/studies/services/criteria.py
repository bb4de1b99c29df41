"""A study's own version of the criteria: fork, edit, sign. Immutable once anybody else uses it."""

import hashlib
import json
from typing import Any

from django.db import transaction
from django.db.models import Max

from review.audit.services import log_event
from review.catalog.models import Criterion, CriterionSet
from review.studies.errors import BadProtocol, NotAllowed, StudyFrozen
from review.studies.models import Study
from review.studies.services.guards import lock_draft, log_study

FIELDS = ("code", "label", "help", "order", "counts", "min_px", "applies_to", "opens")
FORKED = "fork:"  # opens the hash of a version that was made in a study
EDITABLE = {"label", "help", "counts", "min_px"}


def is_own_version(study: Study) -> bool:
    """Say whether the study may edit its criteria: an unsigned fork that no other study uses."""
    others = Study.objects.filter(criterion_set=study.criterion_set_id).exclude(pk=study.pk)
    is_unsigned = study.criterion_set.status == CriterionSet.Status.DRAFT
    is_fork = study.criterion_set.content_sha256.startswith(FORKED)
    return study.state == Study.State.DRAFT and is_fork and is_unsigned and not others.exists()


@transaction.atomic
def fork_criteria(*, actor: Any, study: Study) -> CriterionSet:
    """Give a draft a version of its own, with the texts of the one it has."""
    locked = lock_draft(actor, study)
    source = locked.criterion_set
    last = CriterionSet.objects.filter(domain=locked.domain_id).aggregate(n=Max("version"))["n"]
    fresh = CriterionSet.objects.create(
        domain=source.domain, version=(last or 0) + 1, content_sha256=FORKED
    )
    rows = source.criteria.order_by("order").values(*FIELDS)
    Criterion.objects.bulk_create(Criterion(criterion_set=fresh, **row) for row in rows)
    _rehash(fresh)
    locked.criterion_set = fresh
    locked.save(update_fields=["criterion_set"])
    log_study(actor, locked, "criteria.forked", fresh, after={"from": source.version})
    return fresh


@transaction.atomic
def update_criterion(*, actor: Any, study: Study, criterion: Criterion, **fields: Any) -> Criterion:
    """Change label, help text, whether it counts, or the pixels it needs."""
    locked = lock_draft(actor, study)
    _ensure_own(locked, criterion)
    unknown = set(fields) - EDITABLE
    if unknown or not fields.get("label", criterion.label).strip():
        raise BadProtocol("A criterion needs a label; its code and classes are the domain's.")
    if fields.get("counts") is False:
        _ensure_one_counts(criterion)
    before = {name: getattr(criterion, name) for name in fields}
    for name, value in fields.items():
        setattr(criterion, name, value)
    criterion.save(update_fields=list(fields))
    _rehash(criterion.criterion_set)
    log_study(actor, locked, "criterion.updated", criterion, before=before, after=fields)
    return criterion


@transaction.atomic
def remove_criterion(*, actor: Any, study: Study, criterion: Criterion) -> None:
    """Take a criterion out of the study's own version; one that counts must stay."""
    locked = lock_draft(actor, study)
    _ensure_own(locked, criterion)
    _ensure_one_counts(criterion)
    log_study(actor, locked, "criterion.removed", criterion, before={"code": criterion.code})
    criterion_set = criterion.criterion_set
    criterion.delete()
    _rehash(criterion_set)


@transaction.atomic
def sign_criteria(*, actor: Any, study: Study, expert: str) -> CriterionSet:
    """Record that an expert confirmed the texts; a signed version never changes again."""
    locked = lock_draft(actor, study)
    if not actor.is_staff:
        raise NotAllowed("Criteria are signed by an admin, in the name of the expert.")
    if len(expert.strip()) < 3:
        raise BadProtocol("Name the expert who confirmed the criteria.")
    chosen = locked.criterion_set
    chosen.status = CriterionSet.Status.SIGNED
    chosen.save(update_fields=["status"])
    after = {"expert": expert.strip()[:120], "sha256": chosen.content_sha256}
    log_event(actor=actor, verb="criteria.signed", obj=chosen, after=after)
    log_study(actor, locked, "criteria.signed", chosen, after=after)
    return chosen


def _ensure_own(study: Study, criterion: Criterion) -> None:
    if criterion.criterion_set_id != study.criterion_set_id or not is_own_version(study):
        raise StudyFrozen(
            f"{study.criterion_set} is signed, used elsewhere or comes from the domain file. "
            "Make a version of your own first."
        )


def _ensure_one_counts(criterion: Criterion) -> None:
    left = criterion.criterion_set.criteria.exclude(pk=criterion.pk)
    if not left.filter(counts=True).exists():
        raise BadProtocol("At least one criterion must count, or every image is plausible.")


def _rehash(criterion_set: CriterionSet) -> None:
    """Hash the texts; the mark tells a fork from a version of the domain file."""
    rows = list(criterion_set.criteria.order_by("order").values(*FIELDS))
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    criterion_set.content_sha256 = (FORKED + digest)[:64]
    criterion_set.save(update_fields=["content_sha256"])
