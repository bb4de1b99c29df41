"""Constant length and nothing but pixels in the bytes that travel."""

import numpy as np
import pytest

from review.blinding.container import pack_film, pack_png, unpack_film, unpack_rendition
from review.blinding.errors import BlindingError
from review.blinding.features import measure_rendition

RANDOM = np.random.default_rng(4)


@pytest.mark.parametrize(
    ("shape", "length"), [((64, 64, 3), 12_420), ((512, 512), 262_812), ((128, 128, 3), None)]
)
def test_png_length_depends_on_shape_alone(shape: tuple[int, ...], length: int | None) -> None:
    images = [
        np.zeros(shape, np.uint8),
        np.full(shape, 255, np.uint8),
        RANDOM.integers(0, 256, shape, dtype=np.uint8),
    ]

    lengths = {len(pack_png(image)) for image in images}

    assert len(lengths) == 1
    assert length is None or lengths == {length}


def test_png_holds_only_what_draws_it() -> None:
    pixels = RANDOM.integers(0, 256, (512, 512, 3), dtype=np.uint8)
    packed = pack_png(pixels)

    names = measure_rendition(packed).container["structure"].split()

    assert set(names) == {"IHDR", "IDAT", "IEND"}
    assert (unpack_rendition(packed) == pixels).all()


def test_film_is_a_header_and_little_endian_rows() -> None:
    film = np.array([[1, 2, 3], [256, 4094, 4095]], dtype=np.uint16)

    packed = pack_film(film, 12)

    assert packed[:16] == b"SMBF" + bytes([3, 0, 0, 0, 2, 0, 0, 0, 12, 0, 0, 0])
    assert packed[16:] == bytes([1, 0, 2, 0, 3, 0, 0, 1, 254, 15, 255, 15])
    assert (unpack_film(packed)[0] == film).all()
    assert unpack_film(packed)[1] == 12


def test_film_refuses_values_above_its_depth_and_a_lying_header() -> None:
    with pytest.raises(BlindingError, match="below 4096"):
        pack_film(np.full((2, 2), 4096, np.uint16), 12)
    with pytest.raises(BlindingError, match="does not agree"):
        unpack_film(pack_film(np.zeros((2, 2), np.uint16), 8) + b"x")
