"""How much the images of one class resemble each other: a generator that repeats itself shows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from generation.quality.compare import cell
from generation.quality.reading import Preparation, read_blocks
from generation.quality.reference import Picture, per_class
from metrics.images.diversity import LEAST, diversity

MOST_PER_CLASS = 50
LEVELS = 255.0


def compare_likeness(images: Sequence[Picture], how: Preparation, *, seed: int) -> dict[str, Any]:
    """Return the mean pairwise similarity within class of an equal sample, or a refusal."""
    chosen = [
        one
        for code, n in per_class(images).items()
        if n >= LEAST
        for one in [image for image in images if image.code == code][:MOST_PER_CLASS]
    ]
    if not chosen:
        return {"refused": f"No class has {LEAST} images in the sample."}
    pixels = [one.squeeze(-1) if one.shape[-1] == 1 else one for one in _read(chosen, how)]
    codes = [one.code for one in chosen]
    return cell(lambda: diversity(pixels, codes, data_range=LEVELS, seed=seed))


def _read(images: Sequence[Picture], how: Preparation) -> list[np.ndarray]:
    return [one for block in read_blocks(images, how, lambda n: None) for one in block]
