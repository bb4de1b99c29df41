"""Build a study while it is a draft: arms, parts, draws."""

import secrets
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from review.catalog.models import CriterionSet, Domain, ImageClass, Pool
from review.studies.defaults import (
    ANALYSIS_PLAN,
    CONSENT_TEXT,
    PART_FIELDS,
    PART_ORDER,
    STUDY_FIELDS,
    part_defaults,
)
from review.studies.errors import BadProtocol
from review.studies.models import Arm, Draw, Membership, Part, Study
from review.studies.models.study import CALIBRATED_KINDS, GESTALT_KINDS
from review.studies.policies import ensure_may_create
from review.studies.services.display import check_display
from review.studies.services.findings import check_findings
from review.studies.services.guards import lock_draft, log_study
from review.studies.services.numbers import check_deadline, check_intro, check_numbers

RESERVED = {"new", "join", "counts"}  # first parts of this room's own addresses
MAX_SESSIONS, MAX_PRACTICE, MAX_TITLE = 10, 40, 160
Counts = dict[tuple[str, str], int]


@transaction.atomic
def create_study(
    *,
    actor: Any,
    title: str,
    domain: Domain,
    slug: str | None = None,
    purpose: str = Study.Purpose.LOOP,
    pilot_of: Study | None = None,
    **fields: Any,
) -> Study:
    """Start a draft; the actor gets the first editor's seat. Raises NotAllowed, BadProtocol.

    `pilot_of`: the study whose criteria the new one tries out; its purpose is then `pilot`.
    """
    ensure_may_create(actor)
    _refuse_unknown(fields, STUDY_FIELDS)
    check_numbers(fields)
    check_intro(fields.get("intro", ""))
    check_deadline(fields.get("deadline"))
    title = one_title(title)
    if purpose not in {Study.Purpose.CONFIRMATORY, Study.Purpose.LOOP}:
        raise BadProtocol(f"Purpose {purpose!r} is unknown; take confirmatory or loop.")
    given = {"consent_text": CONSENT_TEXT, "analysis_plan": dict(ANALYSIS_PLAN)} | fields
    study = Study.objects.create(
        title=title,
        slug=free_slug(slug or title),
        purpose=Study.Purpose.PILOT if pilot_of else purpose,
        pilot_of=pilot_of,
        domain=domain,
        criterion_set=pilot_of.criterion_set if pilot_of else _criteria_of(domain),
        draw_seed=secrets.randbits(32),
        created_by=actor,
        **given,
    )
    Membership.objects.create(
        study=study, user=actor, role=Membership.Role.EDITOR, code="E01", state="consented"
    )
    log_study(actor, study, "study.created", after={"title": title, "domain": domain.code})
    return study


@transaction.atomic
def update_study(*, actor: Any, study: Study, **fields: Any) -> Study:
    """Change a draft's title, texts or plan. A changed consent text gets a new version."""
    _refuse_unknown(fields, STUDY_FIELDS)
    check_numbers(fields)
    check_intro(fields.get("intro", ""))
    locked = lock_draft(actor, study)
    if "deadline" in fields and fields["deadline"] != locked.deadline:
        check_deadline(fields["deadline"])
    if "title" in fields:
        fields["title"] = one_title(fields["title"])
    before = {name: str(getattr(locked, name)) for name in fields}
    if fields.get("consent_text", locked.consent_text) != locked.consent_text:
        locked.consent_version += 1
    for name, value in fields.items():
        setattr(locked, name, value)
    locked.save()
    after = {name: str(value) for name, value in fields.items()}
    log_study(actor, locked, "study.updated", before=before, after=after)
    return locked


@transaction.atomic
def add_arm(
    *,
    actor: Any,
    study: Study,
    pool: Pool,
    code: str,
    label: str = "",
    centre_crop: float | None = None,
) -> Arm:
    """Add a complete pool of the study's domain. `centre_crop` None: the field of view is matched.

    A generator trained on the centre of its images draws a smaller field of view; real images are
    then cropped the same way, or the frame alone would tell.
    """
    locked = lock_draft(actor, study)
    code = slugify(code)
    _check_arm(locked, pool, code)
    arm = Arm.objects.create(
        study=locked, pool=pool, code=code, label=label or pool.name[:80], centre_crop=1
    )
    if centre_crop is None:
        _match_field_of_view(locked)
    else:
        Arm.objects.filter(pk=arm.pk).update(centre_crop=centre_crop)
    log_study(actor, locked, "arm.added", arm, after={"code": code, "pool": str(pool.uuid)})
    arm.refresh_from_db()
    return arm


@transaction.atomic
def remove_arm(*, actor: Any, arm: Arm) -> None:
    """Take an arm and its draws out of a draft."""
    locked = lock_draft(actor, arm.study)
    log_study(actor, locked, "arm.removed", arm, before={"code": arm.code})
    arm.delete()


@transaction.atomic
def add_part(*, actor: Any, study: Study, kind: str, **protocol: Any) -> Part:
    """Add a part; parts keep the default order of kinds unless `order` says otherwise."""
    locked = lock_draft(actor, study)
    if kind not in Part.Kind.values:
        raise BadProtocol(f"Part kind {kind!r} is unknown; take one of {', '.join(PART_ORDER)}.")
    order = protocol.pop("order", None)
    _refuse_unknown(protocol, PART_FIELDS)
    values = part_defaults(kind) | protocol
    _check_part(kind, values)
    check_display(locked.domain, values.get("display", {}))
    check_findings(locked, kind, values.get("findings", []))
    last = locked.parts.aggregate(last=Max("order"))["last"] or 0
    part = Part.objects.create(study=locked, kind=kind, order=last + 1, **values)
    if order is None:
        _sort_parts(locked)
    elif order != part.order:
        _move_part(locked, part, order)
    log_study(actor, locked, "part.added", part, after={"kind": kind})
    part.refresh_from_db()
    return part


@transaction.atomic
def update_part(*, actor: Any, part: Part, **protocol: Any) -> Part:
    """Change the protocol of a part of a draft."""
    _refuse_unknown(protocol, PART_FIELDS)
    locked = lock_draft(actor, part.study)
    current = {name: getattr(part, name) for name in PART_FIELDS}
    _check_part(part.kind, current | protocol)
    check_display(locked.domain, protocol.get("display", {}))
    check_findings(locked, part.kind, protocol.get("findings", part.findings))
    before = {name: getattr(part, name) for name in protocol}
    for name, value in protocol.items():
        setattr(part, name, value)
    part.save()
    log_study(actor, locked, "part.updated", part, before=before, after=protocol)
    return part


@transaction.atomic
def remove_part(*, actor: Any, part: Part) -> None:
    """Take a part and its draws out of a draft."""
    locked = lock_draft(actor, part.study)
    log_study(actor, locked, "part.removed", part, before={"kind": part.kind})
    part.delete()


@transaction.atomic
def set_draws(
    *,
    actor: Any,
    part: Part,
    counts: Counts,
    seed: int | None = None,
    matching: tuple[str, ...] = (),
) -> list[Draw]:
    """Replace the draws of a part: counts are {(arm code, class code): n}; zeros are left out.

    `matching` names covariates whose levels the arms of a class share in equal numbers, as far as
    there are images; "cluster" takes at most one image of a patient or lesion.
    """
    locked = lock_draft(actor, part.study)
    seed = locked.draw_seed if seed is None else seed
    if not 0 <= seed < 1 << 63:
        raise BadProtocol(f"Seed {seed} is outside 0..2^63-1. Take a smaller whole number.")
    arms = {arm.code: arm for arm in locked.arms.all()}
    classes = {c.code: c for c in locked.domain.classes.all()}
    rows = []
    for (arm_code, class_code), count in counts.items():
        _check_cell(arms, classes, (arm_code, class_code), count)
        if count:
            cell = {"arm": arms[arm_code], "image_class": classes[class_code]}
            rows.append(Draw(part=part, count=count, seed=seed, matching=list(matching), **cell))
    part.draws.all().delete()
    draws = Draw.objects.bulk_create(rows)
    after = {f"{arm}/{name}": n for (arm, name), n in counts.items() if n}
    log_study(
        actor,
        locked,
        "draws.set",
        part,
        after={"seed": seed, "counts": after, "matching": list(matching)},
    )
    return draws


def _check_cell(
    arms: dict[str, Arm], classes: dict[str, ImageClass], cell: tuple[str, str], count: int
) -> None:
    arm_code, class_code = cell
    if arm_code not in arms:
        raise BadProtocol(f"Arm {arm_code!r} is not in this study; it has {', '.join(arms)}.")
    if class_code not in classes:
        raise BadProtocol(f"Class {class_code!r} is not in the study's domain.")
    if count < 0:
        raise BadProtocol(f"{count} images of {class_code} from {arm_code}: take 0 or more.")
    if count and classes[class_code].role == ImageClass.Role.EXCLUDED:
        raise BadProtocol(
            f"Class {class_code} is excluded from evaluation by its domain. Set its count to 0."
        )


def _check_arm(study: Study, pool: Pool, code: str) -> None:
    if not code:
        raise BadProtocol("An arm needs a code of letters and digits, such as real or early.")
    if pool.domain_id != study.domain_id:
        raise BadProtocol(f"Pool {pool.name!r} belongs to another domain than the study.")
    if pool.state != Pool.State.COMPLETE:
        raise BadProtocol(f"Pool {pool.name!r} is still being built. Wait until it is complete.")
    if study.arms.filter(code=code).exists():
        raise BadProtocol(f"The study has an arm {code!r} already. Take another code.")
    if study.arms.filter(pool=pool).exists():
        raise BadProtocol(f"Pool {pool.name!r} is an arm of the study already.")


def _check_part(kind: str, values: dict[str, Any]) -> None:
    check_numbers(values)
    if kind == Part.Kind.TURING and values.get("show_intended_class"):
        raise BadProtocol(
            "A turing part that shows the asked class tells the source by its class mix. "
            "Leave it hidden."
        )
    _check_sittings(kind, values)
    if kind == Part.Kind.TURING and values.get("gallery"):
        raise BadProtocol(
            "A gallery of real images beside a turing part gives the answer away. Leave it off."
        )
    if values.get("defect_point", "off") not in Part.DefectPoint.values:
        raise BadProtocol(f"defect_point is {values['defect_point']!r}; off, optional or required.")
    if values.get("gestalt") and kind not in GESTALT_KINDS:
        raise BadProtocol(
            f"A part of kind {kind} has no criteria to ask an overall verdict after. Ask it in "
            f"{' or '.join(GESTALT_KINDS)} parts."
        )


def _check_sittings(kind: str, values: dict[str, Any]) -> None:
    sessions = values.get("session_count", 1)
    if not 1 <= sessions <= MAX_SESSIONS:
        raise BadProtocol(f"{sessions} sessions; take 1 to {MAX_SESSIONS}.")
    practice = values.get("calibration_count", 0)
    if not practice:
        return
    if kind == Part.Kind.TURING:
        raise BadProtocol(
            "Practice with feedback tells readers how to spot synthetic images, and what is "
            "measured then is the lesson. Set the practice cases of a turing part to 0."
        )
    if kind not in CALIBRATED_KINDS:
        raise BadProtocol(
            "No image has a right degree of acceptability to give feedback on. "
            f"Set the practice cases of this {kind} part to 0."
        )
    if not 2 <= practice <= MAX_PRACTICE:
        raise BadProtocol(
            f"{practice} practice cases; take 0, or 2 to {MAX_PRACTICE} so that both answers occur."
        )
    if kind != Part.Kind.IDENTIFY and not values.get("show_intended_class", True):
        raise BadProtocol(
            "A third of the practice cases stand under a wrong class, which readers must see. "
            "Show the asked class, or set the practice cases to 0."
        )


def _match_field_of_view(study: Study) -> None:
    """Crop real arms to the smallest field of view of the study's synthetic pools."""
    arms = list(study.arms.select_related("pool"))
    drawn = [arm.pool.origin.get("crop", 1) for arm in arms if arm.pool.source == "synthetic"]
    crop = min([1.0, *(float(value) for value in drawn)])
    study.arms.filter(pool__source=Pool.Source.REAL).update(centre_crop=crop)


def _sort_parts(study: Study) -> None:
    """Number the parts by the default order of kinds."""
    parts = sorted(study.parts.all(), key=lambda p: (PART_ORDER.index(Part.Kind(p.kind)), p.order))
    _number(study, parts)


def _move_part(study: Study, part: Part, order: int) -> None:
    parts = [p for p in study.parts.order_by("order") if p.pk != part.pk]
    parts.insert(max(0, order - 1), part)
    _number(study, parts)


def _number(study: Study, parts: list[Part]) -> None:
    """Write 1..n in two steps, because order is unique within a study."""
    for offset in (1000, 0):
        for at, part in enumerate(parts, start=1):
            Part.objects.filter(pk=part.pk).update(order=at + offset)


def _criteria_of(domain: Domain) -> CriterionSet:
    newest = domain.standing_criteria
    if newest is None:
        raise BadProtocol(
            f"Domain {domain.code!r} has no criteria. Run `manage.py load_domains` first."
        )
    return newest


def free_slug(text: str) -> str:
    base = slugify(text)[:70] or "study"
    slug, number = base, 1
    while slug in RESERVED or Study.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug


def one_title(text: str) -> str:
    """Return a title that is one line, as the subject of a mail is. Raises BadProtocol."""
    title = " ".join(text.split())
    if not title:
        raise BadProtocol("A study needs a title. Say in a few words what is compared.")
    if len(title) > MAX_TITLE:
        raise BadProtocol(f"The title has {len(title)} characters; {MAX_TITLE} at most.")
    return title


def _refuse_unknown(given: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise BadProtocol(
            f"Unknown settings: {', '.join(unknown)}. Known: {', '.join(sorted(known))}."
        )
