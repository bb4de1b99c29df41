"""What pooling reads: images with their provenance, and readers' answers about them.

A *control* is an image whose truth is known to some trust: a real image under its own class, or
under a wrong, non-confusable one. Controls measure readers and never enter a rate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from generation.feedback.errors import ReadsError

CONTROL_TRUST = 0.95


class Mark(StrEnum):
    """State of a criterion in an answer."""

    PASSES = "passes"
    FAILS = "fails"
    NOT_JUDGEABLE = "not_judgeable"


@dataclass(frozen=True, kw_only=True)
class ShownImage:
    """One image that readers were shown.

    age: model versions since it was drawn, 0 for the current one. incl_prob: probability of having
    been shown given that it was generated, in (0, 1]. control_truth: None unless it is a control;
    trust: probability that this truth is right.
    """

    key: str
    image_class: str
    prototype: int = 0
    age: int = 0
    incl_prob: float = 1.0
    is_copy: bool = False
    control_truth: bool | None = None
    trust: float = CONTROL_TRUST


@dataclass(frozen=True, kw_only=True)
class Read:
    """One reader's answer about one image; the highest revision counts.

    verdict is what a source other than the reading screen claims; the derived one is used.
    """

    image: str
    reader: str
    revision: int = 0
    criteria: Mapping[str, Mark] = field(default_factory=lambda: MappingProxyType({}))
    verdict: bool | None = None


def derive_verdict(criteria: Mapping[str, Mark], counting: Iterable[str]) -> bool | None:
    """Return False if a counting criterion fails, True if the judgeable ones pass, else None."""
    marks = {criteria[code] for code in counting if code in criteria}
    if Mark.FAILS in marks:
        return False
    return True if Mark.PASSES in marks else None


def current_reads(reads: Iterable[Read]) -> list[Read]:
    """Keep the highest revision per reader and image, in a stable order."""
    latest: dict[tuple[str, str], Read] = {}
    for read in reads:
        known = latest.get((read.image, read.reader))
        if known is None or read.revision > known.revision:
            latest[read.image, read.reader] = read
    return [latest[key] for key in sorted(latest)]


def check_images(images: Sequence[ShownImage], prototypes: Mapping[str, int]) -> None:
    """Raise ReadsError for an image that the study's classes and prototypes do not know."""
    if len({image.key for image in images}) != len(images):
        raise ReadsError("An image stands twice among the shown ones; keys are unique.")
    for image in images:
        if image.control_truth is None and not _is_known(image, prototypes):
            raise ReadsError(
                f"Image {image.key} has class {image.image_class!r} and prototype "
                f"{image.prototype}; the plan knows {dict(prototypes)} (class: prototypes)."
            )
        if not 0.0 < image.incl_prob <= 1.0:
            raise ReadsError(
                f"Image {image.key} has inclusion probability {image.incl_prob}; it lies in (0, 1]."
            )


def _is_known(image: ShownImage, prototypes: Mapping[str, int]) -> bool:
    return 0 <= image.prototype < prototypes.get(image.image_class, 0)
