"""Fréchet inception distance, on features of any extractor, and its extrapolation to endless N."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData
from metrics.images.features import Floats, refuse_constant, two_sets
from metrics.images.result import Extractor, Measure
from metrics.stats.bootstrap import SEED
from metrics.stats.intervals import check_level, critical, is_whole
from metrics.stats.readings import numbers, table_of

AMPLE = 10  # images per dimension below which the bias of FID is worth a warning
N_SIZES = 8
REPEATS = 4


@dataclass(frozen=True, kw_only=True)
class Fid(Measure):
    """Hold the distance; limits speak of FID at these numbers of images, not of FID at endless N.

    mean_part: squared distance of the means; the rest comes from the covariances.
    """

    se: float
    mean_part: float
    n_dimensions: int


@dataclass(frozen=True, kw_only=True)
class FidInfinity(Measure):
    """Hold the intercept of FID_N on 1 / N, its slope, and the points the line went through."""

    se: float
    slope: float
    sizes: tuple[int, ...]
    distances: tuple[float, ...]
    seed: int | None = None


def frechet_distance(
    mean_a: ArrayLike, covariance_a: ArrayLike, mean_b: ArrayLike, covariance_b: ArrayLike
) -> float:
    """Return |mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a^1/2 S_b S_a^1/2)^1/2), in squared units.

    means: (d,); covariances: (d, d), symmetric and positive semi-definite, singular ones allowed.
    Symmetric eigenvalues instead of a general matrix root: never complex. What rounding puts
    below 0 is 0. Raises ValueError for other shapes, NaN, asymmetry or negative eigenvalues.
    Sources: Dowson & Landau 1982, J Multivariate Anal 12:450; Heusel et al. 2017,
    arXiv 1706.08500, eq. 6.
    """
    a = _Gaussian.checked(mean_a, covariance_a, "a")
    b = _Gaussian.checked(mean_b, covariance_b, "b")
    if a.mean.size != b.mean.size:
        raise ValueError(
            f"Means have {a.mean.size} and {b.mean.size} entries; take both from one extractor."
        )
    return _Transport(a, b).distance


def fid(
    real: ArrayLike,
    generated: ArrayLike,
    *,
    level: float = 0.95,
    extractor: Extractor | None = None,
) -> Fid:
    """Return the Fréchet distance of the Gaussians fitted to two sets of features.

    real: (n, d); generated: (m, d), of the same extractor. Unit: squared feature units.
    FID is biased upwards by about c / N, so that only values at the same N compare (Chong &
    Forsyth 2020); the limits are Wald with the delta method (Rippl, Munk & Sturm 2016): an image
    x of a moves FID by 2 (mu_a - mu_b)'(x - mu_a) + (x - mu_a)'(I - T)(x - mu_a), T the optimal
    map from a to b. Raises InsufficientData when n <= d or m <= d, where the covariances are
    singular by construction; ValueError for malformed features.
    Sources: Heusel et al. 2017, arXiv 1706.08500; Rippl, Munk & Sturm 2016, J Multivariate Anal
    151:90.
    """
    check_level(level)
    first, second = two_sets(real, generated)
    _require_rank(first, second)
    return _fid(first, second, level, extractor)


def fid_infinity(
    real: ArrayLike,
    generated: ArrayLike,
    sizes: Sequence[int] | None = None,
    *,
    repeats: int = REPEATS,
    seed: int = SEED,
    level: float = 0.95,
    extractor: Extractor | None = None,
) -> FidInfinity:
    """Return FID without its bias: the intercept of the least-squares line of FID_N on 1 / N.

    real: (n, d); generated: (m, d). For each N of `sizes` (default: 8 between max(d + 1, n / 4)
    and n = min(n, m), even in 1 / N) FID is averaged over `repeats` draws of N images from each
    set, without replacement. May be negative; not clipped. se joins that of the line with that
    of FID at all images. Raises InsufficientData when a size is at most d or fewer than 3
    different sizes fit; ValueError for sizes above the number of images.
    Source: Chong & Forsyth 2020, arXiv 1911.07023.
    """
    check_level(level)
    first, second = two_sets(real, generated)
    _require_rank(first, second)
    whole = _fid(first, second, level, extractor)
    if not is_whole(repeats, 1):
        raise ValueError(f"repeats is {repeats!r}; draw each size at least once.")
    chosen = _sizes(sizes, min(len(first), len(second)), whole.n_dimensions)
    rng = np.random.default_rng(seed)
    values = [_at_size(first, second, n, repeats, rng) for n in chosen]
    line = extrapolate(chosen, values, level=level)
    se = sqrt(line.se**2 + whole.se**2)
    reach = critical(level) * se
    return FidInfinity(
        estimate=line.estimate,
        low=line.estimate - reach,
        high=line.estimate + reach,
        method=f"{line.method}, {repeats} draws per N",
        counts=whole.counts,
        warnings=whole.warnings[:1] if len(first) != len(second) else (),
        extractor=extractor,
        se=se,
        slope=line.slope,
        sizes=line.sizes,
        distances=line.distances,
        seed=seed,
    )


def extrapolate(sizes: ArrayLike, distances: ArrayLike, *, level: float = 0.95) -> FidInfinity:
    """Fit FID_N = intercept + slope / N by least squares and return the intercept.

    sizes: (k,) numbers of images N; distances: (k,) FID at each. Limits are t on k - 2 degrees of
    freedom, and so speak of the scatter about the line alone. Raises InsufficientData below 3
    different sizes; ValueError for unequal lengths or sizes below 1.
    Source: Chong & Forsyth 2020, arXiv 1911.07023.
    """
    check_level(level)
    n, y = numbers(sizes, "sizes"), numbers(distances, "distances")
    if n.size != y.size or np.isnan(n).any() or np.isnan(y).any() or (n < 1).any():
        raise ValueError(
            f"{n.size} sizes and {y.size} distances; give one distance per size of 1 or more, "
            f"without gaps."
        )
    if np.unique(n).size < 3:
        raise InsufficientData(
            f"{np.unique(n).size} different sizes; a line with its error needs at least 3."
        )
    x = 1.0 / n
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    intercept = float(y.mean() - slope * x.mean())
    residual = y - intercept - slope * x
    df = n.size - 2
    spread = float(residual @ residual) / df
    se = sqrt(spread * (1 / n.size + x.mean() ** 2 / float(centred @ centred)))
    reach = critical(level, df) * se
    return FidInfinity(
        estimate=intercept,
        low=intercept - reach,
        high=intercept + reach,
        method=f"FID at endless N: least squares of FID_N on 1 / N, {n.size} sizes",
        counts={"sizes": n.size, "most images": int(n.max())},
        se=se,
        slope=slope,
        sizes=tuple(int(size) for size in n),
        distances=tuple(float(value) for value in y),
    )


@dataclass(frozen=True)
class _Gaussian:
    """Hold a mean (d,) and a covariance (d, d)."""

    mean: Floats
    covariance: Floats

    @staticmethod
    def of(features: Floats) -> "_Gaussian":
        """Fit mean and covariance (divisor n - 1) to features (n, d)."""
        centre = features.mean(axis=0)
        centred = features - centre
        return _Gaussian(centre, np.asarray(centred.T @ centred / (len(features) - 1)))

    @staticmethod
    def checked(mean: ArrayLike, covariance: ArrayLike, name: str) -> "_Gaussian":
        """Check shapes, finiteness and symmetry. Raises ValueError."""
        centre, spread = table_of(mean, f"mean_{name}"), table_of(covariance, f"covariance_{name}")
        if centre.ndim != 1 or not centre.size or spread.shape != (centre.size,) * 2:
            raise ValueError(
                f"mean_{name} has shape {centre.shape} and covariance_{name} {spread.shape}; give "
                f"(d,) and (d, d)."
            )
        if not (np.isfinite(centre).all() and np.isfinite(spread).all()):
            broken = int((~np.isfinite(centre)).sum() + (~np.isfinite(spread)).sum())
            raise ValueError(f"mean_{name} and covariance_{name} hold {broken} NaN or infinities.")
        if not np.allclose(spread, spread.T, rtol=1e-8, atol=1e-10 * np.abs(spread).max()):
            raise ValueError(f"covariance_{name} is not symmetric; it is no covariance matrix.")
        return _Gaussian(centre, (spread + spread.T) / 2)


class _Transport:
    """Carry Gaussian a to Gaussian b: their distance, and the optimal maps both ways."""

    def __init__(self, a: _Gaussian, b: _Gaussian) -> None:
        self.shift = a.mean - b.mean
        values, vectors = np.linalg.eigh(a.covariance)
        _refuse_negative(np.asarray(values), "a")
        _refuse_negative(np.asarray(np.linalg.eigvalsh(b.covariance)), "b")
        self._root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
        inner = self._root @ b.covariance @ self._root
        self._values, self._vectors = np.linalg.eigh((inner + inner.T) / 2)
        self._roots = np.sqrt(np.clip(self._values, 0, None))
        self._back = (vectors * _reciprocal(np.sqrt(np.clip(values, 0, None)))) @ vectors.T
        self.mean_part = float(self.shift @ self.shift)
        traces = float(np.trace(a.covariance) + np.trace(b.covariance))
        self.distance = max(0.0, self.mean_part + traces - 2 * float(self._roots.sum()))

    def maps(self) -> tuple[Floats, Floats]:
        """Return the linear parts (d, d) of the optimal maps a -> b and b -> a."""
        middle = (self._vectors * self._roots) @ self._vectors.T
        inverse = (self._vectors * _reciprocal(self._roots)) @ self._vectors.T
        return self._back @ middle @ self._back, self._root @ inverse @ self._root


def _fid(first: Floats, second: Floats, level: float, extractor: Extractor | None) -> Fid:
    a, b = _Gaussian.of(first), _Gaussian.of(second)
    way = _Transport(a, b)
    there, back = way.maps()
    variance = _moves(first - a.mean, way.shift, there).var(ddof=1) / len(first)
    variance += _moves(second - b.mean, -way.shift, back).var(ddof=1) / len(second)
    se = sqrt(float(variance))
    reach = critical(level) * se
    return Fid(
        estimate=way.distance,
        low=max(0.0, way.distance - reach),
        high=way.distance + reach,
        method=(
            f"FID of {len(first)} real and {len(second)} generated images, "
            f"{first.shape[1]} features; delta method {level:.4g}"
        ),
        counts={"real": len(first), "generated": len(second)},
        warnings=_warnings(first, second, (a, b)) + _alike(se, a, b),
        extractor=extractor,
        se=se,
        mean_part=way.mean_part,
        n_dimensions=first.shape[1],
    )


def _moves(centred: Floats, shift: Floats, to: Floats) -> Floats:
    """Return how far each image moves the distance, times n (the influence function): (n,)."""
    return np.asarray(
        2 * centred @ shift + (centred**2).sum(axis=1) - ((centred @ to) * centred).sum(axis=1)
    )


def _reciprocal(values: Floats) -> Floats:
    """Invert eigenvalues; those that rounding leaves of 0 stay 0."""
    least = 1e-10 * float(values.max(initial=0.0))
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > least)


def _refuse_negative(values: Floats, name: str) -> None:
    if values[0] < -1e-8 * max(1e-300, float(np.abs(values).max())):
        raise ValueError(
            f"covariance_{name} has the eigenvalue {values[0]:.3g}; it is no covariance matrix."
        )


def _require_rank(first: Floats, second: Floats) -> None:
    n, m, d = len(first), len(second), first.shape[1]
    if min(n, m) <= d:
        raise InsufficientData(
            f"FID of {d} features needs more than {d} images of each kind, found {n} real and "
            f"{m} generated: at or below, the covariances are singular. Add images, use KID, or "
            f"take an extractor with fewer features."
        )
    refuse_constant(first, "real")
    refuse_constant(second, "generated")


def _warnings(
    first: Floats, second: Floats, gaussians: tuple[_Gaussian, _Gaussian]
) -> tuple[str, ...]:
    n, m, d = len(first), len(second), first.shape[1]
    notes = []
    if n != m:
        notes.append(f"{n} real and {m} generated images: FID compares at equal N only")
    if min(n, m) < AMPLE * d:
        notes.append(
            f"{min(n, m)} images for {d} features, fewer than {AMPLE} each: the bias of FID "
            f"counts; see FID at endless N, and KID"
        )
    for gaussian, name in zip(gaussians, ("real", "generated"), strict=True):
        rank = int(np.linalg.matrix_rank(gaussian.covariance, hermitian=True))
        if rank < d:
            notes.append(f"features of the {name} images vary in {rank} of {d} directions only")
    return tuple(notes)


def _alike(se: float, a: _Gaussian, b: _Gaussian) -> tuple[str, ...]:
    """Say where the limits have no width: the sets hold the same images, or those of one law."""
    if se > 1e-9 * float(np.trace(a.covariance) + np.trace(b.covariance)):
        return ()
    return ("both sets have the same mean and covariance: no error is seen, limits have no width",)


def _sizes(given: Sequence[int] | None, most: int, d: int) -> list[int]:
    """Return the sizes to draw. Raises InsufficientData and ValueError as `fid_infinity`."""
    if given is None:
        least = max(d + 1, most // 4)
        sizes = sorted({round(1 / x) for x in np.linspace(1 / most, 1 / least, N_SIZES)})
    else:
        asked = numbers(given, "sizes")
        if not all(is_whole(size, 1) for size in asked):
            raise ValueError(f"Sizes {list(given)} must be whole numbers of images.")
        sizes = [int(size) for size in asked]
    if len(set(sizes)) < 3 or min(sizes) <= d:
        raise InsufficientData(
            f"Sizes {sizes} with {d} features and {most} images of each kind: at least 3 different "
            f"sizes above {d} are needed. Add images."
        )
    if max(sizes) > most:
        raise ValueError(f"Size {max(sizes)} is above the {most} images of the smaller set.")
    return sizes


def _at_size(
    first: Floats, second: Floats, n: int, repeats: int, rng: np.random.Generator
) -> float:
    """Average FID over draws of n images from each set."""
    values = []
    for _ in range(repeats):
        a = _Gaussian.of(first[rng.choice(len(first), n, replace=False)])
        b = _Gaussian.of(second[rng.choice(len(second), n, replace=False)])
        values.append(_Transport(a, b).distance)
    return float(np.mean(values))
