"""How alike are two images of the same scene, pixel by pixel: SSIM, MS-SSIM, PSNR.

For pairs only (inpainting, reconstruction, a copy and its original). Unconditional synthesis has
no pair; there, see `diversity`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, log10
from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from metrics.errors import InsufficientData
from metrics.images.features import Floats
from metrics.images.means import mean_limits
from metrics.images.result import Measure
from metrics.stats.bootstrap import DRAWS, SEED
from metrics.stats.intervals import check_level
from metrics.stats.readings import label_codes

Metric = Literal["ssim", "ms-ssim", "psnr"]
WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03
OVERSHOOT = 2  # times the range: what lies beyond is no overshoot, but another range
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al. 2003, section 3.2
LEAST_SIDE = WINDOW * 2 ** (len(SCALES) - 1)  # 176 px


@dataclass(frozen=True, kw_only=True)
class Similarity(Measure):
    """Hold the mean similarity of pairs of images, and each pair's own."""

    metric: Metric
    per_pair: tuple[float, ...]


def ssim(first: ArrayLike, second: ArrayLike, *, data_range: float | None = None) -> float:
    """Return the structural similarity of two images, in [-1, 1], 1 for equal ones.

    first, second: (h, w), or (h, w, channels) averaged over channels. Window: Gaussian 11 x 11,
    sigma 1.5, population moments, windows that lie within the image only; K1 = .01, K2 = .03.
    data_range: from black to white (255 for uint8, which is the default there).
    SSIM = (2 mx my + C1)(2 sxy + C2) / ((mx^2 + my^2 + C1)(sx^2 + sy^2 + C2)), C = (K range)^2.
    Raises InsufficientData below 11 px; ValueError for unequal shapes, NaN or an unknown range.
    Source: Wang et al. 2004, IEEE Trans Image Process 13:600, eq. 13.
    """
    x, y, span = _pair(first, second, data_range)
    _require_side(x, WINDOW, "SSIM with its window of 11 px")
    whole, _ = _structure(x, y, span)
    return whole


def ms_ssim(first: ArrayLike, second: ArrayLike, *, data_range: float | None = None) -> float:
    """Return the multi-scale structural similarity of two images, in [0, 1], 1 for equal ones.

    As `ssim` at five scales, halved by 2 x 2 means: the product of the mean contrast-structure at
    scales 1 to 4 and the mean SSIM at scale 5, each to the power of its weight; a mean below 0
    counts as 0. Raises InsufficientData below 176 px, where the window leaves the coarsest image;
    ValueError as `ssim`. Source: Wang, Simoncelli & Bovik 2003, Asilomar, eq. 7.
    """
    x, y, span = _pair(first, second, data_range)
    _require_side(x, LEAST_SIDE, "MS-SSIM with 5 scales")
    product = 1.0
    for scale, weight in enumerate(SCALES):
        whole, contrast = _structure(x, y, span)
        last = scale == len(SCALES) - 1
        product *= max(0.0, whole if last else contrast) ** weight
        if not last:
            x, y = _halved(x), _halved(y)
    return product


def psnr(first: ArrayLike, second: ArrayLike, *, data_range: float | None = None) -> float:
    """Return 10 log10(range^2 / mean squared error) in dB; infinite for equal images.

    Shapes, range and errors as `ssim`, of any side. Source: Wang et al. 2004, section I.
    """
    x, y, span = _pair(first, second, data_range)
    error = float(((x - y) ** 2).mean())
    return 10 * log10(span**2 / error) if error > 0 else inf


METRICS: dict[Metric, Callable[..., float]] = {"ssim": ssim, "ms-ssim": ms_ssim, "psnr": psnr}
LEAST_VALUE: dict[Metric, float] = {"ssim": -1.0}  # the others start at 0


def similarity(
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    metric: Metric = "ssim",
    *,
    data_range: float | None = None,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Similarity:
    """Return the mean similarity of pairs of images, such as originals and reconstructions.

    first, second: n images each, pair by pair. Limits bootstrap pairs, or whole `clusters`.
    Equal pairs have an infinite PSNR: they are left out of that mean and counted in a warning.
    Raises InsufficientData below 2 pairs; ValueError for unequal lengths, an unknown metric, and
    as `ssim`. Source: as `ssim`, `ms_ssim`, `psnr`; Efron & Tibshirani 1993, ch. 13.
    """
    check_level(level)
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r} is unknown; choose one of {', '.join(METRICS)}.")
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} images; give both images of every pair.")
    values = np.array(
        [METRICS[metric](a, b, data_range=data_range) for a, b in zip(first, second, strict=True)]
    )
    kept = np.isfinite(values)
    if kept.sum() < 2:
        raise InsufficientData(
            f"{len(values)} pairs, {int((~kept).sum())} of equal images; the mean {metric} needs "
            f"at least 2 that count. Add pairs."
        )
    own = None if clusters is None else label_codes(clusters, len(values))[kept]
    limits, how, notes = mean_limits(
        values[kept], own, level=level, draws=draws, seed=seed, least=LEAST_VALUE.get(metric, 0.0)
    )
    if not kept.all():
        lost = int((~kept).sum())
        notes = (f"{lost} of {len(values)} pairs are equal images: left out of the mean", *notes)
    return Similarity(
        estimate=float(values[kept].mean()),
        low=limits[0],
        high=limits[1],
        method=f"mean {metric} of {int(kept.sum())} pairs; {how}",
        counts={"pairs": int(kept.sum()), "equal pairs": int((~kept).sum())},
        warnings=notes,
        metric=metric,
        per_pair=tuple(float(value) for value in values),
    )


def range_of(image: ArrayLike, data_range: float | None) -> float:
    """Return the span from black to white. Raises ValueError where the type does not tell it."""
    if data_range is not None:
        if not (isinstance(data_range, Real) and isfinite(data_range) and data_range > 0):
            raise ValueError(f"data_range is {data_range!r}; give the span from black to white.")
        return float(data_range)
    kind = np.asarray(image).dtype
    if kind == np.uint8:
        return 255.0
    raise ValueError(f"Images of type {kind} do not tell their range; give data_range.")


def _pair(
    first: ArrayLike, second: ArrayLike, data_range: float | None
) -> tuple[Floats, Floats, float]:
    """Return both images as floats (h, w, channels) and the range."""
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape or a.ndim not in (2, 3) or a.size == 0:
        raise ValueError(
            f"Images have shapes {a.shape} and {b.shape}; give two of one shape, (h, w) or "
            f"(h, w, channels)."
        )
    if a.dtype != b.dtype and data_range is None:
        raise ValueError(f"Images are of types {a.dtype} and {b.dtype}; give data_range.")
    span = range_of(a, data_range)
    try:
        x, y = a.astype(float), b.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Images must hold numbers: {error}") from error
    broken = int((~np.isfinite(x)).sum() + (~np.isfinite(y)).sum())
    if broken:
        raise ValueError(f"{broken} pixels are NaN or infinite; leave these images out.")
    widest = max(np.ptp(x), np.ptp(y), np.abs(x - y).max())
    if widest > OVERSHOOT * span:
        raise ValueError(f"Pixels span {widest:.4g}, far above the data_range of {span:.4g}.")
    return np.atleast_3d(x), np.atleast_3d(y), span


def _require_side(image: Floats, least: int, what: str) -> None:
    if min(image.shape[:2]) < least:
        raise InsufficientData(
            f"The images have {image.shape[0]} x {image.shape[1]} px; {what} needs at least "
            f"{least} px on either side."
        )


def _structure(x: Floats, y: Floats, span: float) -> tuple[float, float]:
    """Return the means of SSIM and of its contrast-structure part over windows and channels."""
    c1, c2 = (K1 * span) ** 2, (K2 * span) ** 2
    level_x, level_y = x.mean(), y.mean()  # moments about the mean keep their digits
    x, y = x - level_x, y - level_y
    mx, my = _blur(x), _blur(y)
    sxx = _blur(x * x) - mx * mx
    syy = _blur(y * y) - my * my
    sxy = _blur(x * y) - mx * my
    contrast = (2 * sxy + c2) / (sxx + syy + c2)
    mx, my = mx + level_x, my + level_y
    whole = contrast * (2 * mx * my + c1) / (mx * mx + my * my + c1)
    return float(whole.mean()), float(contrast.mean())


def _blur(image: Floats) -> Floats:
    """Weigh each full window of (h, w, c) with the Gaussian: (h - 10, w - 10, c)."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    kernel = np.exp(-(offsets**2) / (2 * SIGMA**2))
    kernel /= kernel.sum()
    edge = slice(WINDOW // 2, -(WINDOW // 2))
    rows = ndimage.correlate1d(image, kernel, axis=0)[edge]
    return np.asarray(ndimage.correlate1d(rows, kernel, axis=1)[:, edge])


def _halved(image: Floats) -> Floats:
    """Average 2 x 2 pixels; an odd last row or column is dropped."""
    h, w, c = image.shape
    even = image[: h // 2 * 2, : w // 2 * 2]
    return np.asarray(even.reshape(h // 2, 2, w // 2, 2, c).mean(axis=(1, 3)))
