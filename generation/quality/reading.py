"""Read images in blocks, prepared as the generator sees them, so that memory stays flat."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from generation.families.pixels import prepare_image
from generation.quality.reference import Picture
from generation.training.dataset import eight_bit
from review.catalog.pixels import decode_pixels
from review.catalog.storage import read_bytes

BLOCK = 256
COPY_SIDE = 16  # pixels per side at which images are compared one by one: noise averages out


@dataclass(frozen=True)
class Preparation:
    """How images become arrays: side in pixels, share of the shorter side kept, channels."""

    size: int
    crop: float
    channels: int

    @classmethod
    def of_generator(cls, config: dict[str, Any], channels: int) -> "Preparation":
        """Return how the images of a generator's training were prepared."""
        return cls(int(config.get("size", 64)), float(config.get("crop", 1.0)), channels)

    @property
    def as_drawn(self) -> "Preparation":
        """The same for images that a generator drew: they are cropped already."""
        return Preparation(self.size, 1.0, self.channels)

    @property
    def copy_side(self) -> int:
        return min(self.size, COPY_SIDE)


def read_blocks(
    images: Sequence[Picture], how: Preparation, on_read: Callable[[int], None]
) -> Iterator[np.ndarray]:
    """Yield uint8 blocks (b, size, size, c) in the order of `images`; tell how many were read."""
    for start in range(0, len(images), BLOCK):
        part = images[start : start + BLOCK]
        yield np.stack([prepared(one.storage_key, how) for one in part])
        on_read(len(part))


def prepared(storage_key: str, how: Preparation) -> np.ndarray:
    """Return a stored image as uint8 (size, size, c). Raises MediaMissing."""
    pixels = eight_bit(decode_pixels(read_bytes(storage_key)))
    return prepare_image(pixels, size=how.size, crop=how.crop, channels=how.channels)


def thumbnails(block: np.ndarray, side: int) -> np.ndarray:
    """Return uint8 (n, side * side, c) means over squares; `side` may be the blocks' own."""
    n, size, _, channels = block.shape
    if size != side:
        from PIL import Image

        small = [
            np.asarray(
                Image.fromarray(one.squeeze(-1) if channels == 1 else one).resize(
                    (side, side), Image.Resampling.BOX
                )
            )
            for one in block
        ]
        block = np.stack(small)
    return block.reshape(n, side * side, channels)
