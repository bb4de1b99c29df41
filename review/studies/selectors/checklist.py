"""What is missing before a study can be prepared and activated, in words, and where to mend it."""

from collections import Counter, defaultdict
from dataclasses import asdict
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse

from review.catalog.models import ImageAsset, Pool
from review.studies.availability import gallery_classes, ready_readers
from review.studies.controls import wanted_controls
from review.studies.defaults import MIN_REAL_SHARE
from review.studies.models import (
    Assignment,
    Case,
    Draw,
    GalleryImage,
    Membership,
    Part,
    Rendition,
    Session,
    Study,
)
from review.studies.selectors.checks import (
    Design,
    Item,
    back_to_draft,
    design_at,
    here,
    load_design,
    missing_images,
)
from review.studies.selectors.practice import practice_items
from review.studies.selectors.sizes import size_items


def checklist(study: Study, design: Design | None = None) -> list[Item]:
    """Return the checklist that fits the study's state; empty once the study runs."""
    if study.state == Study.State.DRAFT:
        return [*draft_checklist(study, design), *_preparation(study)]
    if study.state == Study.State.PREPARED:
        return [*activation_checklist(study)]
    return []


def draft_checklist(study: Study, design: Design | None = None) -> list[Item]:
    """Return what the design lacks before it can be prepared."""
    design = design or load_design(study)
    items = [_arms(design), *_parts(design), *_images(design), *practice_items(design)]
    items.append(_criteria(study))
    return [*items, *_compression(design)]


def activation_checklist(study: Study) -> list[Item]:
    """Return what a prepared study lacks before it can be activated."""
    cases = Case.objects.filter(part__study=study)
    n_cases = cases.count()
    rendered = Rendition.objects.filter(case__part__study=study).count()
    shortage = rendered < n_cases or not n_cases
    return [
        Item(
            "renditions",
            "bad" if shortage else "ok",
            f"{rendered} of {n_cases} renditions are stored."
            + (" Discard the preparation and prepare again." if shortage else ""),
            back_to_draft(study),
        ),
        *_notes(study),
        *size_items(study),
        *_galleries(study),
        _audit(study),
        _readers(study),
        *_readings_per_case(study),
        *_administrators(study),
        _assignments(study),
        Item("protocol", "ok", "Activating freezes the protocol and its hash.", ""),
    ]


def to_json(items: list[Item]) -> list[dict[str, Any]]:
    return [asdict(item) for item in items]


def _arms(design: Design) -> Item:
    link = design_at(design.study, "arms")
    if not design.arms:
        return Item("arms", "bad", "No arm yet: choose the pools that are compared.", link)
    building = [a.pool.name for a in design.arms if a.pool.state != Pool.State.COMPLETE]
    if building:
        return Item("arms", "bad", f"Still being built: {', '.join(building)}. Wait for it.", link)
    names = ", ".join(arm.code for arm in design.arms)
    return Item("arms", "ok", f"{_count(len(design.arms), 'arm')}: {names}.", link)


def _parts(design: Design) -> list[Item]:
    link = design_at(design.study, "parts")
    if not design.parts:
        return [Item("parts", "bad", "No part yet: add a plausibility or turing part.", link)]
    return [_part(design.study, part, design.by_part.get(part.pk, [])) for part in design.parts]


def _part(study: Study, part: Part, draws: list[Draw]) -> Item:
    name = f"Part {part.order} ({part.get_kind_display().lower()})"
    key = f"part-{part.order}"
    link = design_at(study, key)
    sides: Counter[str] = Counter()
    for draw in draws:
        sides[draw.arm.pool.source] += draw.count
    total = sides.total()
    if not total:
        return Item(key, "bad", f"{name} draws no images: fill in its counts.", link)
    if part.kind == Part.Kind.TURING:
        return _two_sides(part, name, sides, link)
    if part.kind == Part.Kind.PLAUSIBILITY:
        return _real_share(part, name, sides, link)
    return Item(key, "ok", f"{name}: {total} images.", link)


def _two_sides(part: Part, name: str, sides: Counter[str], link: str) -> Item:
    """Say whether a part that asks for the source shows as many images of one as of the other."""
    key = f"part-{part.order}"
    real, synthetic = (sides[side] for side in (Pool.Source.REAL, Pool.Source.SYNTHETIC))
    if not real or not synthetic:
        return Item(key, "bad", f"{name} needs real and synthetic images; it has one kind.", link)
    if real != synthetic:
        text = (
            f"Part {part.order}: {real} real and {synthetic} synthetic images. Equal numbers tell "
            "most about the same readings; with unequal ones accuracy is judged as the mean of "
            "sensitivity and specificity."
        )
        return Item(key, "warn", text, link)
    return Item(key, "ok", f"{name}: {sides.total()} images.", link)


def _real_share(part: Part, name: str, sides: Counter[str], link: str) -> Item:
    controls = wanted_controls(part.kind, part.control_fraction, sides.total())
    total = sides.total() + controls
    real = sides["real"] + controls
    share = real / total
    key = f"part-{part.order}"
    if share < MIN_REAL_SHARE:
        needed = -(-(total - real) // 4) - real
        return Item(
            key,
            "bad",
            f"{name} has {share * 100:.0f} % real images, controls included; "
            f"without {MIN_REAL_SHARE * 100:.0f} % its rates have no ceiling. "
            f"Add {needed} real images.",
            link,
        )
    if real == total and not part.study.pilot_of_id:
        text = (
            f"Part {part.order} shows real images only: it tells how often readers find real ones "
            "plausible, and nothing of synthetic ones. Give counts to a synthetic arm to compare."
        )
        return Item(key, "warn", text, link)
    shown = (
        f"{name}: {total} images, {share * 100:.0f} % real, "
        f"{_count(controls, 'wrong-class control')}."
    )
    return Item(key, "ok", shown, link)


def _images(design: Design) -> list[Item]:
    """Name every arm x class that is asked for more than it has."""
    missing = missing_images(design)
    link = design_at(design.study, "parts")
    if missing:
        cells = "; ".join(f"{n - m} of {name} in {arm}" for (arm, name), (n, m) in missing.items())
        text = f"Images are missing: {cells}. Lower the counts or add images to the pools."
        return [Item("images", "bad", text, link)]
    if design.draws:
        total = sum(draw.count for draw in design.draws)
        return [Item("images", "ok", f"{total} images asked for, all are there.", link)]
    return []


def _criteria(study: Study) -> Item:
    link = reverse("studies:criteria", args=[study.slug])
    chosen = study.criterion_set
    if study.pilot_of_id:
        return Item("criteria", "ok", f"Criteria: {chosen}, which this study pilots.", link)
    if chosen.is_signed:
        return Item("criteria", "ok", f"Criteria: {chosen}, {chosen.get_status_display()}.", link)
    return Item("criteria", "warn", f"Criteria: {chosen}, to be confirmed by an expert.", link)


def _compression(design: Design) -> list[Item]:
    """Advise a common JPEG round trip when only some pools were JPEG once."""
    containers = _containers([arm.pool_id for arm in design.arms])
    jpeg = {pool for pool, found in containers.items() if "jpeg" in found}
    if not jpeg or len(jpeg) == len(containers):
        return []
    link = design_at(design.study, "parts")
    if all(part.display.get("jpeg_quality") for part in design.parts):
        return [Item("jpeg", "ok", "All renditions take one JPEG round trip.", link)]
    names = ", ".join(arm.code for arm in design.arms if arm.pool_id in jpeg)
    text = f"Only {names} was stored as JPEG; a common JPEG round trip hides its traces."
    return [Item("jpeg", "warn", text, link)]


def _containers(pools: list[int]) -> dict[int, set[str]]:
    """Return how the first and the last file of each pool were stored.

    Not every image: a pool has one origin, and a group by over a JSON column of 100,000 rows would
    hold the page up. The audit looks at each image that is shown.
    """
    mine = ImageAsset.objects.filter(pool=OuterRef("pk")).values("intake_profile__container")
    first, last = mine.order_by("pk")[:1], mine.order_by("-pk")[:1]
    found = Pool.objects.filter(pk__in=pools).annotate(first=Subquery(first), last=Subquery(last))
    rows = found.values_list("pk", "first", "last")
    return {pool: {str(one), str(other)} for pool, one, other in rows}


def _preparation(study: Study) -> list[Item]:
    stage, link = study.prepare_stage, here(study, "prepare")
    if stage == Study.Stage.FAILED:
        return [Item("prepare", "bad", f"The preparation failed: {study.prepare_error}", link)]
    if stage == Study.Stage.BLOCKED:
        return [Item("prepare", "bad", "The blinding audit blocks this study.", audit_url(study))]
    if stage == Study.Stage.IDLE:
        return [Item("prepare", "todo", "Prepare: draw, render and audit the images.", link)]
    return [Item("prepare", "todo", "Being prepared.", link)]


def audit_url(study: Study) -> str:
    return reverse("studies:audit", args=[study.slug])


def _notes(study: Study) -> list[Item]:
    link = back_to_draft(study)
    return [Item("note", "warn", note, link) for note in study.checklist.get("notes", [])]


def _galleries(study: Study) -> list[Item]:
    """Say how many references each part has, and of which of its classes there are none."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    rows = GalleryImage.objects.filter(part__study=study).order_by()
    for order, name, n in rows.values_list("part__order", "image_class__code").annotate(
        n=Count("pk")
    ):
        counts[order][name] = n
    parts = study.parts.filter(gallery=True).exclude(kind=Part.Kind.TURING).order_by("order")
    link = back_to_draft(study)
    items = [_gallery(part, counts[part.order], link) for part in parts]
    return [*items, *_galleries_before_turing(study, [part.order for part in parts])]


def _galleries_before_turing(study: Study, orders: list[int]) -> list[Item]:
    """Say that references shown as real teach what is then asked."""
    turing = study.parts.filter(kind=Part.Kind.TURING).order_by("-order").first()
    before = [str(order) for order in orders if turing is not None and order < turing.order]
    if turing is None or not before:
        return []
    parts = f"part{'s' if len(before) > 1 else ''} {', '.join(before)}"
    text = (
        f"References of {parts} are shown as real before part {turing.order} asks "
        "real or synthetic. Say so in the report, or turn the gallery off."
    )
    return [Item("gallery-turing", "warn", text, design_at(study, "parts"))]


def _gallery(part: Part, counts: dict[str, int], link: str) -> Item:
    codes = list(gallery_classes(part).values_list("code", flat=True))
    none = [code for code in codes if not counts.get(code)]
    key, name = f"gallery-{part.order}", f"Reference gallery of part {part.order}"
    if len(none) == len(codes):
        return Item(key, "warn", f"{name}: no real images are left, readers are told so.", link)
    spread = f"{min(counts.values())} to {max(counts.values())} real images a class"
    if none:
        return Item(key, "warn", f"{name}: {spread}; none are left of {', '.join(none)}.", link)
    return Item(key, "ok", f"{name}: {spread}.", link)


def _audit(study: Study) -> Item:
    report, link = study.audit_report, audit_url(study)
    state = report.get("state", "missing")
    if study.audit_override:
        text = f"Blinding audit overridden: {study.audit_override['reason']}"
        return Item("audit", "warn", text, link)
    if state == "passed":
        return Item("audit", "ok", "The blinding audit found nothing that tells the source.", link)
    if state in {"warnings", "not compared"}:
        found = ", ".join(report.get("warnings", [])) or "real and synthetic were not compared"
        return Item("audit", "warn", f"The blinding audit warns: {found}.", link)
    return Item("audit", "bad", f"Blinding audit: {state}.", link)


def _readers(study: Study) -> Item:
    seats = Membership.objects.filter(study=study, role="reader", withdrawn_at=None)
    total, ready = seats.count(), ready_readers(study).count()
    link = here(study, "people")
    if ready < study.min_readers:
        text = (
            f"{ready} of at least {study.min_readers} readers consented ({total} joined). "
            "Invite readers, or wait for their consent."
        )
        return Item("readers", "bad", text, link)
    return Item("readers", "ok", f"{ready} readers consented.", link)


def _readings_per_case(study: Study) -> list[Item]:
    """Name the parts that ask more readings of a case than there are readers; 0 asks all."""
    ready = ready_readers(study).count()
    asking = study.parts.filter(readings_per_case__gt=ready).order_by("order")
    return [
        Item(
            f"readings-{part.order}",
            "bad",
            f"Part {part.order} asks {_count(part.readings_per_case, 'reading')} a case; "
            f"{_count(ready, 'reader')} consented. Invite {part.readings_per_case - ready} more or "
            "ask fewer.",
            here(study, "people"),
        )
        for part in asking
    ]


def _administrators(study: Study) -> list[Item]:
    """Name the readers who run the site: pools close to them once they are seated, not before."""
    seats = ready_readers(study).filter(user__is_staff=True).values_list("code", flat=True)
    codes = ", ".join(seats)
    if not codes:
        return []
    text = (
        f"Administrators who read: {codes}. They could open the pools before they were seated. "
        "Seat other readers, or say so in the report."
    )
    return [Item("administrators", "warn", text, here(study, "people"))]


def _known_to_readers(study: Study) -> str:
    """Say whose lists lack images that they know from a study that is unblinded by now."""
    lost: dict[str, int] = defaultdict(int)
    rows = Session.objects.filter(part__study=study).values_list("membership__code", "order_note")
    for code, note in rows:
        lost[code] += int(note.get("left_out_as_known", 0))
    named = [f"{code} lacks {n}" for code, n in sorted(lost.items()) if n]
    if not named:
        return ""
    return (
        f"Readers know images from an unblinded study, which are not on their lists: "
        f"{', '.join(named)}. Discard the preparation and prepare again with these readers "
        "seated, so that other images are drawn."
    )


def _assignments(study: Study) -> Item:
    """Say whether the stored lists are balanced: most and fewest cases per reader."""
    counts = list(
        Assignment.objects.filter(session__part__study=study, session__is_calibration=False)
        .values_list("session__membership__code")
        .annotate(n=Count("pk"))
        .order_by()
        .values_list("n", flat=True)
    )
    people = here(study, "people")
    if not counts:
        return Item("lists", "todo", "Lists are written when readers have consented.", people)
    known = _known_to_readers(study)
    if known:
        return Item("lists", "warn", known, back_to_draft(study))
    spread = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else str(counts[0])
    text = f"{len(counts)} readers have their lists: {spread} cases each."
    return Item("lists", "ok", text, people)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s'[: number != 1]}"
