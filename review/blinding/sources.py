"""What the pools' own files would have told: evidence that the pipeline was needed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from review.blinding.errors import BlindingError
from review.blinding.separation import separate
from review.blinding.words import examples, word_auc

Profile = Mapping[str, Any]


@dataclass(frozen=True)
class SourceFinding:
    """What one fact of the source files would have told, had the files been shown."""

    feature: str
    auc: float
    real: tuple[str, ...]
    synthetic: tuple[str, ...]
    status: str
    advice: str


def compare_sources(profiles: Sequence[Profile], sides: list[bool]) -> tuple[SourceFinding, ...]:
    """Compare the intake profiles of real and synthetic images, one profile per rendition."""
    if len(profiles) != len(sides):
        raise BlindingError(f"{len(profiles)} profiles for {len(sides)} renditions: give one each")
    return tuple(_compare(feature, profiles, sides) for feature in READERS)


def _compare(feature: str, profiles: Sequence[Profile], sides: list[bool]) -> SourceFinding:
    values = [READERS[feature](profile) for profile in profiles]
    if feature in NUMBERS:
        tells = separate([float(value) for value in values], sides).strength
    else:
        tells = word_auc(values, sides)
    return SourceFinding(
        feature=feature,
        auc=tells,
        real=examples(values, sides, wanted=False),
        synthetic=examples(values, sides, wanted=True),
        status="the same in both" if tells == 0.5 else "neutralised by the pipeline",
        advice="" if tells == 0.5 else ADVICE.get(feature, ""),
    )


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _tables(profile: Profile) -> str:
    """Describe quantisation by the mean of each table: small is fine, large is coarse."""
    tables = profile.get("quantisation", ())
    return ", ".join(f"{sum(table) / len(table):.1f}" for table in tables) or "none"


NUMBERS = {"file length"}
READERS: dict[str, Callable[[Profile], str]] = {
    "container": lambda p: str(p.get("container", "unknown")),
    "size": lambda p: f"{p.get('width')} x {p.get('height')}",
    "file length": lambda p: str(p.get("bytes", 0)),
    "bit depth": lambda p: str(p.get("bit_depth", "unknown")),
    "mode": lambda p: str(p.get("mode", "unknown")),
    "chunks or markers": lambda p: " ".join(p.get("segments", ())) or "none",
    "JPEG tables": _tables,
    "interlaced or progressive": lambda p: _yes(p.get("progressive")),
    "colour profile": lambda p: _yes(p.get("has_gamma") or p.get("has_icc")),
    "Exif": lambda p: _yes(p.get("has_exif")),
    "text": lambda p: _yes(p.get("has_text")),
}
ADVICE = {
    "JPEG tables": (
        "the file's bytes are gone, JPEG traces in its pixels may not be: "
        "consider the common JPEG round trip and watch blockiness"
    ),
    "size": "resampling may leave traces: watch the spectrum slope",
    "bit depth": "the part shows the shallowest depth: watch unique levels",
}
