"""The words that readers see: taken from the domain once, frozen with the protocol."""

from typing import Any

from review.catalog.models import Criterion, Domain, ImageClass

HEADER = ("question", "preamble", "display")
CLASS_WORDS = ("code", "name", "note", "expectations")
CRITERION_WORDS = ("code", "label", "help", "counts", "min_px", "applies_to", "opens")


def domain_words(domain_pk: int) -> dict[str, Any]:
    """Return question, preamble, display rules and the classes of a domain, as plain JSON."""
    header = Domain.objects.values_list("content__domain", flat=True).get(pk=domain_pk)
    classes = ImageClass.objects.filter(domain_id=domain_pk).order_by("order")
    return {
        "header": {name: header[name] for name in HEADER if name in header},
        "classes": list(classes.values(*CLASS_WORDS)),
    }


def criterion_words(criterion_set_pk: int) -> list[dict[str, Any]]:
    """Return the criteria of a set with their texts, in order."""
    rows = Criterion.objects.filter(criterion_set_id=criterion_set_pk).order_by("order")
    return list(rows.values(*CRITERION_WORDS))
