"""What stands beside the cases of a small study: a gallery of real images, outlines of lesions."""

import hashlib

import numpy as np

from review.blinding.canonical import RenditionSpec, render_pixels
from review.blinding.container import pack_rendition
from review.blinding.outline import pack_outline
from review.catalog.models import ImageAsset, ImageClass
from review.catalog.storage import put_bytes
from review.studies.models import Arm, GalleryImage, Part, Rendition
from tests.worlds.pixels import draw_cell, draw_film
from tests.worlds.study import World


def add_gallery(world: World, part: int = 0, per_class: int = 3) -> list[GalleryImage]:
    """Give a part `per_class` references of each of its classes."""
    row = world.parts[part]
    Part.objects.filter(pk=row.pk).update(gallery=True)
    look = Rendition.objects.filter(case__part=row)[0]
    arm = Arm.objects.get(study=world.study, code="real")
    classes = ImageClass.objects.filter(pk__in=row.cases.values("intended_class"))
    return [
        _add_reference(row, arm, image_class, place, look)
        for image_class in classes.order_by("order")
        for place in range(per_class)
    ]


def _add_reference(
    part: Part, arm: Arm, image_class: ImageClass, place: int, look: Rendition
) -> GalleryImage:
    film, seed = look.media == "u16", 9000 + 100 * image_class.pk + place
    spec = RenditionSpec(look.width, "grey" if film else "rgb", look.bits)
    pixels = draw_film(seed, look.width) << 4 if film else draw_cell(seed, look.width)
    content = pack_rendition(render_pixels(pixels, spec), bits=look.bits, film=film).content
    image = ImageAsset.objects.create(
        pool=arm.pool,
        source_key=f"reference-{part.pk}-{image_class.code}-{place}",
        image_class=image_class,
        pixel_sha256=hashlib.sha256(content).hexdigest(),
        width=look.width,
        height=look.height,
        mode="RGB",
        storage_key=look.storage_key,
    )
    return GalleryImage.objects.create(
        part=part,
        image_class=image_class,
        image=image,
        place=place,
        sha256=hashlib.sha256(content).hexdigest(),
        byte_length=len(content),
        width=look.width,
        height=look.height,
        media=look.media,
        bits=look.bits,
        storage_key=put_bytes("renditions", content),
        pipeline="1",
    )


def draw_mask(seed: int, size: int) -> np.ndarray:
    """Return (size, size) uint8: a disc somewhere near the middle."""
    x, y = np.random.default_rng(seed).uniform(0.4, 0.6, 2) * size
    across, down = np.mgrid[0:size, 0:size]
    return ((np.hypot(down - x, across - y) < size / 4) * 255).astype(np.uint8)


def add_outlines(world: World, part: int = 0) -> None:
    """Give every case of a lesion part an outline, and switch outlines on as prepare does."""
    row = world.parts[part]
    for rendition in Rendition.objects.filter(case__part=row):
        mask = draw_mask(rendition.case_id, rendition.width)
        content = pack_outline(mask, rendition.width)
        Rendition.objects.filter(pk=rendition.pk).update(
            outline_key=put_bytes("renditions", content, ".bits")
        )
    Part.objects.filter(pk=row.pk).update(display={**row.display, "rendition": {"outline": True}})
