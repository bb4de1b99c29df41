"""Looking at results before the end without losing the error rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

from metrics.stats.intervals import check_alpha, check_number
from metrics.stats.proportions.binomial import check_counts
from metrics.stats.result import THIS_READER, Estimate

Floats = NDArray[np.float64]
LEAST_STEP = 0.01  # of information between two looks
_NODES = 96  # Gauss-Legendre nodes per look: twelve digits up to 20 looks


@dataclass(frozen=True, kw_only=True)
class Boundaries:
    """Hold two-sided stopping bounds: reject at look k when |z| >= bounds[k].

    nominal_p: the two-sided p that each bound stands for; spent: type I error used up to it.
    """

    bounds: tuple[float, ...]
    nominal_p: tuple[float, ...]
    spent: tuple[float, ...]
    fractions: tuple[float, ...]
    constant: float
    alpha: float
    method: str


@dataclass(frozen=True, kw_only=True)
class EValue(Estimate):
    """Hold an e-value against a constant; low and high are an anytime-valid interval.

    Reject when e >= 1 / alpha, after any number of images; p_anytime = min(1, 1 / e).
    """

    e: float
    log_e: float
    p_anytime: float
    constant: float
    alpha: float

    @property
    def statistic(self) -> float:
        """Give the e-value by the name that other tests use."""
        return self.e

    @property
    def p(self) -> float:
        """Give the anytime-valid p-value by the name that other tests use."""
        return self.p_anytime

    @property
    def rejects(self) -> bool:
        """Say whether the constant is rejected at alpha (Ville's inequality)."""
        return self.log_e >= -log(self.alpha)


def pocock(
    looks: int, alpha: float = 0.05, *, fractions: Sequence[float] | None = None
) -> Boundaries:
    """Give Pocock's bounds: the same |z| at each of `looks` looks (Biometrika 1977;64:191).

    fractions: information at each look, rising to 1; equal steps by default. Raises ValueError
    below 1 look, for alpha outside (0, 1/2) and for fractions that do not rise to 1.
    """
    return _boundaries(looks, alpha, fractions, 0.0, "Pocock")


def obrien_fleming(
    looks: int, alpha: float = 0.05, *, fractions: Sequence[float] | None = None
) -> Boundaries:
    """Give O'Brien and Fleming's bounds: |z| >= c / sqrt(fraction) (Biometrics 1979;35:549).

    Arguments and errors as `pocock`.
    """
    return _boundaries(looks, alpha, fractions, -0.5, "O'Brien-Fleming")


def _boundaries(
    looks: int, alpha: float, fractions: Sequence[float] | None, power: float, name: str
) -> Boundaries:
    """Solve for the constant that spends exactly alpha over all looks."""
    from scipy.optimize import brentq
    from scipy.stats import norm

    check_alpha(alpha)
    if check_number(looks, "looks") < 1 or looks != int(looks):
        raise ValueError(f"{looks} looks; give a whole number, 1 at least.")
    times = np.arange(1, looks + 1) / looks if fractions is None else np.asarray(fractions, float)
    rising = times.size == looks and (np.diff(times, prepend=0.0) >= LEAST_STEP).all()
    if not rising or abs(times[-1] - 1) > 1e-9:
        raise ValueError(
            f"Fractions {times.tolist()} must be {looks} rising numbers up to 1, each at least "
            f"{LEAST_STEP:g} above the one before."
        )
    shape = times**power
    least, most = float(norm.isf(alpha / 2)), float(norm.isf(alpha / 2 / looks)) + 1.0
    constant = least
    if looks > 1:
        constant = brentq(
            lambda c: crossing(c * shape, times)[-1] - alpha, least * 0.9, most, xtol=1e-12
        )
    bounds = constant * shape
    return Boundaries(
        bounds=tuple(bounds.tolist()),
        nominal_p=tuple((2 * norm.sf(bounds)).tolist()),
        spent=tuple(crossing(bounds, times).tolist()),
        fractions=tuple(times.tolist()),
        constant=float(constant),
        alpha=alpha,
        method=f"{name}, {looks} looks, two-sided",
    )


def crossing(bounds: Floats, times: Floats, drift: float = 0.0) -> Floats:
    """Give the chance of having crossed |z| >= bounds by each look.

    Recursive integration over the continuation region (Armitage, McPherson & Rowe 1969) of the
    score S = z sqrt(t), whose increments are independent; drift = expected z at fraction 1.
    """
    from scipy.stats import norm

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    stay = np.empty(times.size)
    reach = bounds[0] * sqrt(times[0])
    points, mass = reach * nodes, reach * weights
    step = sqrt(times[0])
    density = norm.pdf((points - drift * times[0]) / step) / step * mass
    stay[0] = density.sum()
    for k in range(1, times.size):
        reach = bounds[k] * sqrt(times[k])
        gap = times[k] - times[k - 1]
        ahead = reach * nodes
        moves = norm.pdf((ahead[:, None] - points - drift * gap) / sqrt(gap)) / sqrt(gap)
        density = (moves @ density) * reach * weights
        points = ahead
        stay[k] = density.sum()
    return np.asarray(1.0 - stay)


def e_value(
    successes: int,
    n: int,
    constant: float = 0.5,
    *,
    alpha: float = 0.05,
    prior: tuple[float, float] = (1.0, 1.0),
) -> EValue:
    """Give the beta-binomial e-value of one reader's independent calls against a constant.

    e = B(k + a, n - k + b) / B(a, b) / (p0^k (1 - p0)^(n - k)): the likelihood ratio of a beta
    mixture to p0 (Robbins 1970). Under p0 it exceeds 1 / alpha ever with chance at most alpha
    (Ville), so that it may be looked at after every image. The interval holds every p0 that is
    not rejected. Not valid for readings pooled over readers. Raises InsufficientData at n = 0.
    """
    check_alpha(alpha)
    successes, n = check_counts(successes, n)
    check_number(constant, "constant")
    if not (0 < constant < 1 and len(prior) == 2 and all(0 < part < inf for part in prior)):
        raise ValueError(
            f"{successes} of {n} against {constant} with prior {prior}: give "
            f"0 < constant < 1 and a positive prior."
        )
    log_mixture = _log_mixture(successes, n, prior)
    log_e = log_mixture - _log_likelihood(successes, n, constant)
    low, high = _confidence_set(successes, n, log_mixture, alpha)
    return EValue(
        estimate=successes / n,
        low=low,
        high=high,
        method=f"beta({prior[0]:g}, {prior[1]:g})-binomial e-value, anytime-valid interval",
        e=float(np.exp(min(log_e, 700.0))),
        log_e=log_e,
        p_anytime=float(np.exp(-max(log_e, 0.0))),
        constant=constant,
        alpha=alpha,
        n_images=n,
        n_readers=1,
        n_readings=n,
        estimand=THIS_READER,
    )


def _log_mixture(k: int, n: int, prior: tuple[float, float]) -> float:
    from scipy.special import betaln

    return float(betaln(k + prior[0], n - k + prior[1]) - betaln(*prior))


def _log_likelihood(k: int, n: int, p: float) -> float:
    return (k * log(p) if k else 0.0) + ((n - k) * log(1 - p) if n - k else 0.0)


def _confidence_set(k: int, n: int, log_mixture: float, alpha: float) -> tuple[float, float]:
    """Find the limits p0 at which e reaches 1 / alpha; e has its minimum at k / n."""
    from scipy.optimize import brentq

    def beyond(p: float) -> float:
        return log_mixture - _log_likelihood(k, n, p) + log(alpha)

    centre, edge = min(max(k / n, 1e-12), 1 - 1e-12), 1e-15
    low = brentq(beyond, edge, centre) if k > 0 and beyond(edge) > 0 else 0.0
    high = brentq(beyond, centre, 1 - edge) if k < n and beyond(1 - edge) > 0 else 1.0
    return float(low), float(high)
