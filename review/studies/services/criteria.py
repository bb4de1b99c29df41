"""A study's own version of the criteria: fork, edit, pilot, sign, freeze.

Immutable once another study uses it, a pilot included: what was piloted is what gets signed.
"""

import hashlib
import json
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from review.audit.services import log_event
from review.catalog.models import Criterion, CriterionSet, CriterionSignature, Domain
from review.studies.errors import BadProtocol, StudyFrozen, WrongState
from review.studies.models import Study
from review.studies.policies import may_edit
from review.studies.services.guards import lock_draft, log_study
from review.studies.services.pilot import ensure_no_open_pilot

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
    Domain.objects.select_for_update().get(pk=locked.domain_id)  # versions are counted one by one
    source = locked.criterion_set
    last = CriterionSet.objects.filter(domain=locked.domain_id).aggregate(n=Max("version"))["n"]
    fresh = CriterionSet.objects.create(
        domain=source.domain,
        version=(last or 0) + 1,
        content_sha256=FORKED,
        forked_from=source,
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


def may_sign(actor: Any, study: Study) -> bool:
    """Say whether the actor may sign and freeze the study's criteria.

    An admin may sign any version; an editor one that was made in a study, while every study that
    uses it is theirs. A signature under shared texts would speak for studies of other people.
    """
    if not may_edit(actor, study):
        return False
    chosen = study.criterion_set
    if actor.is_staff:
        return True
    mine = Study.objects.edited_by(actor).values("pk")
    others = Study.objects.filter(criterion_set=chosen).exclude(pilot_of=study)
    is_fork = chosen.content_sha256.startswith(FORKED)
    return is_fork and not others.exclude(pk__in=mine).exists()


@transaction.atomic
def sign_criteria(*, actor: Any, study: Study, name: str, credentials: str) -> CriterionSignature:
    """Store an expert's signature under the texts as they are; they never change again.

    `name` and `credentials` are what the expert typed; the account that was signed in stands
    beside them. Raises NotAllowed, StudyFrozen, WrongState and BadProtocol.
    """
    locked = lock_draft(actor, study)
    _ensure_may_sign(actor, locked)
    ensure_no_open_pilot(locked)
    name, credentials = " ".join(name.split())[:120], " ".join(credentials.split())[:200]
    if len(name) < 3 or len(credentials) < 2:
        raise BadProtocol("Type the expert's full name and credentials, e.g. MD, haematologist.")
    chosen = CriterionSet.objects.select_for_update().get(pk=locked.criterion_set_id)
    if chosen.status == CriterionSet.Status.FROZEN:
        raise WrongState(f"{chosen} is frozen: it takes no more signatures.")
    if chosen.signatures.filter(name=name).exists():
        raise BadProtocol(f"{name} has signed {chosen} already.")
    signature = CriterionSignature.objects.create(
        criterion_set=chosen,
        name=name,
        credentials=credentials,
        content_sha256=chosen.content_sha256,
        account=actor,
    )
    chosen.status = CriterionSet.Status.SIGNED
    chosen.save(update_fields=["status"])
    after = {"expert": name, "credentials": credentials, "sha256": chosen.content_sha256}
    log_event(actor=actor, verb="criteria.signed", obj=chosen, after=after)
    log_study(actor, locked, "criteria.signed", chosen, after=after)
    return signature


@transaction.atomic
def freeze_criteria(*, actor: Any, study: Study) -> CriterionSet:
    """Close a signed version: no further signature, no change. Raises WrongState unless signed."""
    locked = lock_draft(actor, study)
    _ensure_may_sign(actor, locked)
    ensure_no_open_pilot(locked)
    chosen = CriterionSet.objects.select_for_update().get(pk=locked.criterion_set_id)
    if chosen.status != CriterionSet.Status.SIGNED:
        raise WrongState(f"{chosen} is {chosen.get_status_display()}; only a signed one is frozen.")
    chosen.status, chosen.frozen_at = CriterionSet.Status.FROZEN, timezone.now()
    chosen.save(update_fields=["status", "frozen_at"])
    after = {"sha256": chosen.content_sha256, "signatures": chosen.signatures.count()}
    log_event(actor=actor, verb="criteria.frozen", obj=chosen, after=after)
    log_study(actor, locked, "criteria.frozen", chosen, after=after)
    return chosen


def _ensure_may_sign(actor: Any, study: Study) -> None:
    if not may_sign(actor, study):
        raise WrongState(
            f"{study.criterion_set} is shared with studies that you do not edit, so that an admin "
            "signs and freezes it. Make a version of your own to sign it yourself."
        )


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
