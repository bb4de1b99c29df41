"""Copies of training images: found where they are, not where they are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import mannwhitneyu

from metrics.errors import InsufficientData
from metrics.images import authenticity, closest_pairs, copying
from tests.metrics.images.sets import normal, rotation, seeds


def three(seed: int, *, train: int = 200, n: int = 60, d: int = 6) -> list[np.ndarray]:
    """Draw training, generated and held-out images of one law."""
    return [normal(size, d, seed + 7919 * k) for k, size in enumerate((train, n, n))]


def to_nearest(points: np.ndarray, train: np.ndarray) -> np.ndarray:
    return np.sqrt(((points[:, None] - train[None]) ** 2).sum(axis=2)).min(axis=1)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_z_is_that_of_mann_and_whitney(seed: int) -> None:
    train, generated, held_out = three(seed, train=40, n=25)
    found = copying(train, generated, held_out)
    u = mannwhitneyu(to_nearest(generated, train), to_nearest(held_out, train)).statistic
    z = (u - 25 * 25 / 2) / np.sqrt(25 * 25 * 51 / 12)
    assert found.estimate == pytest.approx(z)
    assert found.cells[0].farther.estimate == pytest.approx(u / 625)
    swapped = copying(train, held_out, generated)
    assert swapped.estimate == pytest.approx(-z)
    turn = rotation(6, seed)
    assert copying(3 * train @ turn, 3 * generated[::-1] @ turn, 3 * held_out @ turn).estimate == (
        pytest.approx(z)
    )


def test_honest_samples_have_the_z_of_chance() -> None:
    found = [copying(*three(seed)) for seed in range(150)]
    z = np.array([one.estimate for one in found])
    assert abs(z.mean()) < 0.3
    assert z.std() == pytest.approx(1, abs=0.2)
    assert np.mean([one.low <= 0 <= one.high for one in found]) > 0.9
    assert found[0].sentence.startswith("No nearer to training images, on average,")


def test_copies_are_found() -> None:
    train, _, held_out = three(1)
    rng = np.random.default_rng(1)
    copies = train[:60] + 0.05 * rng.normal(size=(60, 6))
    found = copying(train, copies, held_out)
    assert found.estimate < -8
    assert found.high < 0
    assert found.p < 1e-9
    assert "nearer to training images than held-out" in found.sentence
    far = copying(train, 5 + copies, held_out)
    assert far.low > 0
    assert "farther" in far.sentence


def test_copying_in_one_class_shows_there() -> None:
    train, generated, held_out = three(2)
    names = [np.repeat(["a", "b"], len(part) // 2) for part in (train, generated, held_out)]
    generated[:30] = train[:30] + 0.01
    found = copying(train, generated, held_out, cells=tuple(names))  # type: ignore[arg-type]
    by_name = {one.cell: one for one in found.cells}
    assert by_name["a"].estimate < -5
    assert abs(by_name["b"].estimate) < 3
    mean = (by_name["a"].estimate + by_name["b"].estimate) / 2
    assert found.estimate == pytest.approx(mean)
    assert found.high - found.estimate == pytest.approx(1.96 / np.sqrt(2), abs=1e-3)


def test_cells_weigh_by_their_held_out_images() -> None:
    train, generated, held_out = three(3, n=80)
    names = [np.repeat(["a", "b"], [len(part) // 4, len(part) * 3 // 4]) for part in
             (train, generated, held_out)]  # fmt: skip
    found = copying(train, generated, held_out, cells=tuple(names))  # type: ignore[arg-type]
    a, b = found.cells
    assert (a.weight, b.weight) == (0.25, 0.75)
    assert found.estimate == pytest.approx(0.25 * a.estimate + 0.75 * b.estimate)


def test_small_cells_are_named_and_left_out() -> None:
    train, generated, held_out = three(4, n=45)
    names = [np.array(["a"] * (len(part) - 5) + ["rare"] * 5) for part in
             (train, generated, held_out)]  # fmt: skip
    names[1][-1] = "new"
    found = copying(train, generated, held_out, cells=tuple(names))  # type: ignore[arg-type]
    assert [one.is_counted for one in found.cells] == [True, False]
    assert found.estimate == found.cells[0].estimate
    assert "cell rare is not in C_T: 5 train, 4 generated, 5 held out images" in found.warnings
    assert "cell new cannot be tested: 0 train, 1 generated, 0 held out images" in found.warnings


def test_refuses_without_a_cell_to_test() -> None:
    sets = three(5, n=19)
    with pytest.raises(InsufficientData, match="200 train, 19 generated, 19 held out images in 1"):
        copying(*sets)
    with pytest.raises(ValueError, match="cells has 1 entries for 200"):
        copying(*sets, cells=(["a"], ["a"], ["a"]))
    with pytest.raises(ValueError, match=r"\[6, 5, 6\] dimensions"):
        copying(sets[0], sets[1][:, :5], sets[2])


def test_closest_pairs_come_in_order() -> None:
    train, generated, held_out = three(6)
    generated[17] = train[4]
    generated[3] = train[8] + 1e-3
    found = closest_pairs(train, generated, held_out, count=5)
    assert [(one.generated, one.train) for one in found.pairs[:2]] == [(17, 4), (3, 8)]
    assert found.pairs[0].distance == 0
    assert found.pairs[0].is_below
    assert [one.distance for one in found.pairs] == sorted(one.distance for one in found.pairs)
    assert found.n_exact == 1
    assert found.threshold == to_nearest(held_out, train).min()
    assert found.estimate == found.n_below / 60
    assert "generated images lie nearer than" in found.sentence
    assert any("the smallest of their distances" in note for note in found.warnings)


def test_no_copies_found_never_says_private() -> None:
    train, generated, held_out = three(7)
    found = closest_pairs(train, 4 + generated, held_out)
    assert found.n_below == 0
    assert found.high > 0
    assert found.sentence == (
        f"No copies found at threshold {found.threshold:.4g} among 60 generated images."
    )


def test_threshold_is_the_quantile_of_held_out_distances() -> None:
    train, generated, held_out = three(8, n=300)
    found = closest_pairs(train, generated, held_out, quantile=0.1)
    assert found.held_out_below == pytest.approx(0.1, abs=0.004)
    assert "not clearly more than" in found.sentence


@pytest.mark.parametrize("n", [20, 100, 500])
def test_an_honest_generator_is_rarely_said_to_copy(n: int) -> None:
    rng = np.random.default_rng(10)
    found = [
        closest_pairs(*(rng.normal(size=(size, 3)) for size in (100, 800, n))) for _ in range(60)
    ]
    assert sum(one.is_more for one in found) <= 5  # .025 of 60 on average
    assert np.mean([one.estimate for one in found]) == pytest.approx(found[0].expected, rel=0.35)


def test_the_chance_of_as_many_below_counts_the_held_out_images_too() -> None:
    train, generated, held_out = three(12, n=100)
    found = closest_pairs(train, generated, held_out, quantile=0.05)
    rng, c = np.random.default_rng(0), round(found.held_out_below * 100)
    shares = rng.beta(c + 1, 100 - c, 200_000)
    above = rng.binomial(100, shares) >= found.n_below
    assert found.p == pytest.approx(above.mean(), abs=0.01)
    copies = closest_pairs(train, train[:60] + 1e-6, held_out)
    assert copies.is_more
    assert "60 of 60" in copies.sentence
    assert (
        "more than the 1.98% to expect"
        in closest_pairs(train, train[:60] + 1e-6, held_out, quantile=0.015).sentence
    )


def test_a_leaking_split_is_named() -> None:
    train, generated, held_out = three(9)
    held_out[0] = train[0]
    generated[5] = train[1]
    found = closest_pairs(train, generated, held_out)
    assert found.threshold == 0
    assert found.n_below == 1
    assert found.held_out_below == pytest.approx(1 / 60)
    assert not found.is_more
    assert "check the split" in found.warnings[0]


def test_authenticity_by_hand() -> None:
    train = np.array([[0.0], [1.0], [5.0]])
    found = authenticity(train, [[0.4], [2.5], [6.0], [9.5], [-1.0]])
    assert found.is_authentic == (False, True, False, True, False)
    assert found.estimate == 0.4


def test_authenticity_compares_with_held_out_images() -> None:
    train, generated, held_out = three(10)
    honest = authenticity(train, generated, held_out)
    assert honest.held_out is not None
    assert honest.low < honest.held_out.estimate < honest.high
    copies = authenticity(train, train[:60] + 0.01, held_out)
    assert copies.high < 0.1


def test_refuses_one_image() -> None:
    train, generated, held_out = three(11)
    with pytest.raises(InsufficientData, match="train has 1 images; authenticity needs"):
        authenticity(train[:1], generated)
    with pytest.raises(InsufficientData, match="held out has 1 images; the threshold needs"):
        closest_pairs(train, generated, held_out[:1])
    with pytest.raises(ValueError, match="quantile is 1"):
        closest_pairs(train, generated, held_out, quantile=1)
