"""The outline of a lesion as a reader may see it: only where every case of the part has one."""

from typing import Any
from uuid import UUID

from review.readings.selectors import find_rendition
from review.studies.models import Assignment


def find_outline(user: Any, public_id: UUID) -> str | None:
    """Return the storage key of a case's outline while its reader may see the case, else None."""
    if find_rendition(user, public_id) is None:
        return None
    own = Assignment.objects.filter(public_id=public_id).order_by()
    return own.values_list("case__rendition__outline_key", flat=True).get() or None
