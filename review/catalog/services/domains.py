"""Load domain files into the database, version by version."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.db import transaction
from django.db.models import ProtectedError

from review.audit.services import log_event
from review.catalog.domain_files import SHIPPED, DomainFile, read_domain_file
from review.catalog.errors import DomainFileInvalid
from review.catalog.models import Criterion, CriterionSet, Domain, ImageClass

Draft = CriterionSet.Status


@dataclass(frozen=True)
class DomainChange:
    """What loading one file did; `criteria_version` is the domain's newest criterion set."""

    code: str
    outcome: Literal["new", "changed", "unchanged"]
    criteria_version: int


def load_domains(paths: Iterable[Path] | None = None) -> list[DomainChange]:
    """Load the given files, or all that come with the product. Validates all before the first."""
    chosen = sorted(SHIPPED.glob("*.toml")) if paths is None else list(paths)
    files = [read_domain_file(path) for path in chosen]
    return [load_domain(file=file) for file in files]


@transaction.atomic
def load_domain(*, file: DomainFile) -> DomainChange:
    """Bring one domain up to its file. The same content twice changes nothing.

    Changed criteria make a new criterion set; older sets stay, studies may use them.
    """
    domain = Domain.objects.select_for_update().filter(code=file.code).first()
    if domain and domain.content_sha256 == file.sha256:
        return DomainChange(file.code, "unchanged", _newest_version(domain))
    header = file.content["domain"]
    before = domain.content_sha256 if domain else None
    domain, _ = Domain.objects.update_or_create(
        code=file.code,
        defaults={
            "name": header["name"],
            "version": header["version"],
            "status": header["status"],
            "content": file.content,
            "content_sha256": file.sha256,
        },
    )
    _save_classes(domain, file)
    _save_criteria(domain, file)
    log_event(actor=None, verb="domain.loaded", obj=domain, before=before, after=file.sha256)
    return DomainChange(file.code, "changed" if before else "new", _newest_version(domain))


def _newest_version(domain: Domain) -> int:
    newest = domain.criterion_sets.order_by("-version").first()
    return newest.version if newest else 0


def _save_classes(domain: Domain, file: DomainFile) -> None:
    entries = file.content["classes"]
    gone = domain.classes.exclude(code__in=[entry["code"] for entry in entries])
    try:
        gone.delete()
    except ProtectedError as error:
        codes = ", ".join(gone.values_list("code", flat=True))
        raise DomainFileInvalid(
            f"{file.name}: classes: {codes} left the file, and images or studies use them. "
            'Keep them with role = "excluded".'
        ) from error
    for order, entry in enumerate(entries):
        ImageClass.objects.update_or_create(
            domain=domain,
            code=entry["code"],
            defaults={
                "name": entry["name"],
                "order": order,
                "role": entry["role"],
                "group": entry.get("group", ""),
                "aliases": entry["aliases"],
                "note": entry["note"],
                "expectations": entry.get("expect", {}),
                "confusable": entry["confusable"],
                "subtypes": entry["subtypes"],
                "label_certainty": entry["label_certainty"],
                "status": entry["status"],
            },
        )


def _save_criteria(domain: Domain, file: DomainFile) -> None:
    of_file = domain.criterion_sets.filter(forked_from=None)
    newest = of_file.order_by("-version").first()
    if newest and newest.content_sha256 == file.criteria_sha256:
        return
    fresh = CriterionSet.objects.create(
        domain=domain,
        version=_newest_version(domain) + 1,
        status=Draft.DRAFT if domain.needs_expert else Draft.SIGNED,
        content_sha256=file.criteria_sha256,
    )
    Criterion.objects.bulk_create(
        Criterion(
            criterion_set=fresh,
            code=entry["code"],
            label=entry["label"],
            help=entry["help"],
            order=order,
            counts=entry["counts"],
            min_px=entry["min_px"],
            applies_to=entry["applies_to"],
            opens=entry.get("opens", ""),
        )
        for order, entry in enumerate(file.content["criteria"])
    )
