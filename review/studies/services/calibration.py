"""Practice cases with feedback: real images that the study does not otherwise show, nor ever will.

Their answer must be certain, so images of an expert-verified pool come first. A third of them
stand under a class that they plainly are not, so that both verdicts are right somewhere.
"""

from collections import Counter
from collections.abc import Sequence

from review.catalog.models import ImageAsset, ImageClass
from review.studies.availability import shown_elsewhere
from review.studies.controls import choose_wrong_class
from review.studies.models import Arm, Case, CaseFeedback, Part
from review.studies.randomise.keys import seed_bytes
from review.studies.services.urn import DrawResult, Picked, Urn

VERDICT_KINDS = (Part.Kind.PLAUSIBILITY, Part.Kind.LESION)


def wanted_wrong(kind: str, count: int) -> int:
    """Return how many practice cases stand under a wrong class: a third, where a verdict is asked.

    None in an identify part, where the reader names the class.
    """
    return max(1, count // 3) if kind in VERDICT_KINDS and count > 1 else 0


def take_calibration(
    urn: Urn, part: Part, classes: dict[int, ImageClass], result: DrawResult
) -> None:
    """Add the practice cases of a part; called after all parts and controls have theirs."""
    if not part.calibration_count:
        return
    mine = [picked for picked in result.picked if picked.part.pk == part.pk]
    shown = sorted({p.intended_class.pk for p in mine}, key=lambda pk: classes[pk].order)
    key = seed_bytes(part.study.draw_seed)
    elsewhere = shown_elsewhere(part.study)
    left = [
        (arm, image)
        for arm, image in urn.real_leftovers(key, ("calibration", part.order), shown)
        if image.pixel_sha256 not in elsewhere
    ]
    chosen = _choose(urn, part, [classes[pk] for pk in shown], left, classes)
    result.picked += chosen
    _tell(part, chosen, result)


def _choose(
    urn: Urn,
    part: Part,
    shown: Sequence[ImageClass],
    left: list[tuple[Arm, ImageAsset]],
    classes: dict[int, ImageClass],
) -> list[Picked]:
    """Take verified images first, then of the class that had least; the wrong-class ones first."""
    own_used: Counter[int] = Counter()
    wrong_used: dict[str, int] = {}
    chosen: list[Picked] = []
    wrong_left = wanted_wrong(part.kind, part.calibration_count)
    while len(chosen) < part.calibration_count:
        fresh = [pair for pair in left if _is_fresh(urn, pair[1])]
        if not fresh:
            break
        fresh.sort(key=lambda p: (not p[0].pool.verified_by, own_used[p[1].image_class_id]))
        wrong = _first_wrong(fresh, shown, classes, wrong_used) if wrong_left else None
        pair, under = wrong or (fresh[0], classes[fresh[0][1].image_class_id])
        wrong_left = wrong_left - 1 if wrong else 0
        if wrong:
            wrong_used[under.code] = wrong_used.get(under.code, 0) + 1
        urn.take_real(*pair)
        left.remove(pair)
        own_used[pair[1].image_class_id] += 1
        chosen.append(Picked(part, *pair, under, Case.Role.CALIBRATION))
    return chosen


def _is_fresh(urn: Urn, image: ImageAsset) -> bool:
    """Say whether neither the picture nor its patient or lesion is in the study already."""
    same_origin = bool(image.cluster_key) and image.cluster_key in urn.clusters
    return image.pixel_sha256 not in urn.real_hashes and not same_origin


def _first_wrong(
    fresh: list[tuple[Arm, ImageAsset]],
    shown: Sequence[ImageClass],
    classes: dict[int, ImageClass],
    used: dict[str, int],
) -> tuple[tuple[Arm, ImageAsset], ImageClass] | None:
    """Return the first image that some shown class plainly is not, with that class."""
    for pair in fresh:
        own = classes[pair[1].image_class_id]
        under = choose_wrong_class(own, pair[1].findings, shown, used)
        if under is not None:
            return pair, under
    return None


def _tell(part: Part, chosen: list[Picked], result: DrawResult) -> None:
    """Name what is missing, and what is weak, about the practice cases."""
    name, wanted = f"Part {part.order} ({part.kind})", part.calibration_count
    if len(chosen) < wanted:
        result.problems.append(
            f"{name} asks for {wanted} practice cases, {len(chosen)} real images are left for "
            "them that no study shows or has practised with. Lower the number or the counts, or "
            "add a real pool as an arm."
        )
    wrong = sum(p.intended_class.pk != p.image.image_class_id for p in chosen)
    if wrong < wanted_wrong(part.kind, wanted):
        result.notes.append(
            f"{name} has {wrong} practice cases under a wrong class: every other class is "
            "confusable. Readers may see one answer only."
        )
    unverified = sum(not p.arm.pool.verified_by for p in chosen)
    if unverified:
        result.notes.append(
            f"{name}: {unverified} of {len(chosen)} practice cases are not from an "
            "expert-verified pool; their feedback says what the label says."
        )


def expected_answer(picked: Picked, own: ImageClass) -> dict[str, object]:
    """Return what the reader should have said."""
    if picked.part.kind == Part.Kind.IDENTIFY:
        return {"class": own.code}
    return {"verdict": picked.intended_class.pk == own.pk, "class": own.code}


def feedback_rows(cases: Sequence[Case], classes: dict[int, ImageClass]) -> list[CaseFeedback]:
    """Return the unsaved feedback of the practice cases among `cases`."""
    return [
        CaseFeedback(
            case=case,
            text=feedback_text(
                case.part.kind,
                own=classes[case.image.image_class_id].name,
                named=case.intended_class.name,
                is_verified=bool(case.arm.pool.verified_by),
            ),
        )
        for case in cases
        if case.role == Case.Role.CALIBRATION
    ]


def feedback_text(kind: str, *, own: str, named: str, is_verified: bool) -> str:
    """Return what is said after the answer: verdict and class, never the source."""
    whose = "Experts verified it as" if is_verified else "Its label says"
    if kind == Part.Kind.IDENTIFY:
        return f"Expected: {own}, {'verified by experts' if is_verified else 'as its label says'}."
    if own == named:
        return f"Expected: plausible. {whose} {own}, the class that was named."
    return f"Expected: not plausible. {whose} {own}, not {named}."
