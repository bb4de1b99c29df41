"""A classifier of the real classes: how many generated images show what was asked for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from generation.families.interface import Augmentation
from generation.families.pixels import augment, to_unit
from generation.prototypes.networks import SmallCNN, seeded_network


@dataclass(frozen=True)
class Recogniser:
    """Name the class of prepared images; trained on real images only."""

    network: SmallCNN
    classes: tuple[str, ...]

    @torch.inference_mode()
    def predict(self, images: Tensor) -> Tensor:
        """Return class indices int64 (n,) for uint8 (n, c, s, s)."""
        parts = [self.network(to_unit(part)).argmax(1) for part in images.split(256)]
        return torch.cat(parts)

    def share_recognised(self, images: Tensor, labels: Tensor) -> float:
        """Return the share of images assigned to the class asked for."""
        return float((self.predict(images) == labels).float().mean())


def train_recogniser(
    images: Tensor,
    labels: Tensor,
    classes: tuple[str, ...],
    *,
    augmentation: Augmentation,
    seed: int,
    steps: int = 300,
) -> Recogniser:
    """Train a small CNN by cross entropy; images uint8 (n, c, s, s), labels int64 (n,).

    Its own network and loss: it shares nothing with the encoder that guided the generator.
    """
    generator = torch.Generator().manual_seed(seed)
    network = seeded_network(images.shape[1], len(classes), seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.02)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for _ in range(steps):
        chosen = torch.randint(len(images), (64,), generator=generator)
        batch = to_unit(augment(images[chosen], augmentation, generator))
        loss = nn.functional.cross_entropy(network(batch), labels[chosen], label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        rates.step()
    return Recogniser(network.eval(), classes)
