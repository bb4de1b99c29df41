"""The shape of every answer about sets of images: a number, its limits, and what it rests on."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

from metrics.stats.result import refuse_nan


@dataclass(frozen=True)
class Extractor:
    """Name the network that made features or probabilities, and the hash of its weights."""

    name: str
    weights_sha256: str = ""


@dataclass(frozen=True)
class Measure:
    """Hold a number with its limits, its method and the counts of images behind it.

    `counts` names each set with its number of images, for example {"real": 500, "generated": 500}.
    `extractor` made the features; two numbers compare only if theirs is the same.
    Raises InsufficientData when a number is NaN: a limit is stated or refused.
    """

    estimate: float
    low: float
    high: float
    method: str
    _: KW_ONLY
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    extractor: Extractor | None = None

    def __post_init__(self) -> None:
        refuse_nan(self, f"{in_words(self.counts)}. Add images that differ.")


def in_words(counts: Mapping[str, int]) -> str:
    """Write counts as words: '500 real, 480 generated'."""
    return ", ".join(f"{n} {name}" for name, n in counts.items())
