"""Turn the drawn images into cases: opaque codes in random order, facts of generation copied."""

import math

from review.catalog.models import ImageClass
from review.studies.controls import EXPECTED
from review.studies.models import Case, Part, Study
from review.studies.randomise.keys import keyed_rank
from review.studies.services.calibration import expected_answer
from review.studies.services.urn import FACTS, Picked


def make_cases(study: Study, picked: list[Picked], classes: dict[int, ImageClass]) -> list[Case]:
    """Return unsaved cases in the order of their codes, which says nothing about their origin.

    Codes go on behind those of the cases that a running study has, and the share of full forms is
    that of all cases of a part together.
    """
    secret = bytes(study.secret)
    shuffled = sorted(picked, key=lambda p: keyed_rank(secret, "code", p.part.order, p.image.uuid))
    last, width = _last_code(study)
    width = max(4, width, len(str(last + len(shuffled))))
    cases = [
        _case(p, f"C{number:0{width}d}", classes)
        for number, p in enumerate(shuffled, start=last + 1)
    ]
    for part in study.parts.all():
        counted = [case for case in cases if case.role != Case.Role.CALIBRATION]
        _choose_full_forms(part, [case for case in counted if case.part_id == part.pk], secret)
    return cases


def _last_code(study: Study) -> tuple[int, int]:
    """Return the highest number among the study's codes, and how many digits they have."""
    codes = Case.objects.filter(part__study=study).order_by().values_list("code", flat=True)
    digits = [code.removeprefix("C") for code in codes]
    numbers = [int(text) for text in digits if text.isdecimal()]
    return max(numbers, default=0), max(map(len, digits), default=0)


def _case(picked: Picked, code: str, classes: dict[int, ImageClass]) -> Case:
    facts = {name: getattr(picked.image, name) for name in FACTS}
    return Case(
        part=picked.part,
        image=picked.image,
        arm=picked.arm,
        code=code,
        intended_class=picked.intended_class,
        role=picked.role,
        expected=_expected(picked, classes),
        **facts,
    )


def _expected(picked: Picked, classes: dict[int, ImageClass]) -> dict[str, object] | None:
    if picked.role == Case.Role.CALIBRATION:
        return expected_answer(picked, classes[picked.image.image_class_id])
    return dict(EXPECTED) if picked.role == Case.Role.CONTROL else None


def _choose_full_forms(part: Part, cases: list[Case], secret: bytes) -> None:
    """Mark a random share whose every criterion must be answered (readers stop at a failure)."""
    there = part.cases.exclude(role=Case.Role.CALIBRATION)
    have, full = there.count(), there.filter(full_form=True).count()
    n = max(0, math.floor(part.full_form_fraction * (have + len(cases)) + 0.5) - full)
    for case in sorted(cases, key=lambda c: keyed_rank(secret, "full", part.order, c.code))[:n]:
        case.full_form = True
