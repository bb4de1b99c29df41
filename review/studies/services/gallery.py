"""Choose and render the reference gallery of every part, once its cases are rendered.

Candidates are the images that the study's real arms have left: their licence lets readers see
them, and they are cropped and rendered like the cases beside them. Of what readers know unblinded
already the gallery takes first, because an image shown as real can be no case for them any more.
"""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from review.catalog.models import ImageAsset, ImageClass, Pool
from review.studies.availability import (
    UNBLINDED,
    drawable,
    gallery_classes,
    reader_users,
    seen_unblinded,
)
from review.studies.models import Arm, Case, GalleryImage, Part, Study
from review.studies.randomise.keys import keyed_rank
from review.studies.services.render import look_of, rendered_fields

MOST = 12  # per class
COLUMNS = (
    *("pk", "pool_id", "source_key", "pixel_sha256", "image_class_id", "findings", "cluster_key"),
    *("width", "height", "mode", "intake_profile", "storage_key"),
)


def render_galleries(study: Study) -> int:
    """Write the galleries of a study anew; repeating it gives the same. Returns how many images."""
    GalleryImage.objects.filter(part__study=study).delete()
    parts = list(study.parts.filter(gallery=True).exclude(kind=Part.Kind.TURING).order_by("order"))
    if not parts:
        return 0
    candidates = _Candidates(study)
    return sum(_render_part(part, candidates) for part in parts)


def _render_part(part: Part, candidates: "_Candidates") -> int:
    look, written = look_of(part), 0
    for image_class in gallery_classes(part):
        rows = [
            GalleryImage(
                part=part,
                image_class=image_class,
                image=image,
                place=place,
                **rendered_fields(image, candidates.crop_of(image), look),
            )
            for place, image in enumerate(candidates.of_class(image_class))
        ]
        written += len(GalleryImage.objects.bulk_create(rows))
        Study.objects.filter(pk=part.study_id).update(prepare_beat_at=timezone.now())
    return written


@dataclass(frozen=True)
class _Shown:
    """What the cases of the study show: neither they nor their kin may be in a gallery."""

    hashes: set[str]
    clusters: set[str]

    @classmethod
    def of(cls, study: Study) -> "_Shown":
        cases = Case.objects.filter(part__study=study)
        rows = list(cases.values_list("image__pixel_sha256", "image__cluster_key"))
        return cls({sha for sha, _ in rows}, {key for _, key in rows if key})

    def has(self, image: ImageAsset) -> bool:
        return image.pixel_sha256 in self.hashes or image.cluster_key in self.clusters


class _Candidates:
    """The real images that are left, by class, best first."""

    def __init__(self, study: Study) -> None:
        self.secret = bytes(study.secret)
        self.arms = {arm.pool_id: arm for arm in _real_arms(study)}
        self.known = seen_unblinded(list(reader_users(study)))
        self.by_class: dict[int, list[ImageAsset]] = defaultdict(list)
        shown = _Shown.of(study)
        for image in _left(list(self.arms)).only(*COLUMNS).iterator():
            if not shown.has(image):
                self.by_class[image.image_class_id].append(image)

    def crop_of(self, image: ImageAsset) -> float:
        return self.arms[image.pool_id].centre_crop

    def of_class(self, image_class: ImageClass) -> list[ImageAsset]:
        """Return up to MOST images, one per patient or lesion, that show nothing confusable."""
        clear = [
            image
            for image in self.by_class[image_class.pk]
            if not set(image.findings) & set(image_class.confusable)
        ]
        ranked = sorted(clear, key=self._rank, reverse=True)
        distinct = {image.cluster_key or image.pixel_sha256: image for image in ranked}
        return sorted(distinct.values(), key=self._rank)[:MOST]

    def _rank(self, image: ImageAsset) -> tuple[bool, int]:
        names = ("gallery", image.source_key, image.pixel_sha256)
        return image.pk not in self.known, keyed_rank(self.secret, *names)


def _real_arms(study: Study) -> list[Arm]:
    arms = study.arms.filter(pool__source=Pool.Source.REAL).select_related("pool")
    return [arm for arm in arms if arm.pool.origin.get("gallery", True)]


def _left(pools: list[int]) -> QuerySet[ImageAsset]:
    """Return the drawable images that no study still asks about blindly, this one included.

    Nor their twins: the same picture may stand in two pools.
    """
    asked = Case.objects.exclude(part__study__state__in=UNBLINDED).order_by()
    return drawable(pools).exclude(pixel_sha256__in=asked.values("image__pixel_sha256"))
