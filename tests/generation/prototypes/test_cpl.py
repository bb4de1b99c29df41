"""Equations 9 to 14, against values worked by hand."""

import math

import pytest
import torch

from generation.prototypes.cpl import (
    class_log_probabilities,
    cpl_loss,
    nearest_own_prototype,
    prototype_log_probabilities,
    prototype_shares,
    squared_distances,
)

# Two classes with two prototypes each, on a line.
PROTOTYPES = torch.tensor([[[0.0], [2.0]], [[5.0], [9.0]]])


def test_distances_are_squared() -> None:
    distances = squared_distances(torch.tensor([[1.0]]), PROTOTYPES)

    assert distances.tolist() == [[[1.0, 1.0], [16.0, 64.0]]]


def test_class_probability_sums_its_prototypes() -> None:
    distances = squared_distances(torch.tensor([[1.0]]), PROTOTYPES)
    weights = [math.exp(-0.5 * d) for d in (1, 1, 16, 64)]

    per_prototype = prototype_log_probabilities(distances, gamma=0.5).exp()
    per_class = class_log_probabilities(distances, gamma=0.5).exp()

    assert per_prototype.flatten().tolist() == pytest.approx([w / sum(weights) for w in weights])
    assert per_class[0, 0].item() == pytest.approx((weights[0] + weights[1]) / sum(weights))


def test_loss_is_dce_plus_weighted_distance_to_the_own_nearest_prototype() -> None:
    features, labels = torch.tensor([[1.5], [5.0]]), torch.tensor([0, 1])
    distances = squared_distances(features, PROTOTYPES)

    loss = cpl_loss(features, labels, PROTOTYPES, gamma=1.0, weight=0.1)

    log_p = class_log_probabilities(distances, 1.0)
    assert loss.dce.item() == pytest.approx(-(log_p[0, 0] + log_p[1, 1]).item() / 2)
    assert loss.prototype.item() == pytest.approx((0.25 + 0.0) / 2)
    assert loss.total.item() == pytest.approx(loss.dce.item() + 0.1 * 0.125)


def test_nearest_prototype_is_of_the_own_class_even_when_another_is_closer() -> None:
    nearest = nearest_own_prototype(torch.tensor([[4.9]]), torch.tensor([0]), PROTOTYPES)

    assert nearest.tolist() == [1]


def test_shares_count_each_learned_prototype_once_more() -> None:
    shares = prototype_shares(torch.tensor([0, 0, 0]), torch.tensor([0, 0, 0]), (2, 2))

    assert shares.tolist() == [[0.8, 0.2], [0.5, 0.5]]
