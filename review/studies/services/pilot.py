"""Pilot a criterion set: a small study of its own, every criterion answered by every expert."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from review.catalog.models import ImageClass, Pool
from review.studies.availability import count_pools
from review.studies.errors import BadProtocol, WrongState
from review.studies.models import Draw, Part, Study
from review.studies.services.build import Counts, add_arm, add_part, create_study, set_draws
from review.studies.services.guards import lock_draft, log_study
from review.studies.services.invite import invite
from review.studies.services.prepare import prepare_study
from review.studies.services.render import asked_display

PILOT_IMAGES = 40
FEWEST_EXPERTS, MOST_EXPERTS = 2, 3
OVER = (Study.State.CLOSED, Study.State.UNBLINDED, Study.State.ARCHIVED)
INTRO = (
    "This is a pilot of the criteria, not of the images. Please answer every criterion of every "
    "image, also after one has failed, and say “not judgeable” where you cannot tell. Write a note "
    "where the wording of a criterion made you hesitate."
)


@transaction.atomic
def start_pilot(*, actor: Any, study: Study, pools: Sequence[Pool], emails: Sequence[str]) -> Study:
    """Make, invite and begin to prepare a pilot of a draft's criteria; nothing if a step fails.

    Fully crossed, full form on all cases, no controls and no repeats. It never feeds a plan, and
    its images are not drawn again for the study. Raises NotAllowed, StudyFrozen, WrongState,
    BadProtocol, NotReady and SeatTaken.
    """
    locked = lock_draft(actor, study)
    ensure_no_open_pilot(locked)
    experts = _experts(emails)
    pilot = create_study(
        actor=actor,
        title=f"Pilot of {locked.criterion_set}: {locked.title}"[:160],
        domain=locked.domain,
        pilot_of=locked,
        intro=INTRO,
        min_readers=len(experts),
    )
    sources: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    by_code: dict[str, Pool] = {}
    for pool in pools:
        numbers[pool.source] += 1
        code = f"{pool.source}-{numbers[pool.source]}"
        add_arm(actor=actor, study=pilot, pool=pool, code=code)
        sources[code], by_code[code] = pool.source, pool
    left = _stock(locked, pilot, by_code)
    part = add_part(actor=actor, study=pilot, kind=Part.Kind.PLAUSIBILITY, **_protocol(locked))
    counts = spread(PILOT_IMAGES, sources, left)
    set_draws(actor=actor, part=part, counts=counts)
    for email in experts:
        invite(actor=actor, study=pilot, email=email, experience="expert of the pilot")
    after = {"pilot": pilot.slug, "criteria": str(locked.criterion_set), "experts": len(experts)}
    log_study(actor, locked, "criteria.pilot_started", locked.criterion_set, after=after)
    return prepare_study(actor=actor, study=pilot)


def ensure_no_open_pilot(study: Study) -> None:
    """Raise WrongState while a pilot of the study's criteria still runs."""
    running = study.pilots.filter(criterion_set=study.criterion_set_id).exclude(state__in=OVER)
    pilot = running.first()
    if pilot is not None:
        raise WrongState(
            f"{pilot.title} is {pilot.state}. Close it first: its experts answer to these criteria."
        )


def _experts(emails: Sequence[str]) -> list[str]:
    """Return the addresses, each once. Raises BadProtocol for too few, too many or a wrong one."""
    experts = list(dict.fromkeys(email.strip().lower() for email in emails if email.strip()))
    if not FEWEST_EXPERTS <= len(experts) <= MOST_EXPERTS:
        raise BadProtocol(
            f"A pilot needs {FEWEST_EXPERTS} to {MOST_EXPERTS} experts; {len(experts)} different "
            "e-mail addresses were given."
        )
    for email in experts:
        try:
            validate_email(email)
        except ValidationError as error:
            raise BadProtocol(f"{email[:60]!r} is no e-mail address.") from error
    return experts


def _protocol(study: Study) -> dict[str, Any]:
    """Return the pilot's protocol: full forms, and the size at which the study will show images."""
    first = study.parts.filter(kind__in=[Part.Kind.PLAUSIBILITY, Part.Kind.LESION]).first()
    display = asked_display(first) if first is not None else {}
    return {"full_form_fraction": 1, "control_fraction": 0, "display": display}


def _stock(study: Study, pilot: Study, pools: Mapping[str, Pool]) -> Counts:
    """Return how many images per (arm, class) may be drawn; classes as the study asks, if it does.

    Raises BadProtocol when one kind of source is absent or fewer than PILOT_IMAGES are there.
    """
    if {pool.source for pool in pools.values()} != {Pool.Source.REAL, Pool.Source.SYNTHETIC}:
        raise BadProtocol("Choose at least one pool of real and one of synthetic images.")
    evaluated = study.domain.classes.filter(role=ImageClass.Role.EVALUATED).order_by("order")
    codes = list(evaluated.values_list("code", flat=True))
    asked = set(Draw.objects.filter(part__study=study).values_list("image_class__code", flat=True))
    counted = count_pools(list(pools.values()), [], pilot)
    left = {
        (arm, code): counted.get((pool.pk, code), 0)
        for arm, pool in pools.items()
        for code in codes
        if not asked or code in asked
    }
    if sum(left.values()) < PILOT_IMAGES:
        raise BadProtocol(
            f"The chosen pools have {sum(left.values())} images that may be shown, a pilot takes "
            f"{PILOT_IMAGES}. Choose further pools."
        )
    return left


def spread(wanted: int, sources: Mapping[str, str], left: Mapping[tuple[str, str], int]) -> Counts:
    """Spread images over sources, their classes and their arms as evenly as the stock allows.

    Classes are balanced within each source, so that the class of an image hints at none.
    sources: arm -> source; left: (arm, class) -> images there. Ties go to the order of `left`.
    """
    taken: Counts = dict.fromkeys(left, 0)
    by_source: Counter[str] = Counter()
    by_arm: Counter[str] = Counter()
    by_class: Counter[tuple[str, str]] = Counter()
    for _ in range(wanted):
        free = [cell for cell, n in left.items() if taken[cell] < n]
        if not free:
            break
        arm, code = min(
            free,
            key=lambda cell: (
                by_source[sources[cell[0]]],
                by_class[sources[cell[0]], cell[1]],
                by_arm[cell[0]],
                taken[cell],
            ),
        )
        taken[arm, code] += 1
        by_source[sources[arm]] += 1
        by_arm[arm] += 1
        by_class[sources[arm], code] += 1
    return taken
