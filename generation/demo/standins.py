"""Stand-in readers: what a simulated reader thinks of the pixels that the site sent.

They see what a reader sees, the rendition and the asked class, and nothing else. Their readings
are stored with the source `simulated`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from generation.demo.oracle import judge, simulate_answer
from generation.demo.phantoms import PHANTOM_CLASSES

Pixels = NDArray[np.generic]
SAME_IMAGE = 0.05  # of the class's limit: closer than this, the neighbour is the image itself


class StandIn(Protocol):
    """Somebody who answers."""

    def criteria(self, pixels: Pixels, code: str, asked: Sequence[str]) -> dict[str, str]:
        """Return asked criterion -> passes or fails, for an image shown as class `code`."""

    def realness(self, pixels: Pixels) -> int:
        """Return 1 (definitely synthetic) to 6 (definitely real)."""


@dataclass
class PhantomReader:
    """Knows the drawing rules, and errs with probability 1 - accuracy."""

    domain: str
    view: float
    rng: np.random.Generator
    accuracy: float = 0.9

    def criteria(self, pixels: Pixels, code: str, asked: Sequence[str]) -> dict[str, str]:
        """Judge by the drawing rules of the class, with reader noise."""
        seen = judge(pixels, domain=self.domain, code=code, view=self.view)
        marks = simulate_answer(seen, self.rng, accuracy=self.accuracy)
        return {name: str(marks.get(name, "passes")) for name in asked}

    def realness(self, pixels: Pixels) -> int:
        """Call real what obeys the rules of any class; confidence is drawn."""
        judged = (
            judge(pixels, domain=self.domain, code=code, view=self.view)
            for code in PHANTOM_CLASSES[self.domain]
        )
        is_real = any(one.is_plausible for one in judged)
        if self.rng.random() > self.accuracy:
            is_real = not is_real
        return int(self.rng.integers(4, 7) if is_real else self.rng.integers(1, 4))


@dataclass
class NeighbourReader:
    """Calls an image plausible when its nearest real neighbour has the asked class and is near.

    Near = within the real-to-real distance of that class (95th percentile of the distance from a
    real image to its nearest other real one), in the embedding that the generator was trained on.
    """

    encode: Any  # uint8 (n, c, s, s) -> float (n, d)
    features: Any  # (m, d) of real images
    labels: Any  # int64 (m,)
    limits: Any  # (C,)
    classes: tuple[str, ...]
    size: int
    rng: np.random.Generator

    def criteria(self, pixels: Pixels, code: str, asked: Sequence[str]) -> dict[str, str]:
        """Fail the first criterion for a foreign class, the last for a far image."""
        marks = dict.fromkeys(asked, "passes")
        found, ratio = self._nearest(pixels)
        if found != code and asked:
            marks[asked[0]] = "fails"
        elif ratio > 1 and asked:
            marks[asked[-1]] = "fails"
        return marks

    def realness(self, pixels: Pixels) -> int:
        """Turn the distance into a confidence: at the limit the call is a guess."""
        _, ratio = self._nearest(pixels)
        level = 3.5 + 5 * (1 - ratio) + self.rng.normal(0, 0.5)
        return int(np.clip(round(level), 1, 6))

    def _nearest(self, pixels: Pixels) -> tuple[str, float]:
        """Return the class of the nearest real image, and its distance over the class's limit."""
        import torch

        from generation.families.pixels import prepare_image

        channels = 1 if np.asarray(pixels).ndim == 2 else 3
        image = prepare_image(_eight_bit(pixels), size=self.size, crop=1.0, channels=channels)
        x = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
        distances = torch.cdist(self.encode(x), self.features)[0]
        nearest = distances.topk(min(2, len(distances)), largest=False)
        pick = 0
        if len(nearest.values) > 1 and nearest.values[0] < SAME_IMAGE * self._limit(nearest, 0):
            pick = 1
        ratio = float(nearest.values[pick]) / self._limit(nearest, pick)
        return self.classes[int(self.labels[nearest.indices[pick]])], ratio

    def _limit(self, nearest: Any, pick: int) -> float:
        return max(float(self.limits[int(self.labels[nearest.indices[pick]])]), 1e-9)


def _eight_bit(pixels: Pixels) -> NDArray[np.uint8]:
    """Return 8-bit pixels; a 16-bit film is scaled by its range."""
    values = np.asarray(pixels)
    if values.dtype == np.uint8:
        return np.asarray(values, dtype=np.uint8)
    scaled = (values.astype(np.float64) / 65535 * 255).round()
    return np.asarray(scaled, dtype=np.uint8)
