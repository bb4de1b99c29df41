"""Copies beside what chance alone makes: an honest generator is rarely accused."""

import numpy as np
import pytest

from generation.quality.copies import (
    copy_threshold,
    expected_share,
    is_copy,
    is_more_than_chance,
)


@pytest.mark.parametrize("n_unseen", [20, 100, 400])
def test_an_honest_generator_is_rarely_accused(n_unseen: int) -> None:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(2000):
        threshold = copy_threshold(rng.random(n_unseen))
        found.append(int(is_copy(rng.random(200), threshold).sum()))
    assert np.mean(found) == pytest.approx(200 * expected_share(n_unseen), rel=0.1)
    assert np.mean([is_more_than_chance(one, 200, n_unseen) for one in found]) <= 0.03


def test_many_copies_are_more_than_chance_makes() -> None:
    assert is_more_than_chance(40, 200, 400)
    assert not is_more_than_chance(3, 200, 400)
    assert not is_more_than_chance(0, 200, 400)


def test_without_unseen_images_none_is_to_be_expected() -> None:
    assert copy_threshold(np.array([])) == 0.0
    assert expected_share(0) == 0.0
    assert not is_more_than_chance(3, 200, 0)  # equal pixels alone, which are named by number
