"""What the results of one reader share: an error beside the estimate, and the counts."""

from dataclasses import dataclass
from typing import TypedDict

from metrics.stats.result import THIS_READER, Estimate


@dataclass(frozen=True, kw_only=True)
class Measured(Estimate):
    """Hold an estimate together with its standard error."""

    se: float


class CountFields(TypedDict):
    """Name the count fields that every estimate of one reader carries."""

    n_images: int
    n_readers: int
    n_readings: int
    n_missing: int
    estimand: str


def reader_counts(n_positive: int, n_negative: int, missing: int) -> CountFields:
    """Give the counts of one reader's analysis; `missing` images have no reading."""
    n = n_positive + n_negative
    return CountFields(
        n_images=n + missing,
        n_readers=1,
        n_readings=n,
        n_missing=missing,
        estimand=THIS_READER,
    )
