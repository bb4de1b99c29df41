"""What a checklist is made of: its lines, and the rows that it looks at."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Literal

from django.urls import reverse

from review.studies.availability import count_arms
from review.studies.models import Arm, Draw, Part, Study

ItemState = Literal["ok", "warn", "bad", "todo"]


@dataclass(frozen=True)
class Item:
    """One line of the checklist. `bad` stops the next step, `todo` is that next step.

    `link` leads to where it is mended; shown unless the line is ok.
    """

    key: str
    state: ItemState
    text: str
    link: str


@dataclass(frozen=True)
class Design:
    """The rows that the checklist looks at, loaded once."""

    study: Study
    arms: list[Arm]
    parts: list[Part]
    draws: list[Draw]
    available: dict[tuple[str, str], int]
    by_part: dict[int, list[Draw]] = field(default_factory=dict)


def load_design(study: Study) -> Design:
    """Load a study's design in a constant number of queries."""
    draws = list(
        Draw.objects.filter(part__study=study).select_related("arm__pool", "image_class", "part")
    )
    by_part: dict[int, list[Draw]] = defaultdict(list)
    for draw in draws:
        by_part[draw.part_id].append(draw)
    return Design(
        study=study,
        arms=list(study.arms.select_related("pool")),
        parts=list(study.parts.order_by("order")),
        draws=draws,
        available=count_arms(study),
        by_part=by_part,
    )


def missing_images(design: Design) -> dict[tuple[str, str], tuple[int, int]]:
    """Return (asked, there) of every (arm, class) that all parts together ask for more of."""
    asked: Counter[tuple[str, str]] = Counter()
    for draw in design.draws:
        asked[draw.arm.code, draw.image_class.code] += draw.count
    there = {cell: design.available.get(cell, 0) for cell in asked}
    return {cell: (n, there[cell]) for cell, n in sorted(asked.items()) if n > there[cell]}


def here(study: Study, anchor: str) -> str:
    """Return a link to a place of the study's page."""
    return reverse("studies:detail", args=[study.slug]) + f"#{anchor}"


def design_at(study: Study, anchor: str) -> str:
    """Return a link to a place of the design; while that is shut, to the way back to it."""
    if study.state != Study.State.DRAFT:
        return back_to_draft(study)
    is_open = study.prepare_stage in {Study.Stage.IDLE, Study.Stage.FAILED}
    return here(study, anchor if is_open else "prepare")


def back_to_draft(study: Study) -> str:
    """Return a link to the button that opens the design of a prepared study again."""
    return here(study, "back-to-draft")
