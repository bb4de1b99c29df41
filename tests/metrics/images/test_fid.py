"""Fréchet distance: laws, other software, known numbers, its error and its extrapolation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.errors import InsufficientData
from metrics.images import Extractor, extrapolate, fid, fid_infinity, frechet_distance
from tests.metrics.images.sets import normal, rotation, seeds, two_normal


@given(seeds, st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_laws_of_a_squared_distance(seed: int, d: int) -> None:
    a, b = two_normal(40, d, seed, shift=0.5, scale=1.5)
    found = fid(a, b)
    turn, order = rotation(d, seed), np.random.default_rng(seed).permutation(40)
    for first, second, factor in (
        (b, a, 1.0),
        (a[order], b, 1.0),
        (a @ turn + 3.0, b @ turn + 3.0, 1.0),
        (2.5 * a, 2.5 * b, 2.5**2),
    ):
        again = fid(first, second)
        for name in ("estimate", "se", "mean_part"):
            expected = factor * getattr(found, name)
            assert getattr(again, name) == pytest.approx(expected, rel=1e-6, abs=1e-8)


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_a_set_is_at_no_distance_from_itself(seed: int) -> None:
    a = normal(30, 5, seed)
    found = fid(a, a[::-1])
    assert found.estimate == pytest.approx(0, abs=1e-9)
    assert found.low <= found.estimate <= found.high
    assert any("limits have no width" in note for note in found.warnings)
    assert not any("width" in note for note in fid(a, normal(30, 5, seed + 1)).warnings)


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 4), st.floats(0, 4))
def test_one_dimension_has_a_closed_form(m1: float, m2: float, s1: float, s2: float) -> None:
    found = frechet_distance([m1], [[s1**2]], [m2], [[s2**2]])
    assert found == pytest.approx((m1 - m2) ** 2 + (s1 - s2) ** 2, abs=1e-9)


@pytest.mark.filterwarnings("ignore:The `disp` argument is deprecated:DeprecationWarning")
def test_equals_other_software() -> None:
    import torch
    from monai.metrics.fid import get_fid_score

    a, b = two_normal(300, 12, 4, shift=0.3, scale=1.2)
    theirs = get_fid_score(torch.from_numpy(b), torch.from_numpy(a))
    assert fid(a, b).estimate == pytest.approx(float(theirs), rel=1e-6)


def test_general_matrix_root_agrees() -> None:
    from scipy.linalg import sqrtm

    a, b = two_normal(90, 8, 5, shift=0.2, scale=0.7)
    b = b @ rotation(8, 5) * np.arange(1, 9)
    spreads = np.cov(a.T), np.cov(b.T)
    root = sqrtm(spreads[0] @ spreads[1]).real
    gap = a.mean(0) - b.mean(0)
    expected = gap @ gap + np.trace(spreads[0] + spreads[1] - 2 * root)
    assert fid(a, b).estimate == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("n", "expected", "near"), [(100, 21.9, 1.0), (500, 4.4, 0.4), (2000, 1.1, 0.1)]
)
def test_two_samples_of_one_law_are_far_apart_at_small_n(
    n: int, expected: float, near: float
) -> None:
    found = [fid(*two_normal(n, 64, seed)).estimate for seed in range(3)]
    assert np.mean(found) == pytest.approx(expected, abs=near)


@pytest.mark.parametrize("law", [{}, {"shift": 0.3, "scale": 1.3}])
def test_the_error_is_that_of_new_samples(law: dict) -> None:
    found = [fid(*two_normal(150, 6, seed, **law)) for seed in range(150)]
    values = np.array([one.estimate for one in found])
    mean_error = np.mean([one.se for one in found])
    assert 0.85 * values.std() < mean_error < 1.8 * values.std()
    assert np.mean([one.low <= values.mean() <= one.high for one in found]) > 0.88


def test_a_direction_without_variance_is_named() -> None:
    a, b = two_normal(80, 4, 6, shift=1.0)
    a[:, 2] = 7.0
    found = fid(a, b)
    assert np.isfinite([found.estimate, found.low, found.high]).all()
    assert any("real images vary in 3 of 4 directions" in note for note in found.warnings)


def test_says_how_many_images_and_which_extractor() -> None:
    network = Extractor("bank encoder", "ab12")
    found = fid(normal(60, 5, 0), normal(70, 5, 1), extractor=network)
    assert "60 real and 70 generated images, 5 features" in found.method
    assert found.counts == {"real": 60, "generated": 70}
    assert found.extractor == network
    assert "equal N" in found.warnings[0]
    assert "fewer than 10 each" not in found.warnings[0]
    assert (
        fid(normal(40, 5, 0), normal(40, 5, 1)).warnings[0].startswith("40 images for 5 features")
    )


def test_limits_stop_at_zero() -> None:
    found = fid(*two_normal(400, 2, 8))
    assert found.low >= 0


@pytest.mark.parametrize(("n", "m"), [(5, 60), (60, 4), (5, 5)])
def test_refuses_as_few_images_as_features(n: int, m: int) -> None:
    with pytest.raises(InsufficientData, match=f"found {n} real and {m} generated"):
        fid(normal(n, 5, 0), normal(m, 5, 1))


def test_one_image_more_than_features_is_enough() -> None:
    assert fid(normal(6, 5, 0), normal(6, 5, 1)).estimate > 0


def test_refuses_a_generator_of_one_image() -> None:
    with pytest.raises(InsufficientData, match="All 50 images of generated have the same 3"):
        fid(normal(50, 3, 0), np.ones((50, 3)))


@pytest.mark.parametrize(
    ("moments", "words"),
    [
        (([0, 0], np.eye(3), [0, 0], np.eye(2)), r"shape \(2,\) and covariance_a \(3, 3\)"),
        (([0, 0], [[1, 0.5], [0, 1]], [0, 0], np.eye(2)), "covariance_a is not symmetric"),
        (([0, 0], np.eye(2), [0, 0], [[1, 2], [2, 1]]), "covariance_b has the eigenvalue -1"),
        (([0, np.nan], np.eye(2), [0, 0], np.eye(2)), "1 NaN or infinities"),
        (([0.0], np.eye(1), [0, 0], np.eye(2)), "1 and 2 entries"),
        ((["a"], np.eye(1), [0], np.eye(1)), "mean_a must hold numbers"),
    ],
)
def test_refuses_what_is_no_mean_and_covariance(moments: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        frechet_distance(*moments)


def test_extrapolation_removes_the_bias() -> None:
    apart = {"shift": 0.3, "scale": 1.3}
    truth = 8 * (0.3**2 + 0.3**2)
    for law, expected in (({}, 0.0), (apart, truth)):
        found = [fid_infinity(*two_normal(500, 8, seed, **law)) for seed in range(12)]
        values = np.array([one.estimate for one in found])
        assert values.mean() == pytest.approx(expected, abs=0.15)
        assert sum(one.low <= expected <= one.high for one in found) >= 9
        assert all(one.slope > 0 for one in found)


def test_the_error_at_endless_n_joins_the_line_and_the_images() -> None:
    sets = two_normal(60, 4, 1)
    found = fid_infinity(*sets)
    line = extrapolate(found.sizes, found.distances)
    assert found.estimate == line.estimate
    assert found.se == pytest.approx(np.hypot(line.se, fid(*sets).se))
    assert found.high - found.estimate == pytest.approx(1.96 * found.se, rel=1e-4)


def test_extrapolation_is_the_same_with_the_same_seed() -> None:
    sets = two_normal(60, 4, 1)
    assert fid_infinity(*sets, seed=3) == fid_infinity(*sets, seed=3)
    assert fid_infinity(*sets, seed=3) != fid_infinity(*sets, seed=4)


def test_extrapolation_uses_the_sizes_it_is_given() -> None:
    found = fid_infinity(*two_normal(60, 4, 1), sizes=[20, 30, 60])
    assert found.sizes == (20, 30, 60)
    assert found.distances[-1] == pytest.approx(fid(*two_normal(60, 4, 1)).estimate)


@pytest.mark.parametrize(
    ("sizes", "error", "words"),
    [
        ([3, 20, 60], InsufficientData, "at least 3 different sizes above 4"),
        ([20, 20, 60], InsufficientData, "at least 3 different sizes"),
        ([20, 30, 61], ValueError, "61 is above the 60 images"),
    ],
)
def test_extrapolation_refuses_sizes(sizes: list, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        fid_infinity(*two_normal(60, 4, 1), sizes=sizes)


def test_extrapolation_refuses_few_points() -> None:
    with pytest.raises(InsufficientData, match="2 different sizes"):
        extrapolate([100, 200, 200], [3, 2, 2])
    with pytest.raises(ValueError, match="3 sizes and 2 distances"):
        extrapolate([100, 200, 300], [3, 2])
    with pytest.raises(ValueError, match="of 1 or more"):
        extrapolate([0, 200, 300], [3, 2, 1])
    with pytest.raises(InsufficientData, match="at least 3 different sizes"):
        fid_infinity(*two_normal(6, 5, 1))
