"""Encoders f(x): the embedded small CNN, and any local vision model of the transformers library."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from generation.families.errors import BrokenState
from generation.families.pixels import to_unit
from generation.prototypes.errors import UnusableEncoder
from generation.prototypes.networks import SmallCNN, seeded_network

EMBEDDED = "embedded_cnn"
CLIP = "clip_vit_l14"


class Encoder(Protocol):
    """Turn prepared images into features that distances are taken between."""

    name: str
    dimension: int

    def encode(self, images: Tensor) -> Tensor:
        """Return features float32 (n, d) of uint8 images (n, c, s, s)."""

    def fingerprint(self) -> str:
        """Return a hash of the weights; features of different fingerprints are never compared."""


class EmbeddedEncoder:
    """The small CNN that convolutional prototype learning trains together with the prototypes."""

    name = EMBEDDED

    def __init__(self, network: SmallCNN, channels: int) -> None:
        self.network = network.eval()
        self.channels = channels
        self.dimension = network.head.out_features

    @classmethod
    def untrained(cls, channels: int, dimension: int, seed: int) -> EmbeddedEncoder:
        """Return an encoder whose weights are a function of the seed."""
        return cls(seeded_network(channels, dimension, seed), channels)

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Return features (n, d)."""
        self.network.eval()
        return torch.cat([self.network(to_unit(part)) for part in images.split(256)])

    def fingerprint(self) -> str:
        """Return the hash of the weights."""
        return weights_hash(self.network.state_dict())

    def save(self, path: Path) -> None:
        """Write the weights as safetensors."""
        from safetensors.torch import save_file

        weights = {name: value.contiguous() for name, value in self.network.state_dict().items()}
        save_file(weights, path)

    @classmethod
    def load(cls, path: Path, channels: int, dimension: int) -> EmbeddedEncoder:
        """Read weights; raise BrokenState when they do not fit."""
        from safetensors.torch import load_file

        encoder = cls.untrained(channels, dimension, seed=0)
        try:
            encoder.network.load_state_dict(load_file(path))
        except RuntimeError as error:
            raise BrokenState(f"{path} does not fit the bank's card: {error}") from error
        return encoder


class LocalVisionEncoder:
    """A frozen vision model from a local folder, such as CLIP ViT-L/14 (768 dimensions).

    Reads only that folder: no network, no remote code, safetensors weights only.
    """

    def __init__(self, folder: Path, name: str = CLIP) -> None:
        from transformers import AutoConfig, AutoModel, CLIPVisionModelWithProjection

        if not (folder / "config.json").is_file():
            raise UnusableEncoder(f"{folder} holds no config.json of a vision model.")
        options: dict[str, Any] = {
            "local_files_only": True,
            "use_safetensors": True,
            "trust_remote_code": False,
        }
        kind = AutoConfig.from_pretrained(folder, **_without(options, "use_safetensors")).model_type
        loader = CLIPVisionModelWithProjection if kind.startswith("clip") else AutoModel
        try:
            self.model = loader.from_pretrained(folder, **options).eval().requires_grad_(False)
        except (OSError, ValueError) as error:
            raise UnusableEncoder(f"{folder} cannot be loaded: {error}") from error
        self.name = name
        self.size = int(getattr(self.model.config, "image_size", 224))
        self.mean, self.std = _normalisation(folder)
        blank = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
        self.dimension = int(self.encode(blank).shape[1])

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Return features (n, d): projected image embeddings for CLIP, else the pooled output."""
        return torch.cat([self._encode(part) for part in images.split(32)])

    def _encode(self, images: Tensor) -> Tensor:
        colour = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
        pixels = torch.nn.functional.interpolate(
            colour.float() / 255, size=(self.size, self.size), mode="bicubic", antialias=True
        )
        output = self.model(pixel_values=(pixels.clamp(0, 1) - self.mean) / self.std)
        embeds = getattr(output, "image_embeds", None)
        features: Tensor = output.pooler_output if embeds is None else embeds
        return features.float()

    def fingerprint(self) -> str:
        """Return the hash of the weights."""
        return weights_hash(self.model.state_dict())


def weights_hash(weights: dict[str, Tensor]) -> str:
    """Return SHA-256 over names, shapes and bytes of all tensors, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        value = weights[name].detach().to("cpu").contiguous()
        digest.update(f"{name}:{value.dtype}:{tuple(value.shape)}:".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _without(options: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key != name}


def _normalisation(folder: Path) -> tuple[Tensor, Tensor]:
    """Return the mean and standard deviation (1, 3, 1, 1) that the model was trained with."""
    import json

    path = folder / "preprocessor_config.json"
    stored = json.loads(path.read_text()) if path.is_file() else {}
    # CLIP's own constants, for folders that come without a preprocessor file.
    mean = stored.get("image_mean", (0.48145466, 0.4578275, 0.40821073))
    std = stored.get("image_std", (0.26862954, 0.26130258, 0.27577711))
    return torch.tensor(mean).view(1, 3, 1, 1), torch.tensor(std).view(1, 3, 1, 1)
