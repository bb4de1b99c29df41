"""What the practice cases of a draft lack. Prepare draws them and says so if fewer are free."""

from collections import Counter

from review.catalog.models import Pool
from review.studies.controls import wanted_controls
from review.studies.models import Part
from review.studies.selectors.checks import Design, Item, design_at


def practice_items(design: Design) -> list[Item]:
    """Return one line per part with practice cases, and one if nobody verified their labels."""
    asking = [part for part in design.parts if part.calibration_count]
    if not asking:
        return []
    real = {arm.code for arm in design.arms if arm.pool.source == Pool.Source.REAL}
    if not real:
        text = "Practice cases are real images, and no arm has any: add a real pool as an arm."
        return [Item("practice", "bad", text, design_at(design.study, "arms"))]
    left = _left_over(design, real)
    items = []
    for part in asking:
        items.append(_part(design, part, left))
    return [*items, *_verified(design)]


def _left_over(design: Design, real: set[str]) -> Counter[str]:
    """Count real images per class that neither the draws nor the wrong-class controls need."""
    left: Counter[str] = Counter()
    for (arm, name), n in design.available.items():
        left[name] += n if arm in real else 0
    for draw in design.draws:
        left[draw.image_class.code] -= draw.count if draw.arm.code in real else 0
    for part in design.parts:
        draws = design.by_part.get(part.pk, [])
        n_main = sum(draw.count for draw in draws)
        needed = wanted_controls(part.kind, part.control_fraction, n_main)
        _use(left, {draw.image_class.code for draw in draws}, needed)
    return left


def _use(left: Counter[str], classes: set[str], needed: int) -> int:
    """Take images of these classes off `left`, the fullest first; return how many were there."""
    used = 0
    for name in sorted(classes, key=lambda name: (-left[name], name)):
        taken = max(0, min(left[name], needed - used))
        left[name] -= taken
        used += taken
    return used


def _part(design: Design, part: Part, left: Counter[str]) -> Item:
    classes = {draw.image_class.code for draw in design.by_part.get(part.pk, [])}
    found = _use(left, classes, part.calibration_count)
    name, wanted = f"Part {part.order} ({part.kind})", part.calibration_count
    key, link = f"practice-{part.order}", design_at(design.study, f"part-{part.order}")
    if found < wanted:
        text = (
            f"{name} asks for {wanted} practice cases; {found} real images are left beside its "
            "draws and controls. Lower the number or the counts, or add a real pool as an arm."
        )
        return Item(key, "bad", text, link)
    return Item(key, "ok", f"{name}: {wanted} practice cases with feedback.", link)


def _verified(design: Design) -> list[Item]:
    """Advise an expert-verified pool where there is none."""
    if any(arm.pool.verified_by for arm in design.arms):
        return []
    text = (
        "No arm is expert-verified, so practice feedback says what the label says. Import "
        "images that experts verified (import_images --verified-by) and add the pool as an arm, "
        "with all counts 0."
    )
    return [Item("practice-verified", "warn", text, design_at(design.study, "arms"))]
