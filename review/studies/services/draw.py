"""Choose the images of every part by the recorded seeds, and the wrong-class controls.

Rank = HMAC(seed, part | arm | class | image) within arm x class, so adding or removing an image
moves no other. Parts share no image: each takes the best ranks that the parts before it left.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby

from review.catalog.models import ImageAsset, ImageClass
from review.studies.controls import choose_wrong_class, wanted_controls
from review.studies.matching import CLUSTER, Level, level_of, matched_quotas
from review.studies.models import Case, Draw, Part, Study
from review.studies.randomise.keys import seed_bytes
from review.studies.services.calibration import take_calibration
from review.studies.services.urn import DrawResult, Picked, Urn

Quotas = Mapping[int, Mapping[Level, int]]  # arm -> level -> how many


def draw_images(study: Study) -> DrawResult:
    """Choose the images of all parts; nothing is written."""
    urn = Urn(study)
    result = DrawResult()
    draws = Draw.objects.filter(part__study=study).select_related("part", "arm", "image_class")
    ordered = draws.order_by("part__order", "image_class__order", "arm__pk")
    for _, group in groupby(ordered, key=lambda draw: (draw.part_id, draw.image_class_id)):
        take_class(urn, list(group), result)
    classes = {c.pk: c for c in study.domain.classes.all()}
    for part in study.parts.order_by("order"):
        _take_controls(urn, part, classes, result)
    for part in study.parts.order_by("order"):
        take_calibration(urn, part, classes, result)
    if urn.known:
        result.notes.append(f"{urn.known} images that a reader knows unblinded were left out.")
    return result


def take_class(
    urn: Urn, draws: list[Draw], result: DrawResult, quotas: Quotas | None = None
) -> None:
    """Take the images of one class of a part from its arms, matched if that is asked.

    `quotas`: how many of which level an arm gives; None lets the arms share their levels.
    """
    if quotas is None:
        quotas = matched_quotas(
            {draw.arm_id: draw.count for draw in draws},
            {draw.arm_id: urn.left[draw.arm_id, draw.image_class_id] for draw in draws},
            tuple(draws[0].matching),
        )
    unmatched = 0
    for draw in draws:
        found: list[ImageAsset] = []
        for level, n in quotas.get(draw.arm_id, {}).items():
            found += _take(urn, draw, n, draw.matching, level)
        rest = _take(urn, draw, draw.count - len(found), draw.matching, None)
        unmatched += len(rest) if quotas else 0
        _keep(draw, found + rest, result)
    if unmatched:
        result.notes.append(
            f"Part {draws[0].part.order}: {unmatched} images of {draws[0].image_class.code} could "
            f"not be matched on {', '.join(draws[0].matching)}."
        )


def _take(
    urn: Urn, draw: Draw, n: int, matching: list[str], level: Level | None
) -> list[ImageAsset]:
    def fits(image: ImageAsset) -> bool:
        if CLUSTER in matching and image.cluster_key in urn.clusters:
            return False
        if not urn.suits(draw.part, image):
            return False
        return level is None or level_of(image, tuple(matching)) == level

    names = (draw.part.order, draw.arm.code, draw.image_class.code)
    return urn.take(seed_bytes(draw.seed), names, (draw.arm_id, draw.image_class_id), n, fits)


def _keep(draw: Draw, images: list[ImageAsset], result: DrawResult) -> None:
    if len(images) < draw.count:
        result.problems.append(
            f"Part {draw.part.order} ({draw.part.kind}) asks for {draw.count} of "
            f"{draw.image_class.code} from {draw.arm.code}, {len(images)} are left. "
            "Lower the count or add images to the pool."
        )
    result.picked += [Picked(draw.part, draw.arm, image, draw.image_class) for image in images]


def _take_controls(
    urn: Urn, part: Part, classes: dict[int, ImageClass], result: DrawResult
) -> None:
    """Add the wrong-class controls of a part whose main cases were drawn."""
    mine = [picked for picked in result.picked if picked.part.pk == part.pk]
    wanted = wanted_controls(part.kind, part.control_fraction, len(mine))
    if wanted:
        shown = sorted({p.intended_class.pk for p in mine}, key=lambda pk: classes[pk].order)
        shown_classes = [classes[pk] for pk in shown]
        take_controls(urn, part, result, wanted=wanted, shown=shown_classes, used={})


def take_controls(
    urn: Urn,
    part: Part,
    result: DrawResult,
    *,
    wanted: int,
    shown: Sequence[ImageClass],
    used: Mapping[str, int],
) -> None:
    """Take real images under a class that they plainly are not; `used` counts wrong classes."""
    key = seed_bytes(part.study.draw_seed)
    candidates = urn.real_leftovers(key, ("control", part.order), [c.pk for c in shown])
    by_pk = {c.pk: c for c in shown}
    counts: dict[str, int] = defaultdict(int, used)
    found = 0
    for arm, image in candidates:
        if found == wanted:
            break
        own = by_pk[image.image_class_id]
        wrong = choose_wrong_class(own, image.findings, shown, counts)
        if wrong is None or image.pixel_sha256 in urn.real_hashes or not urn.suits(part, image):
            continue
        urn.take_real(arm, image)
        counts[wrong.code] += 1
        found += 1
        result.picked.append(Picked(part, arm, image, wrong, Case.Role.CONTROL))
    if found < wanted:
        result.notes.append(
            f"Part {part.order} has {found} of {wanted} wrong-class controls: too few real images "
            "are left, or every class is confusable with the others."
        )
