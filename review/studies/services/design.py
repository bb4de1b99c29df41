"""Make a whole draft at once: what the page `new study` and scripts send."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from review.catalog.models import Domain, Pool
from review.studies.models import Part, Study
from review.studies.services.build import Counts, add_arm, add_part, create_study, set_draws


@dataclass(frozen=True)
class PartDesign:
    """One part to make, with its counts {(arm code, class code): n} and protocol settings."""

    kind: str
    counts: Counts
    protocol: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyDesign:
    """A draft as one value."""

    title: str
    domain: Domain
    purpose: str
    arms: dict[str, Pool]
    parts: tuple[PartDesign, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None


@transaction.atomic
def design_study(*, actor: Any, design: StudyDesign) -> Study:
    """Create a study with arms, parts and draws, or nothing. Raises NotAllowed, BadProtocol."""
    study = create_study(
        actor=actor,
        title=design.title,
        domain=design.domain,
        purpose=design.purpose,
        **design.settings,
    )
    if design.seed is not None:
        Study.objects.filter(pk=study.pk).update(draw_seed=design.seed)
        study.draw_seed = design.seed
    for code, pool in design.arms.items():
        add_arm(actor=actor, study=study, pool=pool, code=code)
    for part in design.parts:
        row = add_part(actor=actor, study=study, kind=part.kind, **part.protocol)
        set_draws(actor=actor, part=row, counts=part.counts, seed=design.seed)
    return study


def fill_counts(
    kind: str,
    arms: dict[str, str],
    classes: Sequence[str],
    per_class: int,
    left: dict[tuple[str, str], int],
) -> Counts:
    """Spread `per_class` over the arms, as far as images are left; `left` is drawn down.

    arms: code -> source. Plausibility and the like take per_class from every arm; turing takes
    per_class real ones and as many synthetic ones, shared by the synthetic arms.
    """
    counts: Counts = {}
    for name in classes:
        cells = {code: left.get((code, name), 0) for code in arms}
        if kind == Part.Kind.TURING:
            taken = _one_to_one(arms, cells, per_class)
        else:
            taken = {code: min(per_class, n) for code, n in cells.items()}
        for code, n in taken.items():
            counts[code, name] = n
            left[code, name] = cells[code] - n
    return counts


def _one_to_one(arms: dict[str, str], cells: dict[str, int], wanted: int) -> dict[str, int]:
    """Take as many real as synthetic images of a class: `wanted` of each, if both have them."""
    sides: dict[str, list[str]] = {"real": [], "synthetic": []}
    for code, source in arms.items():
        sides[source].append(code)
    most = min(sum(cells[code] for code in codes) for codes in sides.values())
    taken = dict.fromkeys(arms, 0)
    for codes in sides.values():
        for _ in range(min(wanted, most)):
            free = [code for code in codes if taken[code] < cells[code]]
            taken[min(free, key=lambda code: (taken[code], codes.index(code)))] += 1
    return taken
