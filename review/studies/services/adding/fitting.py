"""Whether an image can be shown exactly as the other images of a running part are.

Size, depth and outline of a part were fixed when the study was prepared. An image that would have
to be enlarged, or speaks in fewer grey levels, or has values beyond those that were rendered, would
be known from the others; it is passed over.
"""

from collections.abc import Callable
from typing import Any

from review.catalog.models import ImageAsset
from review.studies.models import Arm, Part, Rendition
from review.studies.services.render import PartLook, asked_display, look_of, pool_depths

# What the checks read of an image, beside what the urn reads.
COLUMNS = ("width", "height", "mode", "mask_key", "intake_profile")
DEEP = "I;16"


def why_unfit(part: Part, arm: Arm, image: ImageAsset) -> str:
    """Return why an image cannot stand among the part's others, or nothing if it can."""
    look = look_of(part)
    checks: tuple[Callable[[Part, PartLook, Arm, ImageAsset], str], ...]
    checks = (_too_small, _too_shallow, _too_deep, _without_mask)
    return next((why for check in checks if (why := check(part, look, arm, image))), "")


def _too_small(part: Part, look: PartLook, arm: Arm, image: ImageAsset) -> str:
    """Size: a part whose size an editor asked for enlarges what is smaller, from the start."""
    side = int(min(image.width, image.height) * arm.centre_crop)
    if side >= look.size or asked_display(part).get("px"):
        return ""
    return f"smaller than the {look.size} px that part {part.order} shows"


def _too_shallow(part: Part, look: PartLook, arm: Arm, image: ImageAsset) -> str:
    """Depth: within a pool that the part knows, a 16-bit film may be dark but has all levels."""
    if look.bits <= 8 or (image.mode == DEEP and str(arm.pool_id) in look.depths):
        return ""
    depth = pool_depths([image])[str(image.pool_id)]
    if depth >= look.bits:
        return ""
    return f"{depth} bits deep, part {part.order} shows {look.bits}"


def _too_deep(part: Part, look: PartLook, arm: Arm, image: ImageAsset) -> str:
    """Depth: values above those that the pool was rendered with would be clipped."""
    known = look.depths.get(str(arm.pool_id))
    if known is None or image.mode != DEEP:
        return ""
    depth = pool_depths([image])[str(image.pool_id)]
    if depth <= known:
        return ""
    return f"{depth} bits deep, the others of its pool {known}"


def _without_mask(part: Part, look: PartLook, arm: Arm, image: ImageAsset) -> str:
    if not look.outline or image.mask_key:
        return ""
    return f"without a mask, part {part.order} offers the outline"


def why_unlike(part: Part, rendered: dict[str, Any]) -> str:
    """Return how a rendition differs from the part's others: in the pipeline, or to a browser."""
    fields = ("byte_length", "width", "height", "media", "bits", "pipeline")
    others = Rendition.objects.filter(case__part=part).order_by("pk").values(*fields).first() or {}
    unlike = [
        f"{name} {rendered[name]}, not {value}"
        for name, value in others.items()
        if rendered[name] != value
    ]
    return "; ".join(unlike)
