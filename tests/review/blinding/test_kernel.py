"""The reading screen's kernel: exact values, so that its JavaScript twin can be held against it."""

import numpy as np
import pytest

from review.blinding.errors import BlindingError
from review.blinding.kernel import tap_weights, upscale_catmull_rom


def test_weights_are_catmull_rom_and_sum_to_one() -> None:
    assert tap_weights(0.0) == (0.0, 1.0, 0.0, 0.0)
    assert tap_weights(0.5) == (-0.0625, 0.5625, 0.5625, -0.0625)
    assert all(abs(sum(tap_weights(t)) - 1) < 1e-15 for t in np.linspace(0, 1, 17)[:-1])


def test_a_hand_worked_step_edge() -> None:
    """0 0 255 255 doubled: samples at .25 and .75 between the taps, edges repeated."""
    row = np.array([[[0], [0], [255], [255]]], dtype=np.uint8)

    doubled = upscale_catmull_rom(row, 2)[0, :, 0]

    weights = tap_weights(0.25)
    inner = int(np.floor(255 * (weights[2] + weights[3]) + 0.5))
    assert doubled.tolist() == [0, 0, 0, inner, 255 - inner, 255, 255, 255]


def test_scale_one_changes_nothing_and_flat_stays_flat() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)

    assert (upscale_catmull_rom(pixels, 1) == pixels).all()
    assert (upscale_catmull_rom(np.full((4, 4, 1), 201, np.uint8), 8) == 201).all()


@pytest.mark.parametrize("scale", [2, 3, 8])
def test_commutes_with_turning_the_image(scale: int) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (6, 6, 1), dtype=np.uint8)

    turned = upscale_catmull_rom(pixels[::-1, ::-1], scale)[::-1, ::-1]

    assert np.abs(turned.astype(int) - upscale_catmull_rom(pixels, scale)).max() <= (scale == 3)


def test_refuses_other_shapes() -> None:
    with pytest.raises(BlindingError, match=r"takes \(h, w, c\) uint8"):
        upscale_catmull_rom(np.zeros((4, 4), dtype=np.uint8), 2)
