"""Learning a bank: it separates classes, repeats itself, and refuses what it cannot learn."""

import pytest
import torch

from generation.prototypes.errors import TooFewImages
from generation.prototypes.learn import learn_bank, split_classes
from tests.generation.prototypes.worlds import QUICK, real_squares


def test_separates_classes_and_uses_every_prototype() -> None:
    bank = learn_bank(real_squares(), QUICK, seed=1)

    assert bank.accuracy == 1.0
    assert bank.table.shape == (6, 16)
    assert torch.allclose(bank.shares.sum(1), torch.ones(3, dtype=torch.float64))


def test_same_seed_gives_the_same_bank_and_another_seed_another() -> None:
    first, same, other = (learn_bank(real_squares(), QUICK, seed=s) for s in (1, 1, 2))

    assert torch.equal(first.prototypes, same.prototypes)
    assert first.card() == same.card()
    assert not torch.equal(first.prototypes, other.prototypes)


def test_assigns_each_image_a_row_of_its_own_class() -> None:
    real = real_squares()
    bank = learn_bank(real, QUICK, seed=1)

    rows = bank.assign(real.images, real.labels)

    assert torch.equal(rows // 2, real.labels)
    assert torch.equal(bank.shares_of(real.images, real.labels), bank.shares)


def test_k_means_finds_two_modes_of_a_class() -> None:
    points = torch.tensor([[0.0], [0.2], [10.0], [10.2], [5.0], [5.0]])
    labels = torch.tensor([0, 0, 0, 0, 1, 1])

    centres = split_classes(points, labels, classes=2, k=2, seed=0)

    assert sorted(round(c, 3) for c in centres[0, :, 0].tolist()) == [0.1, 10.1]
    assert centres[1].flatten().tolist() == [5.0, 5.0]


def test_refuses_more_prototypes_than_images() -> None:
    with pytest.raises(TooFewImages, match="A has 1"):
        learn_bank(real_squares(count=3), QUICK, seed=1)
