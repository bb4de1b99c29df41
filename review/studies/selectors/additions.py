"""What the page of an addition shows: what may be asked for, how far it is, what it changes."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q

from review.studies.availability import count_left, ready_readers
from review.studies.models import Addition, Case, Draw, Part, Session, Study
from review.studies.services.adding.asking import MOST_ADDED, open_addition, short_of_real

GONE_ON = "they read the added cases after it, and may be stricter by then"


@dataclass(frozen=True)
class Cell:
    """One count of the form: a cell of the design, with what is left for it."""

    arm: str
    field: str
    left: int
    typed: str


@dataclass(frozen=True)
class Row:
    """One class of a part; a cell that the design does not draw is None."""

    code: str
    name: str
    cells: list[Cell | None]


@dataclass(frozen=True)
class PartForm:
    """The cells of one part."""

    part: Part
    arms: list[str]
    rows: list[Row]


@dataclass(frozen=True)
class Found:
    """What was drawn for one cell, or the controls of a part."""

    part: int
    arm: str
    name: str
    role: str
    kept: int
    refused: int


@dataclass(frozen=True)
class WorkDone:
    """How far the job of an addition is."""

    done: int
    total: int

    @property
    def is_auditing(self) -> bool:
        return bool(self.total) and self.done == self.total


def field_of(order: int, arm: str, name: str) -> str:
    """Return the form field of a cell."""
    return f"count_{order}_{arm}_{name}"


def design_cells(study: Study) -> list[Draw]:
    """Return the cells that the design draws, in the order of the form."""
    drawn = Draw.objects.filter(part__study=study, count__gt=0)
    rows = drawn.select_related("part", "arm", "image_class")
    return list(rows.order_by("part__order", "image_class__order", "arm__pk"))


def addition_page(study: Study, typed: Mapping[str, str]) -> dict[str, Any]:
    """Return what the page shows: the form, or the addition under way; and those of before."""
    addition = open_addition(study)
    added = study.additions.filter(state=Addition.State.ADDED).select_related("amendment")
    page: dict[str, Any] = {
        "addition": addition,
        "added": added.annotate(
            n=Count("candidates", filter=Q(candidates__case__isnull=False))
        ).order_by("pk"),
        "most": MOST_ADDED,
    }
    if addition is None:
        return page | {"forms": part_forms(study, typed)}
    return page | {
        "work": work_done(addition),
        "found": found_rows(addition),
        "warnings": warnings_of(addition),
    }


def part_forms(study: Study, typed: Mapping[str, str]) -> list[PartForm]:
    """Return the cells of every part with what is left of each; a constant number of queries."""
    left = count_left(study)
    by_part: dict[int, list[Draw]] = defaultdict(list)
    for draw in design_cells(study):
        by_part[draw.part_id].append(draw)
    return [_part_form(draws, left, typed) for draws in by_part.values()]


def _part_form(
    draws: list[Draw], left: Mapping[tuple[str, str], int], typed: Mapping[str, str]
) -> PartForm:
    part = draws[0].part
    arms = [code for _, code in sorted({(draw.arm_id, draw.arm.code) for draw in draws})]
    rows: dict[str, Row] = {}
    for draw in draws:
        name = draw.image_class.code
        row = rows.setdefault(name, Row(name, draw.image_class.name, [None] * len(arms)))
        field = field_of(part.order, draw.arm.code, name)
        cell = Cell(draw.arm.code, field, left.get((draw.arm.code, name), 0), typed.get(field, ""))
        row.cells[arms.index(draw.arm.code)] = cell
    return PartForm(part, arms, list(rows.values()))


def work_done(addition: Addition) -> WorkDone:
    """Count candidates, and those that are rendered or refused; one query."""
    ended = ~Q(refusal="") | ~Q(rendition={})
    counts = addition.candidates.aggregate(total=Count("pk"), done=Count("pk", filter=ended))
    return WorkDone(counts["done"], counts["total"])


def found_rows(addition: Addition) -> list[Found]:
    """Return what was drawn by part, arm and class, controls apart; one query."""
    keys = ("part__order", "arm__code", "intended_class__name", "role")
    rows = addition.candidates.values_list(*keys).annotate(
        kept=Count("pk", filter=Q(refusal="")), refused=Count("pk", filter=~Q(refusal=""))
    )
    ordered = rows.order_by("part__order", "-role", "intended_class__order", "arm__pk")
    return [Found(*row) for row in ordered]


def warnings_of(addition: Addition) -> list[str]:
    """Say what adding these cases would do that an editor should know before."""
    study = addition.study
    main = addition.candidates.filter(refusal="", role=Case.Role.MAIN)
    counts = main.values_list("part", "arm__code", "intended_class__code", "arm__pool__source")
    kept: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    sources: dict[int, set[str]] = defaultdict(set)
    for part_pk, arm, name, source in counts:
        kept[part_pk][arm, name] += 1
        sources[part_pk].add(source)
    said = []
    for part in study.parts.filter(pk__in=list(kept)).select_related("study").order_by("order"):
        cells = {(part.order, arm, name): n for (arm, name), n in kept[part.pk].items()}
        said += [*_one_source(part, sources[part.pk]), short_of_real(part, cells)]
        said += _readers_beyond(part)
    if isinstance(study.analysis_plan.get("looks"), dict):
        said.append("The plan has interim looks: their shares count the added readings as well.")
    return [text for text in said if text]


def _one_source(part: Part, sources: set[str]) -> list[str]:
    if len(sources) != 1:
        return []
    [source] = sources
    other = "real" if source == "synthetic" else "synthetic"
    return [
        f"Part {part.order} gets {source} images only, controls apart. The added cases stand at "
        f"the end of each list: whoever learns that cases were added knows the source of the last "
        f"ones. Better discard this and add {other} images along with them."
    ]


def _readers_beyond(part: Part) -> list[str]:
    """Name readers who have read the part, or are in a later one: they get a sitting of its own."""
    ready = ready_readers(part.study).values("pk")
    mine = Session.objects.filter(membership__in=ready, part__study=part.study_id)
    open_here = mine.filter(part=part, finished_at=None, is_calibration=False)
    read = mine.filter(part=part, is_calibration=False).exclude(
        membership__in=open_here.values("membership")
    )
    later = mine.filter(part__order__gt=part.order, started_at__isnull=False)
    code = F("membership__code")
    done = sorted(set(read.order_by().values_list(code, flat=True)))
    begun = sorted(set(later.order_by().values_list(code, flat=True)))
    said = []
    if done:
        said.append(
            f"{', '.join(done)} finished part {part.order}: the added cases come to them as one "
            "more session, after the one they are in. Tell them."
        )
    if begun:
        said.append(f"{', '.join(begun)} began a later part than part {part.order}: {GONE_ON}.")
    return said
