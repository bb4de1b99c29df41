"""The embedded encoder, and a CLIP vision model read from a local folder."""

from pathlib import Path

import pytest
import torch

from generation.prototypes.bank import PrototypeBank
from generation.prototypes.encoders import EmbeddedEncoder, LocalVisionEncoder
from generation.prototypes.errors import ForeignPrototypes, UnusableEncoder
from generation.prototypes.learn import learn_bank
from tests.generation.prototypes.worlds import QUICK, real_squares


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a real, if very small, CLIP vision model of random weights."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    folder = tmp_path_factory.mktemp("clip")
    config = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        projection_dim=24,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder)
    return folder


def test_features_do_not_depend_on_the_neighbours() -> None:
    encoder = EmbeddedEncoder.untrained(3, 16, seed=1)
    images = real_squares().images

    together, alone = encoder.encode(images)[:1], encoder.encode(images[:1])

    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_local_clip_encodes_and_carries_a_bank(clip_folder: Path, tmp_path: Path) -> None:
    encoder = LocalVisionEncoder(clip_folder)
    bank = learn_bank(real_squares(), QUICK, seed=1, encoder=encoder)
    bank.save(tmp_path / "bank")

    assert bank.table.shape == (6, 24)
    assert bank.accuracy > 0.9
    with pytest.raises(ForeignPrototypes, match="clip_vit_l14"):
        PrototypeBank.load(tmp_path / "bank")
    again = PrototypeBank.load(tmp_path / "bank", encoder=LocalVisionEncoder(clip_folder))
    assert torch.equal(again.prototypes, bank.prototypes)


def test_grey_images_are_spread_over_the_colours(clip_folder: Path) -> None:
    grey = real_squares().images[:2, :1]

    assert LocalVisionEncoder(clip_folder).encode(grey).shape == (2, 24)


def test_refuses_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(UnusableEncoder, match=r"config\.json"):
        LocalVisionEncoder(tmp_path)
