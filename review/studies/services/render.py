"""Render cases: one pipeline for all arms of a part, bytes of one length."""

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from review.blinding.canonical import (
    PIPELINE_VERSION,
    RenditionSpec,
    effective_bits,
    render_pixels,
)
from review.blinding.container import pack_rendition
from review.blinding.outline import pack_outline
from review.catalog.errors import MediaMissing
from review.catalog.models import ImageAsset
from review.catalog.storage import put_bytes
from review.studies.models import Case, Part, Rendition

SUFFIX = {True: ".u16", False: ".png"}


@dataclass(frozen=True)
class PartLook:
    """How every rendition of a part is made; stored as display["rendition"] of the part.

    `depths` maps a pool (pk as text, for JSON) to the depth that its 16-bit values really use: a
    12-bit film in a 16-bit file would otherwise be nearly black. `outline`: every image of the part
    has a mask, and readers may ask for its outline.
    """

    size: int
    colour: str
    bits: int
    film: bool
    jpeg_quality: int | None
    depths: dict[str, int] = field(default_factory=dict)
    outline: bool = False

    def spec(self) -> RenditionSpec:
        colour: Any = self.colour
        return RenditionSpec(self.size, colour, self.bits, self.jpeg_quality)


def choose_look(part: Part, images: list[ImageAsset], crops: dict[int, float]) -> PartLook:
    """Choose the largest size that enlarges no image, and the shallowest depth of the part.

    `crops` maps pool to the share of each side that is kept. A size the editor asked for wins:
    then some images may be enlarged, and the audit says whether that tells.
    """
    domain = part.study.domain
    colour = "rgb" if domain.header.get("colour", "rgb") == "rgb" else "grey"
    own = asked_display(part)
    asked = own.get("px")
    sides = [int(min(i.width, i.height) * crops.get(i.pool_id, 1)) for i in images]
    native = min([int(domain.header.get("pixel_size", 64)), *sides])
    depths = pool_depths(images) if colour == "grey" else {}
    bits = min(depths.values(), default=8)
    quality = own.get("jpeg_quality")
    return PartLook(
        size=int(asked or max(8, native)),
        colour=colour,
        bits=bits,
        film=colour == "grey" and bool(domain.display.get("window_presets")),
        jpeg_quality=quality if bits == 8 else None,
        depths=depths,
        outline=part.kind == Part.Kind.LESION and part.outline and all(i.mask_key for i in images),
    )


def outline_notes(part: Part, look: PartLook, images: list[ImageAsset]) -> list[str]:
    """Say why a lesion part that asks for outlines has none."""
    lacking = sum(not image.mask_key for image in images)
    if part.kind != Part.Kind.LESION or not part.outline or look.outline:
        return []
    return [
        f"Part {part.order}: {lacking} of {len(images)} images have no lesion mask, so the outline "
        "is off for all of them; its presence would tell one source from another."
    ]


def pool_depths(images: list[ImageAsset]) -> dict[str, int]:
    """Return pool -> bits that its values use, 8 to 16, from the highest value at intake."""
    highest: dict[str, int] = defaultdict(int)
    for image in images:
        top = 255 if image.mode != "I;16" else int(image.intake_profile.get("highest") or 65535)
        highest[str(image.pool_id)] = max(highest[str(image.pool_id)], top)
    return {pool: min(16, max(8, effective_bits(top))) for pool, top in highest.items()}


def look_of(part: Part) -> PartLook:
    """Return the look that prepare stored."""
    return PartLook(**part.display["rendition"])


def resolved_display(part: Part, look: PartLook) -> dict[str, Any]:
    """Return the display rules of a prepared part: the domain's, the editor's, the rendition's.

    What the editor asked for stays apart, so that a discarded preparation leaves no trace.
    """
    own = asked_display(part)
    shown = {"px": look.size, "film": look.film, "asked": own, "rendition": asdict(look)}
    return {**part.study.domain.display, **own, **shown}


def asked_display(part: Part) -> dict[str, Any]:
    """Return the display rules that the editor chose, prepared or not."""
    own: dict[str, Any] = part.display.get("asked", part.display)
    return own


def render_case(case: Case, look: PartLook) -> Rendition:
    """Return the case's unsaved rendition; its bytes are stored, its outline as well."""
    crop = case.arm.centre_crop
    outline_key = store_outline(case.image, crop, look) if look.outline else ""
    return Rendition(case=case, outline_key=outline_key, **rendered_fields(case.image, crop, look))


def rendered_fields(image: ImageAsset, crop: float, look: PartLook) -> dict[str, Any]:
    """Render an image and store its bytes; return the columns that describe them."""
    from review.catalog.services.intake import read_pixels

    cropped = crop_centre(read_pixels(image), crop)
    depths = look.depths if str(image.pool_id) in look.depths else pool_depths([image])
    depth = depths[str(image.pool_id)] if cropped.dtype == np.uint16 else None
    pixels = render_pixels(cropped, look.spec(), source_bits=depth)
    content = pack_rendition(pixels, bits=look.bits, film=look.film).content
    key = put_bytes("renditions", content, SUFFIX[look.film])
    return {
        "sha256": key.rsplit("/", 1)[1].split(".")[0],
        "byte_length": len(content),
        "width": look.size,
        "height": look.size,
        "media": "u16" if look.film else "png",
        "bits": look.bits,
        "storage_key": key,
        "pipeline": PIPELINE_VERSION,
    }


def store_outline(image: ImageAsset, crop: float, look: PartLook) -> str:
    """Store the mask of an image on the grid of its rendition; return where."""
    from review.catalog.services.intake import read_mask

    mask = read_mask(image)
    if mask is None:
        raise MediaMissing(f"The mask of image {image.uuid} is gone. Import its pool again.")
    return put_bytes("renditions", pack_outline(crop_centre(mask, crop), look.size), ".bits")


def crop_centre(pixels: np.ndarray, share: float) -> np.ndarray:
    """Keep the centre: `share` of the shorter side, square. pixels: (h, w[, 3])."""
    if share >= 1:
        return pixels
    height, width = pixels.shape[:2]
    side = max(1, round(min(height, width) * share))
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def render_cases(cases: list[Case]) -> int:
    """Render cases that have no rendition; repeating it is harmless. Returns how many."""
    looks: dict[int, PartLook] = {}
    rows = []
    for case in cases:
        if case.part_id not in looks:
            looks[case.part_id] = look_of(case.part)
        rows.append(render_case(case, looks[case.part_id]))
    Rendition.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
