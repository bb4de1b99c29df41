"""Convolutional prototype learning: equations 9 to 14 of the prototype-guided diffusion paper.

After Yang et al. 2018, "Robust classification with convolutional prototype learning".
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def squared_distances(features: Tensor, prototypes: Tensor) -> Tensor:
    """Return d(f(x), m_ij) = ||f(x) - m_ij||^2.

    features: (n, d); prototypes: (C, K, d). Returns (n, C, K).
    """
    difference = features[:, None, None, :] - prototypes[None]
    return difference.square().sum(-1)


def prototype_log_probabilities(distances: Tensor, gamma: float) -> Tensor:
    """Return log p(x in m_ij | x), eq. 10: a softmax over all C * K prototypes.

    distances: (n, C, K). Returns (n, C, K).
    """
    flat = torch.log_softmax(-gamma * distances.flatten(1), dim=1)
    return flat.view_as(distances)


def class_log_probabilities(distances: Tensor, gamma: float) -> Tensor:
    """Return log p(y | x), eq. 11: the sum over a class's prototypes, in logs. Returns (n, C)."""
    return prototype_log_probabilities(distances, gamma).logsumexp(dim=2)


@dataclass(frozen=True)
class CPLLoss:
    """Hold the two terms of eq. 14, each averaged over the batch."""

    dce: Tensor
    prototype: Tensor
    weight: float

    @property
    def total(self) -> Tensor:
        """Return DCE + lambda PL."""
        return self.dce + self.weight * self.prototype


def cpl_loss(
    features: Tensor, labels: Tensor, prototypes: Tensor, *, gamma: float, weight: float
) -> CPLLoss:
    """Return the distance-based cross entropy (eq. 12) and the prototype loss (eq. 13).

    features: (n, d); labels: int64 (n,); prototypes: (C, K, d); weight: lambda of eq. 14.
    PL takes the closest prototype of the image's own class.
    """
    distances = squared_distances(features, prototypes)
    own = distances[torch.arange(len(labels)), labels]  # (n, K)
    dce = torch.nn.functional.nll_loss(class_log_probabilities(distances, gamma), labels)
    return CPLLoss(dce=dce, prototype=own.min(dim=1).values.mean(), weight=weight)


def nearest_own_prototype(features: Tensor, labels: Tensor, prototypes: Tensor) -> Tensor:
    """Return, for each image, the index j of its class's closest prototype: int64 (n,)."""
    distances = squared_distances(features, prototypes)
    return distances[torch.arange(len(labels)), labels].argmin(dim=1)


def prototype_shares(assigned: Tensor, labels: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return pi_ck, the share of a class's real images nearest to each prototype: float64 (C, K).

    Each learned prototype counts one image more than it has, so that none is ever ruled out.
    """
    classes, prototypes = shape
    counts = torch.ones(classes, prototypes, dtype=torch.float64)
    ones = torch.ones(len(labels), dtype=torch.float64)
    counts.index_put_((labels, assigned), ones, accumulate=True)
    return counts / counts.sum(dim=1, keepdim=True)
