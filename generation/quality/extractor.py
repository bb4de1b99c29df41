"""What turns images into features: always named, always with the hash of its weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from generation.families.errors import GenerationError
from generation.quality.errors import MeasurementRefused
from generation.quality.models import Measurement
from generation.quality.reading import Preparation, read_blocks
from generation.quality.reference import Picture
from generation.training.models import Checkpoint
from generation.training.store import open_folder
from metrics.images.result import Extractor as Named

if TYPE_CHECKING:
    from generation.prototypes.encoders import Encoder

UNTRAINED = "untrained_cnn"
UNTRAINED_DIMENSION = 32
UNTRAINED_SEED = 0
LEARNED_ON = {
    Measurement.Extractor.BANK: "the training images of this generator",
    Measurement.Extractor.UNTRAINED: "nothing: fixed random weights",
}


@dataclass(frozen=True)
class Extractor:
    """An encoder with its name, the hash of its weights, and what it was trained on.

    Its features leave with mean 0 and variance 1 over training images: KID's cubic kernel sees
    nothing but means where features are small, and nothing but the longest where they are large.
    """

    encoder: Encoder
    name: str
    sha256: str
    dimension: int
    learned_on: str
    mean: np.ndarray | float = 0.0
    scale: np.ndarray | float = 1.0

    @property
    def named(self) -> Named:
        """Return what stands in every number that its features gave."""
        return Named(self.name, self.sha256)

    def standardised(
        self, images: Sequence[Picture], how: Preparation, on_read: Callable[[int], None]
    ) -> Extractor:
        """Return the same extractor with the mean and the scale of these images."""
        found = self.features(images, how, on_read)
        spread = found.std(axis=0)
        return replace(self, mean=found.mean(axis=0), scale=np.where(spread > 0, spread, 1.0))

    def features(
        self, images: Sequence[Picture], how: Preparation, on_read: Callable[[int], None]
    ) -> np.ndarray:
        """Return features float64 (n, d) of stored images, read in blocks."""
        import torch

        parts = [
            self.encoder.encode(torch.from_numpy(block.transpose(0, 3, 1, 2).copy())).numpy()
            for block in read_blocks(images, how, on_read)
        ]
        if not parts:
            return np.empty((0, self.dimension))
        return (np.concatenate(parts).astype(np.float64) - self.mean) / self.scale


def best_extractor(checkpoint: Checkpoint) -> str:
    """Return the kind that is taken when nobody chose: the bank's encoder where there is one."""
    kinds = Measurement.Extractor
    return kinds.BANK if checkpoint.bank is not None else kinds.UNTRAINED


def open_extractor(kind: str, checkpoint: Checkpoint, channels: int) -> Extractor:
    """Load an extractor. Raises MeasurementRefused when its weights are missing or altered."""
    encoder = _bank_encoder(checkpoint) if kind == Measurement.Extractor.BANK else _random(channels)
    return Extractor(
        encoder=encoder,
        name=encoder.name if kind == Measurement.Extractor.BANK else UNTRAINED,
        sha256=encoder.fingerprint(),
        dimension=encoder.dimension,
        learned_on=LEARNED_ON[Measurement.Extractor(kind)],
    )


def _random(channels: int) -> Encoder:
    from generation.prototypes.encoders import EmbeddedEncoder

    return EmbeddedEncoder.untrained(channels, UNTRAINED_DIMENSION, UNTRAINED_SEED)


def _bank_encoder(checkpoint: Checkpoint) -> Encoder:
    from generation.prototypes.bank import PrototypeBank

    bank = checkpoint.bank
    if bank is None:
        raise MeasurementRefused(
            f"Checkpoint {checkpoint.name!r} has no prototypes, so no encoder of theirs. Measure "
            "with the untrained network."
        )
    try:
        folder = open_folder(bank.storage_key)
        return PrototypeBank.load(folder, expected=bank.card_sha256).encoder
    except (OSError, GenerationError) as error:
        raise MeasurementRefused(
            f"The encoder {bank.encoder} {bank.encoder_sha256[:12]} of checkpoint "
            f"{checkpoint.name!r} cannot be loaded: {error} Restore it from the backup, or "
            "measure with the untrained network."
        ) from error
