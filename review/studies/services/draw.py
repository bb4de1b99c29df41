"""Choose the images of every part by the recorded seeds, and the wrong-class controls.

Rank = HMAC(seed, part | arm | class | image) within arm x class, so adding or removing an image
moves no other. Parts share no image: each takes the best ranks that the parts before it left.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from review.catalog.models import ImageAsset, ImageClass, Pool
from review.studies.availability import drawable, reader_users, seen_unblinded
from review.studies.controls import choose_wrong_class, wanted_controls
from review.studies.matching import CLUSTER, Level, level_of, matched_quotas
from review.studies.models import Arm, Case, Draw, Part, Study
from review.studies.randomise.keys import keyed_rank, seed_bytes

FACTS = (
    "prototype",
    "round",
    "model_version",
    "cluster_key",
    "stratum",
    "inclusion_probability",
    "covariates",
)
Fits = Callable[[ImageAsset], bool]
COLUMNS = ("pk", "uuid", "pool_id", "source_key", "pixel_sha256", "image_class_id", "findings")


@dataclass(frozen=True)
class Picked:
    """An image that becomes a case."""

    part: Part
    arm: Arm
    image: ImageAsset
    intended_class: ImageClass
    role: str = Case.Role.MAIN


@dataclass
class DrawResult:
    """What the draw found; `problems` stop the preparation, `notes` go to the checklist."""

    picked: list[Picked] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Urn:
    """The images of the study's arms that nobody took yet."""

    def __init__(self, study: Study) -> None:
        self.arms = {arm.pk: arm for arm in study.arms.select_related("pool")}
        arm_of = {arm.pool_id: arm for arm in self.arms.values()}
        seen = seen_unblinded(list(reader_users(study)))
        self.known = len(seen)
        self.left: dict[tuple[int, int], list[ImageAsset]] = defaultdict(list)
        self.real_hashes: set[str] = set()
        self.clusters: set[str] = set()
        images = drawable(list(arm_of)).only(*COLUMNS, *FACTS)
        for image in images.iterator():
            if image.pk not in seen:
                self.left[arm_of[image.pool_id].pk, image.image_class_id].append(image)

    def take(
        self, key: bytes, names: tuple[object, ...], cell: tuple[int, int], n: int, fits: Fits
    ) -> list[ImageAsset]:
        """Take up to n images of (arm, class) by rank; the same real picture only once."""
        is_real = self.arms[cell[0]].pool.source == Pool.Source.REAL
        ranked = sorted(
            self.left[cell],
            key=lambda image: keyed_rank(key, *names, image.source_key, image.pixel_sha256),
        )
        taken: list[ImageAsset] = []
        kept: list[ImageAsset] = []
        for image in ranked:
            fresh = not is_real or image.pixel_sha256 not in self.real_hashes
            if len(taken) < n and fresh and fits(image):
                taken.append(image)
                self._note(image, is_real)
            else:
                kept.append(image)
        self.left[cell] = kept
        return taken

    def _note(self, image: ImageAsset, is_real: bool) -> None:
        if is_real:
            self.real_hashes.add(image.pixel_sha256)
        if image.cluster_key:
            self.clusters.add(image.cluster_key)


def draw_images(study: Study) -> DrawResult:
    """Choose the images of all parts; nothing is written."""
    urn = _Urn(study)
    result = DrawResult()
    draws = Draw.objects.filter(part__study=study).select_related("part", "arm", "image_class")
    ordered = draws.order_by("part__order", "image_class__order", "arm__pk")
    for _, group in groupby(ordered, key=lambda draw: (draw.part_id, draw.image_class_id)):
        _take_class(urn, list(group), result)
    classes = {c.pk: c for c in study.domain.classes.all()}
    for part in study.parts.order_by("order"):
        _take_controls(urn, part, classes, result)
    if urn.known:
        result.notes.append(f"{urn.known} images that a reader knows unblinded were left out.")
    return result


def _take_class(urn: _Urn, draws: list[Draw], result: DrawResult) -> None:
    """Take the images of one class of a part from its arms, matched if that is asked."""
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
    urn: _Urn, draw: Draw, n: int, matching: list[str], level: Level | None
) -> list[ImageAsset]:
    def fits(image: ImageAsset) -> bool:
        if CLUSTER in matching and image.cluster_key in urn.clusters:
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
    urn: _Urn, part: Part, classes: dict[int, ImageClass], result: DrawResult
) -> None:
    """Add real images under a class that they plainly are not."""
    mine = [picked for picked in result.picked if picked.part.pk == part.pk]
    wanted = wanted_controls(part.kind, part.control_fraction, len(mine))
    if not wanted:
        return
    shown = sorted({p.intended_class.pk for p in mine}, key=lambda pk: classes[pk].order)
    key = seed_bytes(part.study.draw_seed)
    candidates = _real_leftovers(urn, part, shown, key)
    used: dict[str, int] = defaultdict(int)
    found = 0
    for arm, image in candidates:
        if found == wanted:
            break
        own = classes[image.image_class_id]
        wrong = choose_wrong_class(own, image.findings, [classes[pk] for pk in shown], used)
        cell = (arm.pk, image.image_class_id)
        if wrong is None or image.pixel_sha256 in urn.real_hashes:
            continue
        urn.left[cell].remove(image)
        urn.real_hashes.add(image.pixel_sha256)
        used[wrong.code] += 1
        found += 1
        result.picked.append(Picked(part, arm, image, wrong, Case.Role.CONTROL))
    if found < wanted:
        result.notes.append(
            f"Part {part.order} has {found} of {wanted} wrong-class controls: too few real images "
            "are left, or every class is confusable with the others."
        )


def _real_leftovers(
    urn: _Urn, part: Part, shown: list[int], key: bytes
) -> list[tuple[Arm, ImageAsset]]:
    left = [
        (urn.arms[arm], image)
        for (arm, class_pk), images in urn.left.items()
        if urn.arms[arm].pool.source == Pool.Source.REAL and class_pk in shown
        for image in images
    ]
    names = ("control", part.order)
    return sorted(
        left, key=lambda pair: keyed_rank(key, *names, pair[1].source_key, pair[1].pixel_sha256)
    )
