"""The two-coin model: each reader has a sensitivity and a specificity, estimated by MAP EM.

Dawid and Skene (1979) with priors, per section 4, step 2 of the feedback design. The one-coin
model is absent on purpose: with two readers it locks onto the biased one (.757 against .899 here).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RIGHT, WRONG = 9.0, 1.0  # pseudo-readings per coin, a reader of accuracy .9
CLASS_PSEUDO_COUNTS = 4.0
LIMITS = (0.02, 0.98)
ASSUMED_ACCURACY = 0.9
ITERATIONS, TOLERANCE = 100, 1e-6

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Votes:
    """Readings as index arrays.

    image, reader: (n_reads,) indices; vote: (n_reads,) 0 or 1. group: (n_images,) class index.
    known: (n_images,) P(plausible) of a control, NaN elsewhere.
    """

    image: Ints
    reader: Ints
    vote: Floats
    group: Ints
    known: Floats
    n_readers: int


@dataclass(frozen=True)
class TwoCoin:
    """Posterior plausibility mu (n_images,), and sensitivity and specificity per reader.

    is_assumed: a coin could not be estimated and stayed at .9.
    """

    mu: Floats
    sensitivity: Floats
    specificity: Floats
    is_assumed: bool


def fit_two_coin(votes: Votes) -> TwoCoin:
    """Fit the model. Images without a reading keep their class's prevalence."""
    is_control = ~np.isnan(votes.known)
    free_se, free_sp = _identified(votes, is_control)
    mu = np.where(is_control, votes.known, 0.8 * _mean_vote(votes) + 0.1)
    se, sp = _coins(votes, mu, (free_se, free_sp))
    for _ in range(ITERATIONS):
        prevalence = _prevalence(mu, votes.group, is_control)
        previous, mu = mu, np.where(is_control, votes.known, _posterior(votes, prevalence, se, sp))
        se, sp = _coins(votes, mu, (free_se, free_sp))
        if np.max(np.abs(mu - previous), initial=0.0) < TOLERANCE:
            break
    return TwoCoin(mu, se, sp, is_assumed=not (free_se and free_sp))


def _identified(votes: Votes, is_control: NDArray[np.bool_]) -> tuple[bool, bool]:
    """A coin is identified by images read twice, or by controls of its own truth."""
    reads_per_image = np.bincount(votes.image, minlength=len(votes.group))
    if np.any(reads_per_image[~is_control] >= 2):
        return True, True
    known = votes.known[is_control & (reads_per_image > 0)]
    return bool(np.any(known > 0.5)), bool(np.any(known < 0.5))


def _mean_vote(votes: Votes) -> Floats:
    count = np.bincount(votes.image, minlength=len(votes.group))
    total = np.bincount(votes.image, weights=votes.vote, minlength=len(votes.group))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), 0.5))


def _coins(votes: Votes, mu: Floats, free: Sequence[bool]) -> tuple[Floats, Floats]:
    weight, vote = mu[votes.image], votes.vote
    coins = []
    for is_free, w, right in ((free[0], weight, vote), (free[1], 1 - weight, 1 - vote)):
        hits = np.bincount(votes.reader, weights=w * right, minlength=votes.n_readers)
        total = np.bincount(votes.reader, weights=w, minlength=votes.n_readers)
        estimate = np.clip((RIGHT + hits) / (RIGHT + WRONG + total), *LIMITS)
        coins.append(estimate if is_free else np.full(votes.n_readers, ASSUMED_ACCURACY))
    return coins[0], coins[1]


def _prevalence(mu: Floats, group: Ints, is_control: NDArray[np.bool_]) -> Floats:
    """Return P(plausible) per image's class, shrunk to the overall mean; (n_images,)."""
    judged = ~is_control
    # One pseudo-image of each truth, as in m0: a handful of rejects must not prove themselves.
    overall = (float(mu[judged].sum()) + 1.0) / (int(judged.sum()) + 2.0)
    n_groups = int(group.max(initial=-1)) + 1
    total = np.bincount(group[judged], weights=mu[judged], minlength=n_groups)
    count = np.bincount(group[judged], minlength=n_groups)
    rate = (total + CLASS_PSEUDO_COUNTS * overall) / (count + CLASS_PSEUDO_COUNTS)
    return np.asarray(np.clip(rate, 1e-6, 1 - 1e-6)[group])


def _posterior(votes: Votes, prevalence: Floats, se: Floats, sp: Floats) -> Floats:
    """Compute mu_i = sigma(logit pc + sum_r log-likelihood ratio)."""
    yes, no = np.log(se / (1 - sp)), np.log((1 - se) / sp)
    evidence = np.where(votes.vote > 0.5, yes[votes.reader], no[votes.reader])
    logit = np.log(prevalence / (1 - prevalence)) + np.bincount(
        votes.image, weights=evidence, minlength=len(prevalence)
    )
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))
