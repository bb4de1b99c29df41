"""The images that a study may still draw, and what was drawn so far."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from review.catalog.models import ImageAsset, ImageClass, Pool
from review.studies.availability import (
    drawable,
    piloted,
    practised_elsewhere,
    reader_users,
    seen_unblinded,
)
from review.studies.models import Arm, Case, Part, Study
from review.studies.randomise.keys import keyed_rank

FACTS = (
    "prototype",
    "round",
    "model_version",
    "cluster_key",
    "stratum",
    "inclusion_probability",
    "covariates",
    "findings",
)
Fits = Callable[[ImageAsset], bool]
COLUMNS = ("pk", "uuid", "pool_id", "source_key", "pixel_sha256", "image_class_id")


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


class Urn:
    """The images of the study's arms that nobody took yet."""

    columns: tuple[str, ...] = (*COLUMNS, *FACTS)

    def __init__(self, study: Study) -> None:
        self.study = study
        self.arms = {arm.pk: arm for arm in study.arms.select_related("pool")}
        arm_of = {arm.pool_id: arm for arm in self.arms.values()}
        seen = seen_unblinded(list(reader_users(study)))
        self.known = len(seen)
        self.left: dict[tuple[int, int], list[ImageAsset]] = defaultdict(list)
        self.real_hashes: set[str] = set()
        self.clusters: set[str] = set()
        practised = practised_elsewhere(study)
        images = drawable(list(arm_of)).exclude(pixel_sha256__in=practised)
        images = images.exclude(pixel_sha256__in=piloted(study)).only(*self.columns)
        for image in images.iterator():
            if image.pk not in seen:
                self.left[arm_of[image.pool_id].pk, image.image_class_id].append(image)

    def suits(self, part: Part, image: ImageAsset) -> bool:
        """Say whether the part can show the image: always, while its look is still to be chosen."""
        return True

    def take(
        self, key: bytes, names: tuple[object, ...], cell: tuple[int, int], n: int, fits: Fits
    ) -> list[ImageAsset]:
        """Take up to n images of (arm, class) by rank; the same real picture only once."""
        is_real = self.is_real(cell[0])
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

    def take_real(self, arm: Arm, image: ImageAsset) -> None:
        """Take one image of a real arm that real_leftovers named."""
        self.left[arm.pk, image.image_class_id].remove(image)
        self._note(image, True)

    def real_leftovers(
        self, key: bytes, names: tuple[object, ...], shown: list[int]
    ) -> list[tuple[Arm, ImageAsset]]:
        """Return what real arms have left of the classes `shown` (pks), by rank."""
        left = [
            (self.arms[arm], image)
            for (arm, class_pk), images in self.left.items()
            if self.is_real(arm) and class_pk in shown
            for image in images
        ]
        return sorted(
            left,
            key=lambda pair: keyed_rank(key, *names, pair[1].source_key, pair[1].pixel_sha256),
        )

    def is_real(self, arm_pk: int) -> bool:
        return self.arms[arm_pk].pool.source == Pool.Source.REAL

    def _note(self, image: ImageAsset, is_real: bool) -> None:
        if is_real:
            self.real_hashes.add(image.pixel_sha256)
        if image.cluster_key:
            self.clusters.add(image.cluster_key)
