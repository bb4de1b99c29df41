"""Wrong-class controls: a real image under a class it plainly is not, so a reader must say no."""

import math
from collections.abc import Sequence

from review.catalog.models import ImageClass
from review.studies.models import Part

EXPECTED = {"verdict": False}


def wanted_controls(kind: str, fraction: float, n_main: int) -> int:
    """Return c with c = fraction * (n_main + c), rounded half up; plausibility parts only."""
    if kind != Part.Kind.PLAUSIBILITY or not n_main:
        return 0
    return math.floor(fraction * n_main / (1 - fraction) + 0.5)


def are_confusable(one: ImageClass, other: ImageClass) -> bool:
    """Say whether either class lists the other; the domain file means it both ways."""
    return one.code in other.confusable or other.code in one.confusable


def choose_wrong_class(
    own: ImageClass, findings: list[str], shown: Sequence[ImageClass], used: dict[str, int]
) -> ImageClass | None:
    """Return the least used class that the image is not and is not confused with, or None."""
    wrong = [
        other
        for other in shown
        if other.pk != own.pk and other.code not in findings and not are_confusable(own, other)
    ]
    return min(wrong, key=lambda c: (used.get(c.code, 0), c.order), default=None)
