"""Checkpoints: a folder of safetensors and JSON whose card proves every byte.

model.safetensors  ema.safetensors  prototypes.safetensors
train_state/       optimizer.safetensors, state.json: all that is needed to train on
card.json          what it is, and the SHA-256 of every file; its hash is the checkpoint's id
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generation.engine.errors import CheckpointRefused
from generation.families.cards import card_hash, publishing, read_card, write_card
from generation.families.config import config_to_json
from generation.families.errors import BrokenState, GenerationError
from generation.families.interface import Family, TrainingState
from generation.families.registry import get_family

_FORMAT = 1


@dataclass(frozen=True)
class Origin:
    """Say what a checkpoint was made from; no times, so that equal trainings give equal cards."""

    family: str
    preset: str
    classes: tuple[str, ...]
    manifest_sha256: str
    seed: int
    domain: str = ""
    bank_sha256: str = ""
    encoder_sha256: str = ""
    licence: str = ""
    parent: str = ""
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LoadedCheckpoint:
    """Hold a checked checkpoint: the model, its card and the card's hash."""

    family: Family
    card: dict[str, Any]
    sha256: str

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the class codes in the order of the model's table."""
        return tuple(self.card["classes"])


def save_checkpoint(family: Family, folder: Path, origin: Origin) -> str:
    """Write a checkpoint in one step and return the hash of its card."""
    with publishing(folder) as scratch:
        family.save(scratch)
        state = family.training_state()
        _write_state(state, scratch / "train_state")
        return write_card(scratch, _card(family, state, origin))


def load_checkpoint(
    folder: Path,
    *,
    expected: str | None = None,
    classes: tuple[str, ...] | None = None,
    resume: bool = False,
) -> LoadedCheckpoint:
    """Read a checkpoint; raise CheckpointRefused on any mismatch.

    expected: the registered hash of the card. classes: the class list that the caller counts on.
    resume: take up optimizer and position too.
    """
    try:
        card = read_card(folder, expected)
        if card.get("kind") != "checkpoint" or card.get("format") != _FORMAT:
            raise BrokenState(f"{folder} is no checkpoint of format {_FORMAT}.")
        if classes is not None and list(classes) != card["classes"]:
            raise BrokenState(f"{folder} knows the classes {card['classes']}, not {list(classes)}.")
        entry = get_family(card["family"])
        family = entry.family().load(entry.config_from_json(card["config"]), folder)
        if resume:
            family.restore(_read_state(folder / "train_state"))
    except CheckpointRefused:
        raise
    except GenerationError as error:
        raise CheckpointRefused(f"Checkpoint refused: {error}") from error
    return LoadedCheckpoint(family, card, card_hash(folder))


def _card(family: Family, state: TrainingState, origin: Origin) -> dict[str, Any]:
    """Return the card without its file hashes."""
    return {
        "kind": "checkpoint",
        "format": _FORMAT,
        "family": origin.family,
        "preset": origin.preset,
        "config": config_to_json(family.config),
        "step": int(state.numbers["step"]),
        "classes": list(origin.classes),
        "domain": origin.domain,
        "manifest_sha256": origin.manifest_sha256,
        "bank_sha256": origin.bank_sha256,
        "encoder_sha256": origin.encoder_sha256,
        "licence": origin.licence,
        "parent": origin.parent,
        "seed": origin.seed,
        "metrics": origin.metrics,
    }


def _write_state(state: TrainingState, folder: Path) -> None:
    """Write the training state; a scalar of AdamW is a tensor like any other."""
    from safetensors.torch import save_file

    folder.mkdir()
    if state.tensors:
        save_file(state.tensors, folder / "optimizer.safetensors")
    (folder / "state.json").write_text(json.dumps(state.numbers, sort_keys=True))


def _read_state(folder: Path) -> TrainingState:
    """Read what `_write_state` wrote."""
    from safetensors.torch import load_file

    numbers = json.loads((folder / "state.json").read_text())
    path = folder / "optimizer.safetensors"
    return TrainingState(load_file(path) if path.exists() else {}, numbers)
