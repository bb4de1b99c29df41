"""The shape of every statistic's answer: a number, its interval, and what it rests on."""

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, ClassVar, Protocol

from metrics.errors import InsufficientData

THIS_READER = "this reader"
THESE_READERS = "these readers"
READERS_LIKE_THESE = "readers like these"


@dataclass(frozen=True)
class Estimate:
    """Hold an estimate with its interval, its method and the counts behind it.

    `n_missing` counts readings that were planned or possible and have no value.
    `estimand` says to whom the interval speaks: one reader, these readers, readers like these.
    Raises InsufficientData when any number is NaN: a limit must be stated or refused.
    """

    estimate: float
    low: float
    high: float
    method: str
    _: KW_ONLY
    n_images: int
    n_readers: int
    n_readings: int
    n_missing: int = 0
    estimand: str = THESE_READERS
    warnings: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Give what the estimate rests on: images, readers, readings and missing readings."""
        return counts_of(self)

    def __post_init__(self) -> None:
        refuse_nan(
            self,
            f"{self.n_images} images, {self.n_readers} readers and {self.n_readings} readings. "
            f"Collect readings that differ, or more of them.",
        )


@dataclass(frozen=True)
class Test(Estimate):
    """Hold an estimate with the statistic and two-sided p-value of its null hypothesis."""

    __test__: ClassVar[bool] = False  # pytest would otherwise collect it by its name

    _: KW_ONLY
    statistic: float
    p: float


class Counted(Protocol):
    """Name the counts that every result carries."""

    @property
    def n_images(self) -> int: ...
    @property
    def n_readers(self) -> int: ...
    @property
    def n_readings(self) -> int: ...
    @property
    def n_missing(self) -> int: ...


def counts_of(result: Counted) -> dict[str, int]:
    """Gather a result's counts under the names of their columns in a table."""
    return {
        "images": result.n_images,
        "readers": result.n_readers,
        "readings": result.n_readings,
        "missing": result.n_missing,
    }


class _Named(Protocol):
    """Name what every result can be called by; any dataclass with a method."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def method(self) -> str: ...


def refuse_nan(result: _Named, counts: str) -> None:
    """Raise InsufficientData, with the counts and a remedy in words, when a field is NaN."""
    for name, value in _floats(result):
        if math.isnan(value):
            raise InsufficientData(f"{result.method}: {name} is undefined with {counts}")


def _floats(result: _Named) -> Iterator[tuple[str, float]]:
    """Yield each field of a result that is a float."""
    for field in fields(result):
        value = getattr(result, field.name)
        if isinstance(value, float):
            yield field.name, value
