"""Pixels in, pixels out: equal preparation of real images, and the way back from a tensor."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from generation.families.errors import UnfitImages
from generation.families.interface import Augmentation

if TYPE_CHECKING:
    import torch


def prepare_image(pixels: np.ndarray, *, size: int, crop: float, channels: int) -> np.ndarray:
    """Crop the centre, resize by Lanczos and fit the channels.

    pixels: uint8 (h, w) or (h, w, 1 | 3). Returns uint8 (size, size, channels).
    The same function prepares the images a generator learns from and the real images it is
    compared with: a difference in cropping alone would tell the two apart.
    """
    from PIL import Image

    if pixels.dtype != np.uint8 or pixels.ndim not in {2, 3}:
        raise UnfitImages(f"Expected uint8 images (h, w[, c]), got {pixels.dtype} {pixels.shape}.")
    image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[2:] == (1,) else pixels)
    image = image.convert("RGB" if channels == 3 else "L")
    side = max(1, round(min(image.size) * crop))
    left, top = (image.width - side) // 2, (image.height - side) // 2
    # Cropped first: resize(box=...) would let pixels from outside the box bleed in at its edge.
    centre = image.crop((left, top, left + side, top + side))
    resized = centre.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(resized, dtype=np.uint8).reshape(size, size, channels)


def to_unit(images: torch.Tensor) -> torch.Tensor:
    """Map uint8 (n, c, h, w) to float32 in [-1, 1]."""
    return images.float() / 127.5 - 1.0


def to_pixels(x: torch.Tensor) -> np.ndarray:
    """Map float (n, c, h, w) in [-1, 1] to uint8 (n, h, w, c); values outside are clipped."""
    # A network that diverged gives NaN: a black image, which intake refuses as constant.
    levels = ((x.float().nan_to_num(nan=-1.0) + 1.0) * 127.5).round().clamp(0, 255)
    pixels: np.ndarray = levels.permute(0, 2, 3, 1).to("cpu").numpy().astype(np.uint8)
    return pixels


def augment(images: torch.Tensor, rules: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Apply one allowed symmetry to each image of (n, c, h, w), drawn from the generator.

    Only flips and quarter turns: they move pixels and invent none.
    """
    import torch

    draws = torch.rand(len(images), 3, generator=generator)
    turned = []
    for image, (flip, flop, turn) in zip(images, draws.tolist(), strict=True):
        axes = [2] if rules.horizontal and flip < 0.5 else []
        axes += [1] if rules.vertical and flop < 0.5 else []
        turns = int(turn * 4) if rules.quarter_turns else 0
        turned.append(torch.rot90(image.flip(axes) if axes else image, turns, (1, 2)))
    return torch.stack(turned)


def pixel_hash(pixels: np.ndarray) -> str:
    """Return SHA-256 over shape and bytes of decoded pixels, independent of any file format."""
    head = f"{pixels.dtype}:{'x'.join(str(side) for side in pixels.shape)}:".encode()
    return hashlib.sha256(head + np.ascontiguousarray(pixels).tobytes()).hexdigest()
