"""The values that a study knows, of each name that an API client may filter by."""

from collections.abc import Callable, Iterable
from typing import Any

from review.catalog.models import Pool
from review.readings.models import Reading
from review.studies.models import Case, Membership, Part, Study

MISSING = "missing"


def study_values(study: Study, name: str) -> set[Any]:
    """Return the values of a filter that the study knows, whether or not a reading has them."""
    given = OF_STUDY.get(name)
    return set(given(study)) if given else set()


def _classes(study: Study) -> Iterable[str]:
    return study.domain.classes.values_list("code", flat=True)


def _readers(study: Study) -> Iterable[str]:
    readers = study.memberships.filter(role=Membership.Role.READER)
    return readers.values_list("code", flat=True)


OF_STUDY: dict[str, Callable[[Study], Iterable[Any]]] = {
    "reader": _readers,
    "part": lambda study: study.parts.values_list("order", flat=True),
    "part_kind": lambda study: Part.Kind.values,
    "case": lambda study: Case.objects.filter(part__study=study).values_list("code", flat=True),
    "arm": lambda study: study.arms.values_list("code", flat=True),
    "source": lambda study: Pool.Source.values,
    "class": _classes,
    "truth_class": _classes,
    "role": lambda study: Case.Role.values,
    "outcome": lambda study: [*Reading.Outcome.values, MISSING],
    "source_of_reading": lambda study: Reading.Source.values,
}
