"""Folders that prove their content, and refuse every kind of change."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generation.families.cards import CARD, publishing, read_card, write_card
from generation.families.errors import BrokenState


def _folder(path: Path) -> tuple[Path, str]:
    with publishing(path) as scratch:
        save_file({"w": torch.ones(3)}, scratch / "w.safetensors")
        digest = write_card(scratch, {"kind": "test"})
    return path, digest


def test_accepts_its_own_folder(tmp_path: Path) -> None:
    folder, digest = _folder(tmp_path / "a")

    assert read_card(folder, digest)["kind"] == "test"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda f: (f / CARD).unlink(), "never finished"),
        (lambda f: (f / "w.safetensors").write_bytes(b"x"), "altered"),
        (lambda f: (f / "w.safetensors").unlink(), "differ"),
        (lambda f: (f / "extra.txt").write_text("hello"), "differ"),
        (lambda f: (f / "link").symlink_to("/etc/hostname"), "link"),
        (lambda f: write_card(f, {"kind": "other"}), "registered"),
    ],
)
def test_refuses_a_changed_folder(
    tmp_path: Path, damage: Callable[[Path], object], reason: str
) -> None:
    folder, digest = _folder(tmp_path / "a")
    damage(folder)

    with pytest.raises(BrokenState, match=reason):
        read_card(folder, digest)


def test_refuses_a_pickle_under_a_weights_name(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(pickle.dumps({"w": [1, 2, 3]}))
    digest = write_card(tmp_path, {})

    with pytest.raises(BrokenState, match="not a safetensors file"):
        read_card(tmp_path, digest)


def test_failed_write_leaves_the_old_folder_and_no_scratch(tmp_path: Path) -> None:
    folder, digest = _folder(tmp_path / "a")

    with pytest.raises(RuntimeError, match="power"), publishing(folder) as scratch:
        (scratch / "half").write_text("half")
        raise RuntimeError("power cut")

    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert read_card(folder, digest)
