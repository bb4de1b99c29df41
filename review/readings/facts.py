"""What the submit service knows about an assignment: never where its image comes from."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from review.catalog.models import Criterion, ImageClass
from review.readings.verdict import CriterionRule
from review.studies.models import Assignment


@dataclass(frozen=True)
class Facts:
    """Facts of one assignment that no reading changes. FIELDS is the allow-list of columns.

    What people may change meanwhile (state, seat, protocol) is read under the lock of the submit.
    """

    pk: int
    public_id: UUID
    rank: int
    opened_at: datetime | None
    session_pk: int
    session_index: int
    is_calibration: bool
    not_before: datetime | None
    membership_pk: int
    user_pk: int
    part_kind: str
    part_order: int
    revise_window: int
    study_pk: int
    study_title: str
    protocol_sha256: str
    criterion_set_pk: int
    domain_pk: int
    case_code: str
    full_form: bool
    class_code: str
    findings: list[str]
    defect_point: str
    gestalt: bool

    FIELDS: ClassVar[tuple[str, ...]] = (
        "pk",
        "public_id",
        "rank",
        "opened_at",
        "session_id",
        "session__index",
        "session__is_calibration",
        "session__not_before",
        "session__membership_id",
        "session__membership__user_id",
        "session__part__kind",
        "session__part__order",
        "session__part__revise_window",
        "session__part__study_id",
        "session__part__study__title",
        "session__part__study__protocol_sha256",
        "session__part__study__criterion_set_id",
        "session__part__study__domain_id",
        "case__code",
        "case__full_form",
        "case__intended_class__code",
        "session__part__findings",
        "session__part__defect_point",
        "session__part__gestalt",
    )

    @property
    def window(self) -> int:
        """How many answered cases may be revised: none whose feedback was seen."""
        return 0 if self.is_calibration else self.revise_window


def load_facts(assignment_pk: int) -> Facts:
    """Return the facts of an assignment. Raises Assignment.DoesNotExist."""
    return Facts(*Assignment.objects.values_list(*Facts.FIELDS).get(pk=assignment_pk))


def find_facts(membership_pk: int, public_id: UUID) -> Facts | None:
    """Return the facts of an assignment of this seat, or None."""
    own = Assignment.objects.filter(session__membership_id=membership_pk, public_id=public_id)
    row = next(iter(own.order_by().values_list(*Facts.FIELDS)), None)
    return Facts(*row) if row else None


def load_rules(criterion_set_pk: int) -> list[CriterionRule]:
    """Return the criteria of a set in their order."""
    rows = Criterion.objects.filter(criterion_set_id=criterion_set_pk).order_by("order")
    fields = ("code", "label", "counts", "applies_to", "opens")
    return [CriterionRule(*row) for row in rows.values_list(*fields)]


def class_exists(domain_pk: int, code: str) -> bool:
    return ImageClass.objects.filter(domain_id=domain_pk, code=code).exists()
