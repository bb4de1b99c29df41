"""The one small interface of every generator.

Progress, cancellation and checkpoints live outside the families: `fit` yields after each optimizer
step, when the state of the family is whole, and whoever iterates may save it or stop there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass(frozen=True)
class Augmentation:
    """Say which symmetries of an image keep its meaning; taken from the domain, never guessed.

    A chest film allows none: a mirrored heart is another diagnosis.
    """

    horizontal: bool = False
    vertical: bool = False
    quarter_turns: bool = False


@dataclass(frozen=True)
class TrainingSet:
    """Hold prepared training images in memory.

    images: uint8 (n, c, size, size). labels: int64 (n,), index of the class.
    conditions: int64 (n,), row of the table of prototypes, class * K + prototype.
    bank: float32 (C * K, d), the learned prototypes; a baseline ignores it.
    """

    images: torch.Tensor
    labels: torch.Tensor
    conditions: torch.Tensor
    classes: tuple[str, ...]
    bank: torch.Tensor | None = None
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class FitContext:
    """Say where and how far to train: until optimizer step `until` (the budget when None)."""

    seed: int
    device: str = "cpu"
    until: int | None = None


@dataclass(frozen=True)
class StepReport:
    """Report one optimizer step: its number (1-based), loss terms and learning rate."""

    step: int
    total: int
    losses: dict[str, float]
    learning_rate: float


@dataclass(frozen=True)
class SampleRequest:
    """Ask for one image: class and prototype are indices, the seed fixes its starting noise."""

    index: int
    seed: int
    class_index: int
    prototype: int = 0


@dataclass(frozen=True)
class SampleContext:
    """Say where to sample; the sampler is the family's own unless one is given."""

    device: str = "cpu"
    sampler: Any = None


@dataclass(frozen=True)
class Sample:
    """Hold one drawn image: uint8 (size, size, c) pixels of the request with this index."""

    index: int
    pixels: np.ndarray


@dataclass(frozen=True)
class TrainingState:
    """Hold all that fit needs to go on bit for bit: tensors by name, and plain numbers."""

    tensors: dict[str, torch.Tensor]
    numbers: dict[str, Any]


class Family(Protocol):
    """Train and sample one kind of generator."""

    config: Any

    @classmethod
    def build(cls, config: Any, seed: int) -> Self:
        """Make an untrained model; its weights are a function of config and seed."""

    def fit(self, training: TrainingSet, context: FitContext) -> Iterator[StepReport]:
        """Train from the present step on; yield after each optimizer step."""

    def sample(self, requests: Sequence[SampleRequest], context: SampleContext) -> Iterator[Sample]:
        """Draw all requests in one batch, in their order."""

    def training_state(self) -> TrainingState:
        """Return optimizer, position and seeds; empty tensors before the first step."""

    def restore(self, state: TrainingState) -> None:
        """Take up a state that `training_state` returned."""

    def save(self, folder: Path) -> None:
        """Write the weights as safetensors into an existing folder."""

    @classmethod
    def load(cls, config: Any, folder: Path) -> Self:
        """Read what `save` wrote; raise BrokenState when names or shapes differ."""
