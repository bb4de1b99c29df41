"""Nearest real neighbours in an encoder's space: how far is an image from anything real."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from generation.prototypes.errors import TooFewImages

_CHUNK = 512


@dataclass(frozen=True)
class Neighbours:
    """Hold, for each of n images, its nearest reference: distance, index and class, each (n,)."""

    distance: Tensor
    index: Tensor
    label: Tensor


def nearest_real(
    features: Tensor, reference: Tensor, labels: Tensor, *, skip_self: bool = False
) -> Neighbours:
    """Return the nearest reference image of each image, by Euclidean distance.

    features: (n, d); reference: (m, d); labels: int64 (m,). With `skip_self` the two sets are the
    same images in the same order, and an image is not its own neighbour.
    """
    distances, indices = [], []
    for start in range(0, len(features), _CHUNK):
        part = torch.cdist(features[start : start + _CHUNK], reference)
        if skip_self:
            own = torch.arange(len(part))
            part[own, own + start] = torch.inf
        found = part.min(dim=1)
        distances.append(found.values)
        indices.append(found.indices)
    index = torch.cat(indices)
    return Neighbours(torch.cat(distances), index, labels[index])


def real_to_real_limits(
    reference: Tensor, labels: Tensor, classes: int, *, quantile: float = 0.95
) -> Tensor:
    """Return for each class how far a real image may lie from its nearest other real one: (C,).

    The quantile, over the images of a class, of the distance to the nearest other image of the
    same class. Raises TooFewImages for a class with fewer than two images.
    """
    limits = []
    for index in range(classes):
        own = reference[labels == index]
        if len(own) < 2:
            raise TooFewImages(f"Class {index} has {len(own)} real images; a distance needs 2.")
        zeros = torch.zeros(len(own), dtype=torch.int64)
        nearest = nearest_real(own, own, zeros, skip_self=True)
        limits.append(nearest.distance.quantile(quantile))
    return torch.stack(limits)
