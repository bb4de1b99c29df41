"""Nearest real neighbours in an encoder's space: how far is a real image from any other."""

from __future__ import annotations

import torch
from torch import Tensor

from generation.prototypes.errors import TooFewImages
from metrics.images.neighbours import nearest_others


def real_to_real_limits(
    reference: Tensor, labels: Tensor, classes: int, *, quantile: float = 0.95
) -> Tensor:
    """Return for each class how far a real image may lie from its nearest other real one: (C,).

    reference: (m, d); labels: int64 (m,). The quantile, over the images of a class, of the
    Euclidean distance to the nearest other image of the same class. Raises TooFewImages for a
    class with fewer than two images.
    """
    limits = []
    for index in range(classes):
        own = reference[labels == index]
        if len(own) < 2:
            raise TooFewImages(f"Class {index} has {len(own)} real images; a distance needs 2.")
        apart = nearest_others(own.double().cpu().numpy(), 1).distance[:, 0]
        limits.append(torch.from_numpy(apart).quantile(quantile))
    return torch.stack(limits).to(reference.dtype)
