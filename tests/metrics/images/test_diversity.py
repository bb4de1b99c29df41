"""Diversity: which pairs are compared, what the number means, its error."""

import numpy as np
import pytest

from metrics.errors import InsufficientData
from metrics.images import diversity, ssim
from tests.metrics.images.sets import pictures


def test_all_pairs_of_a_small_class_are_compared() -> None:
    x = pictures(5, 20, 1)
    found = diversity(x, ["a"] * 5)
    every = [ssim(x[i], x[j]) for i in range(5) for j in range(i)]
    assert found.estimate == pytest.approx(np.mean(every))
    assert found.counts == {"images": 5, "pairs": 10, "classes": 1}
    left = [np.mean([ssim(x[i], x[j]) for i in range(5) for j in range(i) if k not in (i, j)])
            for k in range(5)]  # fmt: skip
    from scipy.stats import t

    reach = t.ppf(0.975, 4) * np.sqrt(4 / 5 * ((left - np.mean(left)) ** 2).sum())
    assert found.per_class["a"].high - found.estimate == pytest.approx(reach)


def test_classes_are_never_mixed_and_weigh_the_same() -> None:
    dark, light = pictures(6, 16, 1) // 4, 255 - pictures(12, 16, 2) // 4
    x, names = [*dark, *light], ["dark"] * 6 + ["light"] * 12
    found = diversity(x, names)
    parts = found.per_class
    assert found.estimate == pytest.approx(np.mean([one.estimate for one in parts.values()]))
    assert list(parts) == ["dark", "light"]
    assert parts["light"].counts["images"] == 12
    alone = diversity(dark, ["dark"] * 6, seed=found.seed).per_class["dark"]
    assert alone == parts["dark"]


def test_a_collapsed_class_is_less_diverse() -> None:
    x = pictures(24, 16, 3)
    rng = np.random.default_rng(1)
    collapsed = [np.clip(x[0] + rng.normal(0, 3, (16, 16)), 0, 255).astype(np.uint8) for _ in x]
    wide, narrow = diversity(x, [0] * 24), diversity(collapsed, [0] * 24)
    assert narrow.low > wide.high


def test_the_number_of_pairs_is_bounded_and_each_image_counts_the_same() -> None:
    x = pictures(30, 12, 4)
    found = diversity(x, [0] * 30, most_pairs=70)
    assert found.counts["pairs"] == 60
    assert found != diversity(x, [0] * 30, most_pairs=70, seed=1)


def test_large_images_use_all_scales() -> None:
    x = pictures(5, 176, 5) // 2
    x = x[0] + x[1:]
    found = diversity(x, [0] * 4)
    assert found.metric == "ms-ssim"
    assert found.warnings == ()
    small = diversity([image[:175] for image in x], [0] * 4)
    assert small.metric == "ssim"
    assert small.warnings == ("images below 176 px: SSIM at one scale instead of MS-SSIM",)


def test_the_limits_hold_the_mean_of_new_images() -> None:
    found = [diversity(pictures(16, 12, seed), [0] * 16, most_pairs=32) for seed in range(100)]
    mean = np.mean([one.estimate for one in found])
    assert np.mean([one.low <= mean <= one.high for one in found]) > 0.9


def test_equal_images_have_width() -> None:
    x = [pictures(1, 16, 1)[0]] * 6
    found = diversity(x, [0] * 6)
    assert found.estimate == pytest.approx(1)
    assert found.low == pytest.approx(1 - 2 * (1 - 0.025 ** (1 / 3)))
    assert any("equally alike" in note for note in found.warnings)


def test_mistakes_are_named() -> None:
    x = pictures(6, 16, 1)
    with pytest.raises(InsufficientData, match="Class 'b' has 3 images"):
        diversity(x, ["a", "a", "a", "b", "b", "b"][::-1])
    with pytest.raises(ValueError, match="6 images and 5 classes"):
        diversity(x, ["a"] * 5)
    with pytest.raises(ValueError, match="Images have 2 shapes"):
        diversity([*x, x[0][:12]], ["a"] * 7)
    with pytest.raises(ValueError, match="most_pairs is 0"):
        diversity(x, ["a"] * 6, most_pairs=0)
