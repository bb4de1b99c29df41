"""Small models and images that train in moments."""

from dataclasses import replace

import torch

from generation.families.config import PrototypeConfig
from generation.families.interface import Augmentation, TrainingSet
from generation.families.registry import adapt_preset, get_family

# The tests' networks are so small that a second thread only costs time.
torch.set_num_threads(1)


def tiny_config(family: str = "prototype_ddpm", **changes: object) -> PrototypeConfig:
    """Return the tiny preset for three classes in float32."""
    config = adapt_preset(get_family(family), "tiny", classes=3, **changes)
    return replace(
        config,
        fit=replace(config.fit, dtype="float32"),
        sampler=replace(config.sampler, dtype="float32"),
    )


def coloured_squares(count: int = 24, size: int = 16, k: int = 1) -> TrainingSet:
    """Return images of three classes that differ in colour; learning them needs few steps."""
    generator = torch.Generator().manual_seed(7)
    labels = torch.arange(count) % 3
    images = torch.randint(0, 40, (count, 3, size, size), generator=generator, dtype=torch.uint8)
    for i, label in enumerate(labels.tolist()):
        images[i, label, 4:12, 4:12] = 220
    conditions = labels * k + (torch.arange(count) // 3) % k
    bank = torch.randn(3 * k, 16, generator=generator)
    return TrainingSet(
        images, labels, conditions, ("A", "B", "C"), bank, Augmentation(True, True, True)
    )
