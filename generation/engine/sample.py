"""Sampling in batches of one fixed size, so that an image's pixels never depend on its neighbours.

Per-image generators are not enough: a batch of 1 and a batch of 6 pick other matrix kernels, and
5 of 6 images changed by one level. Every chunk is padded to the run's batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from generation.families.interface import Family, SampleContext, SampleRequest
from generation.families.pixels import pixel_hash

_MIN_LEVELS = 3


@dataclass(frozen=True)
class DrawnImage:
    """Hold one sampled image with what the run records about it.

    pixels: uint8 (h, w, c). ms: its share of the batch's wall time. rejected: why it must not be
    taken in, or "".
    """

    request: SampleRequest
    pixels: np.ndarray
    pixel_sha256: str
    ms: float
    rejected: str


def draw_images(
    family: Family,
    requests: Sequence[SampleRequest],
    context: SampleContext,
    *,
    keep_on: Callable[[], bool] = lambda: True,
) -> Iterator[DrawnImage]:
    """Sample the requests chunk by chunk; stop before a chunk when `keep_on` says False."""
    sampler = context.sampler or family.config.sampler
    context = replace(context, sampler=sampler)
    for start in range(0, len(requests), sampler.batch):
        if not keep_on():
            return
        chunk = list(requests[start : start + sampler.batch])
        began = time.perf_counter()
        samples = list(family.sample(_padded(chunk, sampler.batch), context))[: len(chunk)]
        ms = 1000 * (time.perf_counter() - began) / len(chunk)
        for request, sample in zip(chunk, samples, strict=True):
            yield DrawnImage(
                request, sample.pixels, pixel_hash(sample.pixels), ms, fault_of(sample.pixels)
            )


def fault_of(pixels: np.ndarray) -> str:
    """Return why an image is no image (blank or constant), or "" when it may be taken in.

    pixels: uint8 (h, w, c). Fewer than three levels in every channel is a constant field with
    rounding noise, never tissue.
    """
    spread = pixels.reshape(-1, pixels.shape[-1])
    levels = max(len(np.unique(channel)) for channel in spread.T)
    if levels == 1:
        return "constant"
    return "blank" if levels < _MIN_LEVELS else ""


def _padded(chunk: list[SampleRequest], batch: int) -> list[SampleRequest]:
    """Repeat the last request until the batch is full; the copies are thrown away."""
    return chunk + [chunk[-1]] * (batch - len(chunk))
