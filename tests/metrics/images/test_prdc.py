"""Precision, recall, density, coverage: a slow twin, leaving one out, laws, the baseline."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.errors import InsufficientData
from metrics.images import expected_coverage, neighbours, prdc, prdc_baseline
from metrics.images.balls import Balls, place
from tests.metrics.images.sets import normal, rotation, seeds, two_normal

NAMES = ("precision", "recall", "density", "coverage")


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2))


def slow(real: np.ndarray, fake: np.ndarray, k: int) -> list[float]:
    """Write the definitions out on whole matrices of distances."""
    radius_real = np.sort(distances(real, real), axis=1)[:, k]
    radius_fake = np.sort(distances(fake, fake), axis=1)[:, k]
    across = distances(real, fake)
    in_real, in_fake = across < radius_real[:, None], across < radius_fake
    return [
        in_real.any(axis=0).mean(),
        in_fake.any(axis=1).mean(),
        in_real.sum() / k / len(fake),
        (across.min(axis=1) < radius_real).mean(),
    ]


def values(found: object) -> list[float]:
    return [getattr(found, name).estimate for name in NAMES]


cases = given(seeds, st.integers(7, 25), st.integers(7, 25), st.integers(1, 5), st.booleans())


def drawn(seed: int, n: int, m: int, *, tied: bool) -> tuple[np.ndarray, np.ndarray]:
    x, y = normal(n, 2, seed), normal(m, 2, seed + 1, shift=0.3, scale=1.5)
    return (np.round(x), np.round(y)) if tied else (x, y)


@cases
@settings(max_examples=60, deadline=None)
def test_equals_the_definition(seed: int, n: int, m: int, k: int, tied: bool) -> None:
    x, y = drawn(seed, n, m, tied=tied)
    assert values(prdc(x, y, k)) == pytest.approx(slow(x, y, k), abs=1e-12)


@cases
@settings(max_examples=40, deadline=None)
def test_leaving_one_out_is_exact(seed: int, n: int, m: int, k: int, tied: bool) -> None:
    x, y = drawn(seed, n, m, tied=tied)
    found = place(y, Balls.around(x, k))
    parts = {0: found.share_hit, 2: found.balls_per_point, 3: found.share_held}
    for which, part in parts.items():
        centres = [slow(np.delete(x, i, 0), y, k)[which] for i in range(n)]
        points = [slow(x, np.delete(y, j, 0), min(k, m - 2))[which] for j in range(m)]
        np.testing.assert_allclose(part.without_centre, centres, atol=1e-12)
        if k <= m - 2:
            np.testing.assert_allclose(part.without_point, points, atol=1e-12)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_laws(seed: int) -> None:
    x, y = two_normal(30, 3, seed, shift=0.5)
    found = prdc(x, y, 3)
    turn = rotation(3, seed)
    assert values(prdc(x[::-1], 4 * y[::-1] / 4, 3)) == pytest.approx(values(found))
    assert values(prdc(7 * x @ turn + 2, 7 * y @ turn + 2, 3)) == pytest.approx(values(found))
    swapped = prdc(y, x, 3)
    assert swapped.precision.estimate == found.recall.estimate
    assert swapped.recall.estimate == found.precision.estimate


def test_a_set_covers_itself() -> None:
    x = normal(60, 8, 3)
    assert values(prdc(x, x)) == [1.0, 1.0, pytest.approx(1.0), 1.0]
    far = prdc(x, x + 100)
    assert values(far) == [0.0, 0.0, 0.0, 0.0]
    assert 0 < far.precision.high < 0.1


def test_far_from_the_origin_nothing_changes() -> None:
    x, y = two_normal(50, 4, 9)
    assert values(prdc(x + 2.0**20, y + 2.0**20)) == pytest.approx(values(prdc(x, y)))


def test_a_collapsed_generator_is_precise_and_covers_nothing() -> None:
    x = normal(200, 16, 1)
    found = prdc(x, normal(200, 16, 2, scale=0.01))
    assert found.precision.estimate == 1
    assert found.density.estimate > 2
    assert found.recall.high < 0.05
    assert found.coverage.estimate < 0.6


def test_honest_samples_reach_the_expected_coverage() -> None:
    found = [prdc(*two_normal(150, 16, seed)) for seed in range(20)]
    coverage = np.mean([one.coverage.estimate for one in found])
    assert coverage == pytest.approx(1 - 2**-5, abs=0.012)
    assert found[0].expected_coverage == pytest.approx(1 - 2**-5, abs=0.004)
    assert np.mean([one.density.estimate for one in found]) == pytest.approx(1, abs=0.1)


def test_expected_coverage_is_exact() -> None:
    # 3 real, 1 generated, k = 1: each order of the 3 others of a ball's centre is as likely.
    assert expected_coverage(3, 1, 1) == pytest.approx(1 - 2 / 3)
    found = [
        prdc(normal(20, 2, s), normal(30, 2, s + 999), 2).coverage.estimate for s in range(200)
    ]
    assert np.mean(found) == pytest.approx(expected_coverage(20, 30, 2), abs=0.02)


@pytest.mark.parametrize("law", [{}, {"shift": 0.3, "scale": 1.3}])
def test_limits_hold_the_mean_of_new_samples(law: dict) -> None:
    found = [prdc(*two_normal(80, 6, seed, **law)) for seed in range(80)]
    for name in NAMES:
        parts = [getattr(one, name) for one in found]
        mean = np.mean([part.estimate for part in parts])
        assert np.mean([part.low <= mean <= part.high for part in parts]) >= 0.9
        assert all(0 <= part.low <= part.estimate <= part.high for part in parts)


def test_the_baseline_compares_halves_of_the_real_images() -> None:
    found = prdc_baseline(normal(201, 8, 1))
    assert found.counts == {"real": 100, "generated": 100}
    assert found.coverage.estimate > 0.9
    assert found == prdc_baseline(normal(201, 8, 1))


def test_unequal_sets_are_named_or_drawn_down() -> None:
    x, y = normal(60, 3, 0), normal(90, 3, 1)
    asis = prdc(x, y)
    assert asis.counts == {"real": 60, "generated": 90}
    assert asis.warnings == (
        "60 real and 90 generated images: the numbers compare at equal N only",
    )
    equal = prdc(x, y, equal=True, seed=7)
    assert equal.counts == {"real": 60, "generated": 60}
    assert "60 of each were compared, drawn with seed 7" in equal.warnings[0]
    assert equal != prdc(x, y, equal=True, seed=8)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = two_normal(40, 3, 1)
    whole = prdc(x, y)
    monkeypatch.setattr(neighbours, "_BLOCK", 100)
    assert prdc(x, y) == whole


def test_memory_stays_flat_where_every_ball_holds_every_point() -> None:
    shell = normal(400, 200, 1)
    found = prdc(shell, normal(400, 200, 2, scale=0.1))
    assert found.precision.estimate == found.coverage.estimate == 1
    assert found.density.estimate == pytest.approx(400 / 5, rel=0.2)


@pytest.mark.parametrize(
    ("n", "m", "k", "words"),
    [
        (
            6,
            40,
            5,
            "The smaller set has 6 images; k = 5 neighbours and their error need at least 7",
        ),
        (40, 1, 5, "The smaller set has 1 images"),
    ],
)
def test_refuses_as_few_images_as_neighbours(n: int, m: int, k: int, words: str) -> None:
    with pytest.raises(InsufficientData, match=words):
        prdc(normal(n, 3, 0), normal(m, 3, 1), k)


def test_a_density_that_nothing_moves_has_width() -> None:
    found = prdc(normal(40, 3, 0), 1000 + normal(30, 3, 1)).density
    q = 1 - 0.025 ** (1 / 30)
    assert (found.estimate, found.low) == (0, 0)
    assert found.high == pytest.approx(q * 40 / 5)
    assert "exact bounds" in found.method


def test_refuses_mistakes() -> None:
    with pytest.raises(ValueError, match="k is 0"):
        prdc(normal(20, 3, 0), normal(20, 3, 1), 0)
    with pytest.raises(
        InsufficientData, match="13 real images; halves with k = 5 neighbours need 14"
    ):
        prdc_baseline(normal(13, 3, 0))
    with pytest.raises(InsufficientData, match="All 20 images of generated have the same 3"):
        prdc(normal(20, 3, 0), np.ones((20, 3)))
