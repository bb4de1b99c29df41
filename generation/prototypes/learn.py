"""Learn a bank: with the embedded encoder trained along, or on top of a frozen one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from generation.families.diffusion import batch_indices, seeded_generator, step_seed
from generation.families.interface import Augmentation
from generation.families.pixels import augment, to_unit
from generation.prototypes.bank import CPLConfig, PrototypeBank
from generation.prototypes.cpl import (
    class_log_probabilities,
    cpl_loss,
    nearest_own_prototype,
    prototype_shares,
    squared_distances,
)
from generation.prototypes.encoders import EmbeddedEncoder, Encoder
from generation.prototypes.errors import TooFewImages

_HARDNESS_ON_FROZEN = 10.0
_KMEANS_ROUNDS = 20


@dataclass(frozen=True)
class RealImages:
    """Hold prepared real images: uint8 (n, c, s, s), int64 labels (n,) and their class codes."""

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    augmentation: Augmentation = field(default_factory=Augmentation)


def learn_bank(
    real: RealImages,
    config: CPLConfig,
    seed: int,
    *,
    encoder: Encoder | None = None,
    on_step: Callable[[int, int], None] = lambda step, total: None,
) -> PrototypeBank:
    """Learn K prototypes per class; the result is a function of images, config and seed.

    Without an encoder, a small CNN is trained as CPL's own f(x; theta), augmented as the domain
    allows. With one, its embeddings stay as they are and only the prototypes move (paper, 4.1).
    """
    _check_counts(real, config)
    if encoder is None:
        encoder, prototypes = _learn_jointly(real, config, seed, on_step)
    else:
        prototypes = _learn_on_frozen(encoder, real, config, seed, on_step)
    features = encoder.encode(real.images)
    nearest = nearest_own_prototype(features, real.labels, prototypes)
    scores = class_log_probabilities(squared_distances(features, prototypes), config.gamma)
    return PrototypeBank(
        prototypes=prototypes,
        shares=prototype_shares(nearest, real.labels, (len(real.classes), config.prototypes)),
        classes=real.classes,
        encoder=encoder,
        config=replace(config, dimension=encoder.dimension),
        accuracy=float((scores.argmax(1) == real.labels).double().mean()),
        seed=seed,
    )


def _learn_jointly(
    real: RealImages, config: CPLConfig, seed: int, on_step: Callable[[int, int], None]
) -> tuple[EmbeddedEncoder, Tensor]:
    """Train network and prototypes together by eq. 14.

    The first two thirds of the steps use one prototype per class; for K > 1 each class's features
    are then split by k-means, because K random starts leave most prototypes without an image.
    """
    channels, classes = real.images.shape[1], len(real.classes)
    encoder = EmbeddedEncoder.untrained(channels, config.dimension, step_seed(seed, 0, "encoder"))
    generator = seeded_generator(seed, 0, "prototypes")
    start = torch.randn(classes, 1, config.dimension, generator=generator) / config.dimension**0.5
    joint = _JointTraining(encoder, real, config, seed)
    first = config.steps if config.prototypes == 1 else (2 * config.steps) // 3
    prototypes = joint.move(start, range(first), on_step)
    if config.prototypes > 1:
        features = encoder.encode(real.images)
        split = split_classes(features, real.labels, classes, config.prototypes, seed)
        prototypes = joint.move(split, range(first, config.steps), on_step)
    return encoder, prototypes


@dataclass(frozen=True)
class _JointTraining:
    """Train f(x; theta) and M together."""

    encoder: EmbeddedEncoder
    real: RealImages
    config: CPLConfig
    seed: int

    def move(self, prototypes: Tensor, steps: range, on_step: Callable[[int, int], None]) -> Tensor:
        """Take AdamW steps on theta and on the prototypes; return the moved prototypes."""
        real, config = self.real, self.config
        moved = prototypes.clone().requires_grad_(True)
        network = self.encoder.network.train()
        optimizer = torch.optim.AdamW(
            [*network.parameters(), moved], lr=config.learning_rate, fused=True
        )
        for step in steps:
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * min(1.0, 2 * (1 - step / config.steps))
            chosen = batch_indices(step, len(real.images), config.batch, self.seed)
            draws = seeded_generator(self.seed, step, "cpl")
            batch = to_unit(augment(real.images[chosen], real.augmentation, draws))
            labels = real.labels[chosen]
            loss = cpl_loss(network(batch), labels, moved, gamma=config.gamma, weight=config.weight)
            optimizer.zero_grad(set_to_none=True)
            loss.total.backward()
            optimizer.step()
            on_step(step + 1, config.steps)
        network.eval()
        return moved.detach()


def _learn_on_frozen(
    encoder: Encoder,
    real: RealImages,
    config: CPLConfig,
    seed: int,
    on_step: Callable[[int, int], None],
) -> Tensor:
    """Move only the prototypes, in a standardised copy of the encoder's space.

    Embeddings of foreign models come at any scale, so gamma acts on distances divided by the mean
    squared distance to the centre. The prototypes returned lie in the encoder's own space.
    """
    features = encoder.encode(real.images)
    centre = features.mean(0)
    scale = (features - centre).square().sum(1).mean().sqrt().clamp_min(1e-8)
    standard = (features - centre) / scale
    start = split_classes(standard, real.labels, len(real.classes), config.prototypes, seed)
    moved = start.requires_grad_(True)
    optimizer = torch.optim.AdamW([moved], lr=config.learning_rate, weight_decay=0.0)
    for step in range(config.steps):
        chosen = batch_indices(step, len(features), config.batch, seed)
        loss = cpl_loss(
            standard[chosen],
            real.labels[chosen],
            moved,
            gamma=config.gamma * _HARDNESS_ON_FROZEN,
            weight=config.weight,
        )
        optimizer.zero_grad(set_to_none=True)
        loss.total.backward()
        optimizer.step()
        on_step(step + 1, config.steps)
    return moved.detach() * scale + centre


def split_classes(features: Tensor, labels: Tensor, classes: int, k: int, seed: int) -> Tensor:
    """Return k centres per class by k-means with a seeded k-means++ start: float32 (C, k, d)."""
    centres = []
    for index in range(classes):
        generator = seeded_generator(seed, index, "k-means")
        centres.append(_kmeans(features[labels == index], k, generator))
    return torch.stack(centres)


def _kmeans(points: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """Return k centres (k, d) of points (n, d); an empty centre stays where it was."""
    first = int(torch.randint(len(points), (1,), generator=generator))
    centres = points[first : first + 1]
    while len(centres) < k:
        nearest = torch.cdist(points, centres).square().min(1).values
        # Identical points leave no distance to draw from: any of them will do.
        weights = nearest if float(nearest.sum()) > 0 else torch.ones_like(nearest)
        chosen = torch.multinomial(weights, 1, generator=generator)
        centres = torch.cat([centres, points[chosen]])
    for _ in range(_KMEANS_ROUNDS):
        owner = torch.cdist(points, centres).argmin(1)
        centres = torch.stack(
            [
                points[owner == j].mean(0) if bool((owner == j).any()) else centres[j]
                for j in range(k)
            ]
        )
    return centres


def _check_counts(real: RealImages, config: CPLConfig) -> None:
    """Refuse classes with fewer images than prototypes."""
    counts = torch.bincount(real.labels, minlength=len(real.classes)).tolist()
    few = [
        f"{code} has {count}"
        for code, count in zip(real.classes, counts, strict=True)
        if count < config.prototypes
    ]
    if few:
        raise TooFewImages(
            f"{config.prototypes} prototypes per class need as many images: {', '.join(few)}. "
            "Add images, leave the class out or ask for fewer prototypes."
        )
