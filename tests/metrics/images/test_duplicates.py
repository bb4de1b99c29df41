"""Repeated images: equal pixels, near-equal hashes, what is neither."""

import io

import numpy as np
import pytest
from PIL import Image

from metrics.errors import InsufficientData
from metrics.images import (
    Duplicate,
    Fingerprint,
    duplicates,
    fingerprint,
    neighbours,
    perceptual_hash,
)
from metrics.images.duplicates import DISTANCE
from metrics.stats.proportions.binomial import wilson_limits
from tests.metrics.images.sets import pictures


def as_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    packed = io.BytesIO()
    Image.fromarray(image).save(packed, "JPEG", quality=quality)
    return np.array(Image.open(packed))


def bits(a: int | None, b: int | None) -> int:
    assert a is not None
    assert b is not None
    return (a ^ b).bit_count()


def texture(seed: int, side: int = 96) -> np.ndarray:
    """Draw an image whose amplitudes fall with the frequency, as those of photographs do."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    f[0, 0] = 1.0
    image = np.fft.ifft2(np.fft.fft2(noise) / f).real
    return np.clip(128 + 40 * (image - image.mean()) / image.std(), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(8))
def test_the_hash_survives_what_leaves_the_image_as_it_is(seed: int) -> None:
    image = texture(seed)
    own = perceptual_hash(image)
    assert bits(own, perceptual_hash((image * 0.6 + 20).round().astype(np.uint8))) <= DISTANCE
    assert bits(own, perceptual_hash(as_jpeg(image, 60))) <= DISTANCE
    half = image.reshape(48, 2, 48, 2).mean(axis=(1, 3))
    assert bits(own, perceptual_hash(half)) <= DISTANCE
    assert bits(own, perceptual_hash(np.stack([image] * 3, axis=2))) <= DISTANCE
    assert bits(own, perceptual_hash(texture(seed + 100))) > 3 * DISTANCE


def test_the_hash_is_that_of_the_low_cosines() -> None:
    image = pictures(1, 32, 5)[0].astype(float)
    u = np.arange(32)
    basis = np.cos(np.pi * np.outer(np.arange(8), 2 * u + 1) / 64)
    low = (basis @ image @ basis.T).ravel()
    marks = low > np.median(low)
    assert perceptual_hash(image) == int("".join("01"[int(mark)] for mark in marks), 2)


def test_equal_pixels_pair_with_the_first() -> None:
    x = list(pictures(6, 40, 1))
    x[4] = x[1].copy()
    x[5] = x[1].copy()
    found = duplicates(x)
    assert found.pairs == (Duplicate(1, 4, "pixels", 0), Duplicate(1, 5, "pixels", 0))
    assert (found.n_pixels, found.n_perceptual, found.n_pairs) == (3, 0, 2)
    assert found.estimate == 0.5
    assert "3 of 6 images repeat the pixels" in found.sentence


def test_against_training_images() -> None:
    train, drawn = pictures(5, 40, 1), list(pictures(7, 40, 2))
    drawn[2] = train[3].copy()
    drawn[6] = as_jpeg(train[0], 80)
    found = duplicates(drawn, train, distance=8)
    assert [(one.image, one.other, one.kind) for one in found.pairs] == [
        (2, 3, "pixels"),
        (6, 0, "perceptual"),
    ]
    assert found.counts == {"images": 7, "compared with": 5}
    assert found.estimate == pytest.approx(2 / 7)
    assert duplicates(map(fingerprint, drawn), map(fingerprint, train), distance=8) == found


def test_no_copies_found_never_says_private() -> None:
    found = duplicates(pictures(30, 40, 3))
    assert found.sentence == "No copies found at threshold 4 of 64 bits among 30 images."
    assert found.high > 0


def test_shape_and_type_tell_pixels_apart() -> None:
    x = np.arange(64, dtype=np.uint8).reshape(8, 8)
    assert fingerprint(x).pixels != fingerprint(x.reshape(4, 16)).pixels
    assert fingerprint(x).pixels != fingerprint(x.astype(np.uint16)).pixels
    assert fingerprint(x).pixels == fingerprint(x.T.copy().T).pixels


def test_flat_images_are_compared_by_pixels_only() -> None:
    black, grey = np.zeros((20, 20), dtype=np.uint8), np.full((20, 20), 99, dtype=np.uint8)
    found = duplicates([black, grey, grey])
    assert found.n_pairs == found.n_flat - 2 == 1
    assert found.warnings == ("3 images of one grey: compared by pixels only",)


def test_all_pairs_are_counted_some_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    image = pictures(1, 64, 4)[0]
    x = [np.clip(image.astype(int) + k, 0, 255).astype(np.uint8) for k in range(8)]
    found = duplicates(x, distance=10, most=5)
    assert found.n_pairs == 28
    assert len(found.pairs) == 5
    assert found.n_perceptual == 8
    assert [one.bits for one in found.pairs] == sorted(one.bits for one in found.pairs)
    monkeypatch.setattr(neighbours, "_BLOCK", 8)
    again = duplicates(x, distance=10, most=5)
    assert (again.n_pairs, again.n_perceptual) == (28, 8)


def test_a_collapsed_generator_is_counted_whole() -> None:
    found = duplicates([pictures(1, 16, 1)[0]] * 300)
    assert found.n_pairs == 299
    assert found.n_pixels == 300
    assert len(found.pairs) == 100


def test_limits_count_that_twins_are_found_together() -> None:
    rng, found = np.random.default_rng(3), []
    for _ in range(300):
        codes = rng.integers(0, 150, 40)
        found.append(duplicates([Fingerprint(str(code), None) for code in codes], most=0))
    mean = np.mean([one.estimate for one in found])
    assert mean == pytest.approx(1 - (149 / 150) ** 39, abs=0.02)
    assert 0.93 < np.mean([one.low <= mean <= one.high for one in found]) < 1
    against = duplicates([Fingerprint("a", None)] * 3, [Fingerprint("a", None)])
    assert (against.low, against.high) == wilson_limits(3, 3, 0.95)


def test_mistakes_are_named() -> None:
    x = list(pictures(3, 16, 1))
    with pytest.raises(InsufficientData, match="1 images and 1 to compare with"):
        duplicates(x[:1])
    with pytest.raises(InsufficientData, match="3 images and 0 to compare with"):
        duplicates(x, [])
    with pytest.raises(ValueError, match="distance is 64"):
        duplicates(x, distance=64)
    with pytest.raises(ValueError, match=r"shape \(16,\)"):
        duplicates([*x, x[0][0]])
    with pytest.raises(ValueError, match="4 NaN or infinite pixels"):
        duplicates([*x, np.full((2, 2), np.nan)])
