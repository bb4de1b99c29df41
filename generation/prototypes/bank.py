"""The bank of learned prototypes: what it knows, how it is stored and what may be asked of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generation.families.cards import publishing, read_card, write_card
from generation.families.config import config_from_json, require
from generation.families.errors import BrokenState
from generation.prototypes.cpl import nearest_own_prototype, prototype_shares
from generation.prototypes.encoders import EMBEDDED, EmbeddedEncoder, Encoder
from generation.prototypes.errors import ForeignPrototypes

_FORMAT = 1


@dataclass(frozen=True)
class CPLConfig:
    """Configure prototype learning.

    `prototypes` is K per class, `gamma` the hardness of eq. 10, `weight` the lambda of eq. 14.
    `dimension` is d of the embedded encoder; a frozen encoder brings its own.
    """

    prototypes: int = 1
    dimension: int = 64
    gamma: float = 1.0
    weight: float = 0.001
    steps: int = 300
    batch: int = 64
    learning_rate: float = 5e-3

    def __post_init__(self) -> None:
        require(self.prototypes >= 1, "prototypes per class must be at least 1.")
        require(self.steps >= 1 and self.batch >= 1, "steps and batch must be at least 1.")
        require(self.gamma > 0 and self.weight >= 0, "gamma must be positive, weight not negative.")


@dataclass(frozen=True)
class PrototypeBank:
    """Hold K prototypes for each class in the space of one encoder.

    prototypes: float32 (C, K, d). shares: float64 (C, K), pi_ck of the real images learned from.
    accuracy: share of those images whose most probable class (eq. 11) is their own.
    """

    prototypes: Tensor
    shares: Tensor
    classes: tuple[str, ...]
    encoder: Encoder
    config: CPLConfig
    accuracy: float
    seed: int

    @property
    def table(self) -> Tensor:
        """Return the prototypes as rows class * K + k: (C * K, d)."""
        return self.prototypes.flatten(0, 1)

    def assign(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the row of each image's nearest prototype of its own class: int64 (n,)."""
        nearest = nearest_own_prototype(self.encoder.encode(images), labels, self.prototypes)
        return labels * self.config.prototypes + nearest

    def shares_of(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return pi_ck of other real images: float64 (C, K)."""
        nearest = self.assign(images, labels) - labels * self.config.prototypes
        return prototype_shares(nearest, labels, (len(self.classes), self.config.prototypes))

    def card(self) -> dict[str, Any]:
        """Return what the bank is, without the hashes of its files."""
        return {
            "kind": "prototype_bank",
            "format": _FORMAT,
            "classes": list(self.classes),
            "dimension": int(self.prototypes.shape[2]),
            "encoder": {
                "name": self.encoder.name,
                "sha256": self.encoder.fingerprint(),
                "channels": getattr(self.encoder, "channels", 3),
            },
            "config": asdict(self.config),
            "shares": self.shares.tolist(),
            "accuracy": self.accuracy,
            "seed": self.seed,
        }

    def save(self, folder: Path) -> str:
        """Write the bank as a folder in one step and return the hash of its card."""
        from safetensors.torch import save_file

        with publishing(folder) as scratch:
            save_file({"prototypes": self.prototypes.contiguous()}, scratch / "bank.safetensors")
            if isinstance(self.encoder, EmbeddedEncoder):
                self.encoder.save(scratch / "encoder.safetensors")
            return write_card(scratch, self.card())

    @classmethod
    def load(
        cls, folder: Path, *, expected: str | None = None, encoder: Encoder | None = None
    ) -> PrototypeBank:
        """Read a bank; a frozen encoder must be given and must be the very one on the card."""
        from safetensors.torch import load_file

        card = read_card(folder, expected)
        if card.get("kind") != "prototype_bank" or card.get("format") != _FORMAT:
            raise BrokenState(f"{folder} is no prototype bank of format {_FORMAT}.")
        config = config_from_json(CPLConfig, card["config"])
        prototypes = load_file(folder / "bank.safetensors")["prototypes"]
        expected_shape = (len(card["classes"]), config.prototypes, card["dimension"])
        if tuple(prototypes.shape) != expected_shape:
            raise BrokenState(f"Prototypes are {tuple(prototypes.shape)}, not {expected_shape}.")
        found = encoder or _stored_encoder(folder, card)
        if found.fingerprint() != card["encoder"]["sha256"]:
            raise ForeignPrototypes(
                f"The bank was learned with encoder {card['encoder']['sha256'][:12]}, "
                f"not {found.fingerprint()[:12]}; prototypes of two encoders are not comparable."
            )
        return cls(
            prototypes=prototypes,
            shares=torch.tensor(card["shares"], dtype=torch.float64),
            classes=tuple(card["classes"]),
            encoder=found,
            config=config,
            accuracy=float(card["accuracy"]),
            seed=int(card["seed"]),
        )


def _stored_encoder(folder: Path, card: dict[str, Any]) -> Encoder:
    """Return the embedded encoder that lies beside the prototypes."""
    if card["encoder"]["name"] != EMBEDDED:
        raise ForeignPrototypes(
            f"The bank needs the encoder {card['encoder']['name']!r}; give it when loading."
        )
    path = folder / "encoder.safetensors"
    return EmbeddedEncoder.load(path, card["encoder"]["channels"], card["dimension"])
