"""One pipeline: whatever a pool's pixels were, its renditions have one shape and depth."""

import numpy as np
import pytest

from review.blinding.canonical import RenditionSpec, effective_bits, render_pixels
from review.blinding.errors import BlindingError

RANDOM = np.random.default_rng(3)
RGB = RANDOM.integers(0, 256, (90, 120, 3), dtype=np.uint8)
GREY = RANDOM.integers(0, 256, (64, 64), dtype=np.uint8)
DEEP = RANDOM.integers(0, 65536, (100, 80), dtype=np.uint16)


@pytest.mark.parametrize("pixels", [RGB, GREY, DEEP], ids=["rgb", "grey", "16 bit"])
@pytest.mark.parametrize(
    ("spec", "shape", "dtype"),
    [
        (RenditionSpec(64, "rgb"), (64, 64, 3), np.uint8),
        (RenditionSpec(32, "grey"), (32, 32), np.uint8),
        (RenditionSpec(48, "grey", bits=12), (48, 48), np.uint16),
        (RenditionSpec(64, "rgb", jpeg_quality=80), (64, 64, 3), np.uint8),
    ],
)
def test_every_source_ends_in_one_form(
    pixels: np.ndarray, spec: RenditionSpec, shape: tuple[int, ...], dtype: type
) -> None:
    rendered = render_pixels(pixels, spec)

    assert rendered.shape == shape
    assert rendered.dtype == dtype
    assert int(rendered.max()) < 2**spec.bits


def test_a_fitting_image_passes_unchanged() -> None:
    assert (render_pixels(GREY, RenditionSpec(64, "grey")) == GREY).all()


def test_grey_stored_as_colour_gives_the_same_film() -> None:
    as_colour = np.repeat(GREY[..., None], 3, axis=2)
    spec = RenditionSpec(40, "grey")

    assert (render_pixels(as_colour, spec) == render_pixels(GREY, spec)).all()


def test_cuts_the_centre_square() -> None:
    pixels = np.zeros((10, 30), dtype=np.uint8)
    pixels[:, 10:20] = 255

    assert (render_pixels(pixels, RenditionSpec(10, "grey")) == 255).all()


def test_depth_is_scaled_from_full_range_to_full_range() -> None:
    ends = np.array([[0, 65535] * 8] * 16, dtype=np.uint16)

    shallow = render_pixels(ends, RenditionSpec(16, "grey", bits=8))
    deep = render_pixels(ends, RenditionSpec(16, "grey", bits=12))

    assert set(np.unique(shallow)) == {0, 255}
    assert set(np.unique(deep)) == {0, 4095}


def test_a_12_bit_film_in_a_16_bit_file_keeps_every_level() -> None:
    film = np.arange(4096, dtype=np.uint16).reshape(64, 64)

    same = render_pixels(film, RenditionSpec(64, "grey", bits=12), source_bits=12)
    shallow = render_pixels(film, RenditionSpec(64, "grey", bits=8), source_bits=12)

    assert (same == film).all()
    assert (shallow.min(), shallow.max()) == (0, 255)


@pytest.mark.parametrize(
    ("highest", "bits"), [(0, 8), (255, 8), (256, 10), (4095, 12), (4096, 14), (65535, 16)]
)
def test_depth_of_a_pool_by_its_highest_value(highest: int, bits: int) -> None:
    assert effective_bits(highest) == bits


@pytest.mark.parametrize(
    "wrong",
    [{"size": 4, "colour": "rgb"}, {"size": 64, "colour": "rgb", "bits": 12},
     {"size": 64, "colour": "grey", "bits": 10, "jpeg_quality": 90}],
)  # fmt: skip
def test_refuses_impossible_parts(wrong: dict[str, object]) -> None:
    with pytest.raises(BlindingError, match="take"):
        RenditionSpec(**wrong)  # type: ignore[arg-type]
