"""Candidates as the cases that they become: the same from the audit to the commit."""

from review.studies.models import Addition, Candidate, Case, Rendition
from review.studies.services.cases import make_cases
from review.studies.services.urn import Picked


def kept_candidates(addition: Addition) -> list[Candidate]:
    """Return the candidates that were rendered, with what their cases are made of."""
    rows = addition.candidates.filter(refusal="").exclude(rendition={}).order_by("pk")
    return list(rows.select_related("part__study", "image", "arm__pool", "intended_class"))


def cases_to_be(addition: Addition, kept: list[Candidate]) -> list[Case]:
    """Return unsaved cases in the order of their codes, each with its unsaved rendition."""
    study = addition.study
    picked = [Picked(c.part, c.arm, c.image, c.intended_class, c.role) for c in kept]
    classes = {c.pk: c for c in study.domain.classes.all()}
    rendered = {(c.part_id, c.image_id): c.rendition for c in kept}
    cases = make_cases(study, picked, classes)
    for case in cases:
        case.rendition = Rendition(case=case, **rendered[case.part_id, case.image_id])
    return cases
