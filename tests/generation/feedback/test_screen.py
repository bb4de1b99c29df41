"""Which generated images are shown, and with what logged probability."""

import numpy as np
import pytest

from generation.feedback.errors import ScreenRefused
from generation.feedback.screen import Stratum, screen_cell
from generation.feedback.screening import plan_screening, screening_factor


def test_the_best_are_shown_and_an_audit_is_drawn_from_the_rest():
    scores = [0.1, 0.9, 0.5, 0.8, 0.2, 0.3]

    shown = screen_cell(scores, n_generated=6, n_show=4, n_audit=2, seed=1)

    by_stratum = {s: [x.index for x in shown if x.stratum == s] for s in Stratum}
    assert by_stratum[Stratum.TOP] == [1, 3]
    assert len(by_stratum[Stratum.AUDIT]) == 2
    assert {x.incl_prob for x in shown if x.stratum == Stratum.AUDIT} == {0.5}
    assert shown == screen_cell(scores, n_generated=6, n_show=4, n_audit=2, seed=1)


def test_without_a_reward_model_everything_counts_alike():
    everything = screen_cell(None, n_generated=3, n_show=3, n_audit=1, seed=1)
    some = screen_cell(None, n_generated=10, n_show=5, n_audit=5, seed=1)

    assert [(x.stratum, x.incl_prob) for x in everything] == [(Stratum.ALL, 1.0)] * 3
    assert {x.incl_prob for x in some} == {0.5}


def test_the_logged_probabilities_give_back_the_true_rate():
    errors = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        truth = rng.random(80) < 0.4
        shown = screen_cell(
            truth + rng.normal(0, 0.8, 80), n_generated=80, n_show=20, n_audit=4, seed=seed
        )
        weights = np.array([1 / x.incl_prob for x in shown])
        errors.append(weights @ truth[[x.index for x in shown]] / weights.sum() - truth.mean())

    assert abs(np.mean(errors)) < 0.03


@pytest.mark.parametrize(
    ("scores", "numbers"),
    [(None, (3, 4, 1)), (None, (4, 2, 3)), ([1.0], (2, 1, 1)), ([1.0, 2.0, 3.0], (3, 2, 0))],
)
def test_refuses_impossible_numbers(scores, numbers):
    generated, show, audit = numbers
    with pytest.raises(ScreenRefused):
        screen_cell(scores, n_generated=generated, n_show=show, n_audit=audit, seed=0)


def test_a_weak_reward_model_screens_nothing():
    assert [screening_factor(auc, 500) for auc in (None, 0.55, 0.65, 0.8)] == [1, 1, 2, 4]
    assert screening_factor(0.9, 99) == 1
    plan = plan_screening(11, audit=0.2, m=2.5, has_data=True)
    assert (plan.audit, plan.top, plan.generate) == (3, 8, 23)
