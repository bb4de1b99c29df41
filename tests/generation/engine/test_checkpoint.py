"""Checkpoints: identical for identical trainings, refused when anything differs."""

from itertools import islice
from pathlib import Path

import pytest
import torch

from generation.engine.checkpoint import Origin, load_checkpoint, save_checkpoint
from generation.engine.errors import CheckpointRefused
from generation.families.interface import FitContext
from generation.families.prototype_ddpm import PrototypeDDPM
from tests.generation.families.worlds import coloured_squares, tiny_config

ORIGIN = Origin("prototype_ddpm", "tiny", ("A", "B", "C"), "m" * 64, seed=1, domain="cells")


def _trained(steps: int) -> PrototypeDDPM:
    family = PrototypeDDPM.build(tiny_config(steps=6), seed=1)
    for _ in islice(family.fit(coloured_squares(), FitContext(seed=2)), steps):
        pass
    return family


def test_equal_trainings_have_equal_cards(tmp_path: Path) -> None:
    cards = [save_checkpoint(_trained(2), tmp_path / name, ORIGIN) for name in "ab"]

    assert cards[0] == cards[1]


def test_resumes_to_the_identical_checkpoint(tmp_path: Path) -> None:
    unbroken = save_checkpoint(_trained(6), tmp_path / "whole", ORIGIN)
    save_checkpoint(_trained(3), tmp_path / "half", ORIGIN)

    resumed = load_checkpoint(tmp_path / "half", resume=True).family
    for _ in resumed.fit(coloured_squares(), FitContext(seed=2)):
        pass

    assert save_checkpoint(resumed, tmp_path / "half", ORIGIN) == unbroken


def test_refuses_another_card_and_other_classes(tmp_path: Path) -> None:
    save_checkpoint(_trained(1), tmp_path / "c", ORIGIN)

    with pytest.raises(CheckpointRefused, match="registered"):
        load_checkpoint(tmp_path / "c", expected="0" * 64)
    with pytest.raises(CheckpointRefused, match="classes"):
        load_checkpoint(tmp_path / "c", classes=("B", "A", "C"))


def test_refuses_altered_weights_and_unfinished_folders(tmp_path: Path) -> None:
    save_checkpoint(_trained(1), tmp_path / "c", ORIGIN)
    with (tmp_path / "c" / "ema.safetensors").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"evil")

    with pytest.raises(CheckpointRefused, match="altered"):
        load_checkpoint(tmp_path / "c")
    with pytest.raises(CheckpointRefused, match="never finished"):
        load_checkpoint(tmp_path / "nowhere")


def test_card_says_what_it_is(tmp_path: Path) -> None:
    save_checkpoint(_trained(2), tmp_path / "c", ORIGIN)

    loaded = load_checkpoint(tmp_path / "c")

    assert loaded.classes == ("A", "B", "C")
    assert (loaded.card["step"], loaded.card["domain"]) == (2, "cells")
    assert torch.equal(
        dict(loaded.family.ema.state_dict())["prototypes"][-1],  # type: ignore[attr-defined]
        torch.zeros(16),
    )
