"""Likeness of two images: a slow twin, other software, laws, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.errors import InsufficientData
from metrics.images import ms_ssim, psnr, similarity, ssim
from tests.metrics.images.sets import pictures, seeds


def noisy(image: np.ndarray, seed: int, spread: float = 12.0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, spread, image.shape)
    return np.clip(image + noise, 0, 255).round().astype(np.uint8)


def slow(x: np.ndarray, y: np.ndarray, span: float) -> float:
    """Go window by window, with weighted moments about the weighted mean."""
    offsets = np.arange(-5, 6)
    w = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    w /= w.sum()
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    values = []
    for i in range(x.shape[0] - 10):
        for j in range(x.shape[1] - 10):
            a, b = (part[i : i + 11, j : j + 11].astype(float) for part in (x, y))
            ma, mb = (w * a).sum(), (w * b).sum()
            va, vb = (w * (a - ma) ** 2).sum(), (w * (b - mb) ** 2).sum()
            cov = (w * (a - ma) * (b - mb)).sum()
            values.append(
                (2 * ma * mb + c1) * (2 * cov + c2) / (ma**2 + mb**2 + c1) / (va + vb + c2)
            )
    return float(np.mean(values))


def test_equals_the_definition() -> None:
    x = pictures(1, 26, 1)[0][:, :20]
    assert ssim(x, noisy(x, 1)) == pytest.approx(slow(x, noisy(x, 1), 255), abs=1e-12)


def test_equals_other_software() -> None:
    import torch
    from monai.metrics import MultiScaleSSIMMetric, SSIMMetric

    x = pictures(1, 200, 2)[0]
    y = noisy(x, 3)
    pair = [torch.from_numpy(part.astype(np.float32))[None, None] for part in (x, y)]
    single = SSIMMetric(spatial_dims=2, data_range=255.0)(*pair)
    many = MultiScaleSSIMMetric(spatial_dims=2, data_range=255.0)(*pair)
    assert ssim(x, y) == pytest.approx(float(single), abs=1e-5)
    assert ms_ssim(x, y) == pytest.approx(float(many), abs=1e-5)


@given(seeds, st.sampled_from([ssim, psnr]))
@settings(max_examples=20, deadline=None)
def test_laws(seed: int, metric: object) -> None:
    x = pictures(1, 30, seed)[0]
    y = noisy(x, seed)
    found = metric(x, y)  # type: ignore[operator]
    assert metric(y, x) == pytest.approx(found)  # type: ignore[operator]
    assert metric(x.T, y.T) == pytest.approx(found)  # type: ignore[operator]
    stack = [np.stack([part] * 3, axis=2) for part in (x, y)]
    assert metric(*stack) == pytest.approx(found)  # type: ignore[operator]
    scaled = [part / 255 for part in (x, y)]
    assert metric(*scaled, data_range=1.0) == pytest.approx(found)  # type: ignore[operator]
    assert found > metric(x, noisy(x, seed, 60.0))  # type: ignore[operator]


def test_equal_images_are_alike_whole() -> None:
    x = pictures(1, 176, 1)[0]
    assert ssim(x, x) == pytest.approx(1)
    assert ms_ssim(x, x) == pytest.approx(1)
    assert psnr(x, x) == np.inf


def test_opposite_images_are_not_negative_in_ms_ssim() -> None:
    x = pictures(1, 180, 4)[0]
    assert ssim(x, 255 - x) < 0
    assert ms_ssim(x, 255 - x) == 0


def test_psnr_of_a_known_error() -> None:
    x = np.zeros((4, 4), dtype=np.uint8)
    assert psnr(x, x + np.uint8(10)) == pytest.approx(10 * np.log10(255**2 / 100))


@pytest.mark.parametrize(
    ("metric", "side", "words"),
    [
        (ssim, 10, "10 x 10 px; SSIM with its window of 11 px needs at least 11"),
        (ms_ssim, 175, "175 x 175 px; MS-SSIM with 5 scales needs at least 176"),
    ],
)
def test_too_small_images_are_named(metric: object, side: int, words: str) -> None:
    x = np.zeros((side, side), dtype=np.uint8)
    with pytest.raises(InsufficientData, match=words):
        metric(x, x)  # type: ignore[operator]
    larger = np.zeros((side + 1, side + 1), dtype=np.uint8)
    assert metric(larger, larger) == pytest.approx(1)  # type: ignore[operator]


SMALL = np.zeros((12, 12), dtype=np.uint8)


@pytest.mark.parametrize(
    ("pair", "options", "words"),
    [
        ((SMALL, SMALL[:, :11]), {}, "shapes"),
        ((SMALL / 2, SMALL / 2), {}, "float64 do not tell their range"),
        ((SMALL, SMALL / 2), {}, "types uint8 and float64"),
        ((SMALL, SMALL), {"data_range": 0}, "data_range is 0"),
        ((SMALL / 2, SMALL + np.nan), {"data_range": 1}, "144 pixels are NaN"),
        ((np.eye(12) * 255, np.eye(12)), {"data_range": 1}, "Pixels span 255, far above"),
        ((SMALL[0], SMALL[0]), {}, "give two of one shape"),
        ((np.full((12, 12), "a"), np.full((12, 12), "a")), {"data_range": 1}, "hold numbers"),
    ],
)
def test_mistakes_are_named(pair: tuple, options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ssim(*pair, **options)


def test_mean_over_pairs_with_limits() -> None:
    x = pictures(30, 24, 5)
    y = [noisy(image, k) for k, image in enumerate(x)]
    found = similarity(x, y)
    assert found.estimate == pytest.approx(np.mean(found.per_pair))
    assert found.per_pair[3] == ssim(x[3], y[3])
    assert found.low < found.estimate < found.high
    assert found == similarity(x, y)
    patients = np.repeat(np.arange(5), 6)
    assert "clusters" in similarity(x, y, clusters=patients).method


def test_equal_pairs_are_left_out_of_the_mean_psnr() -> None:
    x = pictures(5, 16, 6)
    y = [x[0], *(noisy(image, k) for k, image in enumerate(x[1:]))]
    found = similarity(x, y, "psnr")
    assert found.counts == {"pairs": 4, "equal pairs": 1}
    assert "1 of 5 pairs are equal images" in found.warnings[0]
    assert np.isfinite([found.estimate, found.low, found.high]).all()
    with pytest.raises(InsufficientData, match="5 pairs, 5 of equal images"):
        similarity(x, x, "psnr")


def test_pairs_that_are_all_equal_have_width() -> None:
    x = pictures(8, 16, 6)
    found = similarity(x, x)
    assert found.estimate == pytest.approx(1)
    assert found.low == pytest.approx(1 - 2 * (1 - 0.025 ** (1 / 8)))  # SSIM starts at -1
    assert "exact bounds" in found.warnings[0]
    assert similarity([x[0]] * 3, [255 - x[0]] * 3).estimate < 0


def test_similarity_refuses_mistakes() -> None:
    x = pictures(3, 16, 6)
    with pytest.raises(ValueError, match="3 and 2 images"):
        similarity(x, x[:2])
    with pytest.raises(ValueError, match="'mse' is unknown"):
        similarity(x, x, "mse")  # type: ignore[arg-type]
    with pytest.raises(InsufficientData, match="1 pairs"):
        similarity(x[:1], x[:1])
    with pytest.raises(InsufficientData, match="in 1 clusters"):
        similarity(x, [noisy(image, 1) for image in x], clusters=[0, 0, 0])
