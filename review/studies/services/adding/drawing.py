"""Draw further images for a running study, by the seeds and rules with which it was prepared.

Rank = HMAC(seed, part | arm | class | image), as in services.draw: what comes next is what a larger
count would have drawn. What the study shows already, as a case or as a reference, is left out; so
are patients and lesions of the references, which readers know as real, and what cannot be shown as
the part's other images are.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import groupby

from django.db.models import QuerySet

from review.catalog.models import ImageAsset
from review.studies.controls import wanted_controls
from review.studies.matching import CLUSTER, quota_like
from review.studies.models import Addition, Candidate, Case, Draw, Part, Study
from review.studies.services.adding import fitting
from review.studies.services.draw import Quotas, take_class, take_controls
from review.studies.services.urn import DrawResult, Urn

Cell = tuple[int, str, str]  # order of the part, code of the arm, code of the class


class LateUrn(Urn):
    """What a running study may still draw; `passed` counts what its parts cannot show."""

    columns = (*Urn.columns, *fitting.COLUMNS)

    def __init__(self, study: Study, addition: Addition | None = None) -> None:
        """`addition`: what draws once more; what it has drawn is kept, or refused for good."""
        super().__init__(study)
        self.passed: Counter[tuple[str, str]] = Counter()
        self.known_fit: dict[tuple[int, int], str] = {}
        mine = Candidate.objects.filter(addition=addition) if addition else Candidate.objects.none()
        held = _facts_of(ImageAsset.objects.filter(cases__part__study=study))
        held += _facts_of(ImageAsset.objects.filter(candidates__in=mine.filter(refusal="")))
        references = _facts_of(ImageAsset.objects.filter(galleries__part__study=study))
        self.real_hashes.update(sha for _, sha, _ in [*held, *references])
        self.clusters.update(key for _, _, key in held if key)
        known_real = {key for _, _, key in references if key}
        gone = {pk for pk, _, _ in held} | set(mine.values_list("image", flat=True))
        for cell, images in self.left.items():
            self.left[cell] = [
                image
                for image in images
                if image.pk not in gone and image.cluster_key not in known_real
            ]

    def suits(self, part: Part, image: ImageAsset) -> bool:
        """Say whether the image can stand among the part's others; count why it cannot."""
        key = (part.pk, image.pk)
        if key not in self.known_fit:
            arm = next(arm for arm in self.arms.values() if arm.pool_id == image.pool_id)
            self.known_fit[key] = fitting.why_unfit(part, arm, image)
            if self.known_fit[key]:
                self.passed[arm.code, self.known_fit[key]] += 1
        return not self.known_fit[key]

    @property
    def notes(self) -> list[str]:
        """Say what was passed over, and why."""
        return [
            f"Passed over {n} image{'s'[: n != 1]} of {arm}: {why}."
            for (arm, why), n in sorted(self.passed.items())
        ]


def _facts_of(images: QuerySet[ImageAsset]) -> list[tuple[int, str, str]]:
    """Return (pk, pixel hash, cluster key) of images."""
    return list(images.order_by().values_list("pk", "pixel_sha256", "cluster_key"))


def draw_more(
    study: Study,
    wanted: Mapping[Cell, int],
    controls: Mapping[int, int],
    addition: Addition | None = None,
) -> DrawResult:
    """Choose `wanted` images per cell and `controls` per order of part; nothing is written.

    `addition`: the one that draws once more, for images of its own that were refused.
    """
    urn, result = LateUrn(study, addition), DrawResult()
    ordered = _draws(study, wanted)
    for (part_pk, class_pk), group in groupby(ordered, key=lambda d: (d.part_id, d.image_class_id)):
        draws = list(group)
        take_class(urn, draws, result, _quotas(urn, draws, part_pk, class_pk))
    for part in study.parts.select_related("study").order_by("order"):
        if controls.get(part.order):
            _take_controls(urn, part, controls[part.order], result)
    result.notes += urn.notes
    return result


def _draws(study: Study, wanted: Mapping[Cell, int]) -> list[Draw]:
    """Return the study's draws with the counts that are wanted now, in the order of prepare."""
    rows = Draw.objects.filter(part__study=study).select_related("part", "arm", "image_class")
    found = []
    for draw in rows.order_by("part__order", "image_class__order", "arm__pk"):
        draw.count = wanted.get((draw.part.order, draw.arm.code, draw.image_class.code), 0)
        found += [draw] if draw.count else []
    return found


def _quotas(urn: Urn, draws: list[Draw], part_pk: int, class_pk: int) -> Quotas | None:
    """Let one arm alone mix covariates as the class does in the part; several share their levels.

    None: the arms are matched with each other, as when the study was prepared.
    """
    if len(draws) > 1:
        return None
    [draw] = draws
    names = tuple(name for name in draw.matching if name != CLUSTER)
    shown = Case.objects.filter(part=part_pk, intended_class=class_pk, role=Case.Role.MAIN)
    levels = [
        tuple(str(covariates.get(name, "")) for name in names)
        for covariates in shown.values_list("covariates", flat=True)
    ]
    left = urn.left[draw.arm_id, draw.image_class_id]
    quota = quota_like(draw.count, levels, left, tuple(draw.matching))
    return {draw.arm_id: quota} if quota else {}


def _take_controls(urn: LateUrn, part: Part, wanted: int, result: DrawResult) -> None:
    """Take wrong-class controls among the classes of the part, the least used wrong class first.

    What falls short is said once, at the end of the job.
    """
    found = DrawResult()
    classes = {c.pk: c for c in part.study.domain.classes.all()}
    counted = part.cases.exclude(role=Case.Role.CALIBRATION)
    shown = set(counted.values_list("intended_class", flat=True))
    used: dict[str, int] = defaultdict(int)
    controls = part.cases.filter(role=Case.Role.CONTROL)
    for pk in controls.values_list("intended_class", flat=True):
        used[classes[pk].code] += 1
    take_controls(
        urn,
        part,
        found,
        wanted=wanted,
        shown=sorted((classes[pk] for pk in shown), key=lambda c: c.order),
        used=used,
    )
    result.picked += found.picked


def controls_for(study: Study, wanted: Mapping[Cell, int]) -> dict[int, int]:
    """Return order of part -> how many controls keep the part's share when `wanted` are added."""
    more: Counter[int] = Counter()
    for (order, _, _), n in wanted.items():
        more[order] += n
    found = {}
    for part in study.parts.filter(order__in=list(more)):
        main = part.cases.filter(role=Case.Role.MAIN).count()
        before = wanted_controls(part.kind, part.control_fraction, main)
        after = wanted_controls(part.kind, part.control_fraction, main + more[part.order])
        found[part.order] = after - before
    return found
