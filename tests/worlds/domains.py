"""Domain rows from the shipped domain files."""

from review.catalog.domain_files import SHIPPED, read_domain_file
from review.catalog.models import Criterion, CriterionSet, Domain, ImageClass


def make_domain(code: str = "bone_marrow") -> Domain:
    """Return the domain with its classes and first criterion set, made once per database."""
    found = Domain.objects.filter(code=code).first()
    if found is not None:
        return found
    file = read_domain_file(SHIPPED / f"{code}.toml")
    header = file.content["domain"]
    domain = Domain.objects.create(
        code=code,
        name=header["name"],
        version=header["version"],
        status=header["status"],
        content=file.content,
        content_sha256=file.sha256,
    )
    _make_classes(domain)
    _make_criteria(domain, file.criteria_sha256)
    return domain


def _make_classes(domain: Domain) -> None:
    ImageClass.objects.bulk_create(
        [
            ImageClass(
                domain=domain,
                code=entry["code"],
                name=entry["name"],
                order=order,
                role=entry["role"],
                aliases=entry.get("aliases", []),
                note=entry.get("note", ""),
                expectations=entry.get("expect", {}),
                confusable=entry.get("confusable", []),
                label_certainty=entry["label_certainty"],
            )
            for order, entry in enumerate(domain.content["classes"], 1)
        ]
    )


def _make_criteria(domain: Domain, sha256: str) -> None:
    chosen = CriterionSet.objects.create(domain=domain, version=1, content_sha256=sha256)
    Criterion.objects.bulk_create(
        [
            Criterion(
                criterion_set=chosen,
                code=entry["code"],
                label=entry["label"],
                help=entry["help"],
                order=order,
                counts=entry["counts"],
                min_px=entry.get("min_px", 0),
                applies_to=entry.get("applies_to", []),
                opens=entry.get("opens", ""),
            )
            for order, entry in enumerate(domain.content["criteria"], 1)
        ]
    )
