"""Preparation of real images and the symmetries that a domain allows."""

import numpy as np
import pytest
import torch

from generation.families.errors import UnfitImages
from generation.families.interface import Augmentation
from generation.families.pixels import augment, pixel_hash, prepare_image, to_pixels, to_unit


def test_crops_the_centre_before_it_resizes() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[5:35, 15:45] = 200  # the centre three quarters of the short side

    prepared = prepare_image(image, size=16, crop=0.75, channels=3)

    assert prepared.shape == (16, 16, 3)
    assert prepared.min() == prepared.max() == 200


@pytest.mark.parametrize("shape", [(20, 20), (20, 20, 1), (20, 20, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_fits_the_channels(shape: tuple[int, ...], channels: int) -> None:
    prepared = prepare_image(np.full(shape, 9, np.uint8), size=8, crop=1.0, channels=channels)

    assert prepared.shape == (8, 8, channels)


def test_refuses_other_number_formats() -> None:
    with pytest.raises(UnfitImages, match="float64"):
        prepare_image(np.zeros((8, 8)), size=8, crop=1.0, channels=3)


def test_unit_range_and_back_is_exact() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)

    assert np.array_equal(to_pixels(to_unit(levels))[0, ..., 0], levels[0, 0].numpy())


def test_no_allowed_symmetry_leaves_every_image_as_it_is() -> None:
    images = torch.randint(0, 255, (8, 1, 4, 4), dtype=torch.uint8)

    turned = augment(images, Augmentation(), torch.Generator().manual_seed(0))

    assert torch.equal(turned, images)


def test_horizontal_only_never_turns_an_image_upside_down() -> None:
    image = torch.arange(16, dtype=torch.uint8).view(1, 1, 4, 4).expand(32, -1, -1, -1)

    turned = augment(image, Augmentation(horizontal=True), torch.Generator().manual_seed(0))

    kinds = {tuple(one.flatten().tolist()) for one in turned}
    assert kinds == {tuple(image[0].flatten().tolist()), tuple(image[0].flip(2).flatten().tolist())}


def test_hash_sees_pixels_and_shape() -> None:
    wide, tall = np.zeros((2, 8, 3), np.uint8), np.zeros((8, 2, 3), np.uint8)

    assert pixel_hash(wide) == pixel_hash(wide.copy()) != pixel_hash(tall)
