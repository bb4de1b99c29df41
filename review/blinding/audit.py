"""The blinding audit: what renditions still tell, and what the source files would have told."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from review.blinding.errors import BlindingError
from review.blinding.features import CONTAINER_FEATURES, CUES, RenditionFeatures
from review.blinding.outline import OUTLINE_CUES
from review.blinding.separation import Separation, separate
from review.blinding.sources import SourceFinding, compare_sources
from review.blinding.words import examples, word_auc

# Five cues at 99 % each, seven beside outlines: a set without any leak raises a warning one time
# in twenty, or in fifteen.
CUE_LEVEL = 0.99
BLOCK_ABOVE = 0.75
ALL_CUES = CUES | OUTLINE_CUES

Verdict = Literal["pass", "warn", "block"]


@dataclass(frozen=True)
class ContainerFinding:
    """One feature of the container: it must be the same in every rendition of the part."""

    feature: str
    meaning: str
    auc: float
    passed: bool
    real: tuple[str, ...]
    synthetic: tuple[str, ...]


@dataclass(frozen=True)
class CueFinding:
    """One cue in the pixels. auc > .5 means higher in synthetic images; interval at CUE_LEVEL."""

    cue: str
    meaning: str
    auc: float
    low: float
    high: float
    verdict: Verdict
    advice: str


@dataclass(frozen=True)
class LeakReport:
    """The audit of one part. `state` is passed, warnings, blocked (an editor may override with a
    written reason) or stopped (nobody may)."""

    n_real: int
    n_synthetic: int
    containers: tuple[ContainerFinding, ...]
    cues: tuple[CueFinding, ...]
    sources: tuple[SourceFinding, ...]
    level: float = CUE_LEVEL

    @property
    def hard_stops(self) -> tuple[str, ...]:
        """Name the container features that differ."""
        return tuple(finding.feature for finding in self.containers if not finding.passed)

    @property
    def blocked(self) -> tuple[str, ...]:
        """Name the cues that block."""
        return tuple(finding.cue for finding in self.cues if finding.verdict == "block")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Name the cues that warn."""
        return tuple(finding.cue for finding in self.cues if finding.verdict == "warn")

    @property
    def state(self) -> Literal["passed", "warnings", "blocked", "stopped"]:
        """Sum the findings up."""
        if self.hard_stops:
            return "stopped"
        if self.blocked:
            return "blocked"
        return "warnings" if self.warnings else "passed"

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict for pages, the API and a JSON column."""
        summary = {
            "state": self.state,
            "hard_stops": list(self.hard_stops),
            "blocked": list(self.blocked),
            "warnings": list(self.warnings),
        }
        return summary | asdict(self)


def audit_renditions(
    renditions: Sequence[RenditionFeatures],
    is_synthetic: Sequence[bool],
    *,
    strata: Sequence[Hashable] | None = None,
    profiles: Sequence[Mapping[str, Any]] = (),
) -> LeakReport:
    """Audit the renditions of one part.

    One entry per case in every sequence: `strata` are class codes (cues are compared within a
    class), `profiles` the intake profiles of the source images as stored. Raises BlindingError
    when there is nothing to compare.
    """
    sides = list(is_synthetic)
    if len(sides) != len(renditions) or all(sides) or not any(sides):
        raise BlindingError(
            f"the audit needs renditions of real and of synthetic images; it got "
            f"{len(renditions)}, of them {sum(sides)} synthetic"
        )
    return LeakReport(
        n_real=len(sides) - sum(sides),
        n_synthetic=sum(sides),
        containers=tuple(_container(f, renditions, sides) for f in CONTAINER_FEATURES),
        cues=tuple(
            _cue(cue, renditions, sides, strata) for cue in ALL_CUES if cue in renditions[0].cues
        ),
        sources=compare_sources(profiles, sides) if profiles else (),
    )


def _container(
    feature: str, renditions: Sequence[RenditionFeatures], sides: list[bool]
) -> ContainerFinding:
    values = [rendition.container[feature] for rendition in renditions]
    return ContainerFinding(
        feature=feature,
        meaning=CONTAINER_FEATURES[feature],
        auc=word_auc(values, sides),
        passed=len(set(values)) == 1,
        real=examples(values, sides, wanted=False),
        synthetic=examples(values, sides, wanted=True),
    )


def _cue(
    cue: str,
    renditions: Sequence[RenditionFeatures],
    sides: list[bool],
    strata: Sequence[Hashable] | None,
) -> CueFinding:
    values = [rendition.cues[cue] for rendition in renditions]
    found = separate(values, sides, strata, CUE_LEVEL)
    verdict = _verdict(found)
    side = "higher" if found.auc > 0.5 else "lower"
    advice = ""
    if verdict != "pass":
        advice = (
            f"{ALL_CUES[cue]}: {side} in synthetic images (AUC {found.auc:.2f}, "
            f"{found.low:.2f} to {found.high:.2f})"
        )
    return CueFinding(cue, ALL_CUES[cue], found.auc, found.low, found.high, verdict, advice)


def _verdict(found: Separation) -> Verdict:
    if found.strength_low > BLOCK_ABOVE:
        return "block"
    return "warn" if found.excludes_chance else "pass"
