"""Storing a bank and refusing one that belongs to another encoder."""

from pathlib import Path

import pytest
import torch

from generation.families.errors import BrokenState
from generation.prototypes.bank import PrototypeBank
from generation.prototypes.encoders import EmbeddedEncoder
from generation.prototypes.errors import ForeignPrototypes
from generation.prototypes.learn import learn_bank
from tests.generation.prototypes.worlds import QUICK, real_squares


@pytest.fixture(scope="module")
def bank() -> PrototypeBank:
    return learn_bank(real_squares(), QUICK, seed=1)


def test_survives_storage(bank: PrototypeBank, tmp_path: Path) -> None:
    digest = bank.save(tmp_path / "bank")
    images = real_squares().images

    loaded = PrototypeBank.load(tmp_path / "bank", expected=digest)

    assert torch.equal(loaded.prototypes, bank.prototypes)
    assert torch.equal(loaded.encoder.encode(images), bank.encoder.encode(images))
    assert loaded.card() == bank.card()


def test_refuses_another_encoder(bank: PrototypeBank, tmp_path: Path) -> None:
    bank.save(tmp_path / "bank")

    with pytest.raises(ForeignPrototypes, match="not comparable"):
        PrototypeBank.load(tmp_path / "bank", encoder=EmbeddedEncoder.untrained(3, 16, seed=5))


def test_refuses_altered_prototypes(bank: PrototypeBank, tmp_path: Path) -> None:
    bank.save(tmp_path / "bank")
    (tmp_path / "bank" / "bank.safetensors").write_bytes(b"0" * 64)

    with pytest.raises(BrokenState, match="altered"):
        PrototypeBank.load(tmp_path / "bank")
