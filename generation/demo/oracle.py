"""The drawing rules as a judge: does an image obey what its class's phantoms obey?

For every criterion of a domain a few numbers are measured; clean phantoms of the class say how
these numbers scatter. An image fails a criterion when it lies farther out (Mahalanobis distance)
than `REACH` or `REACH_OF` times the distance that nearly all clean phantoms keep. Nothing is set by
hand per class, so a changed drawing rule moves the judge with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from generation.demo.cell_features import SIZE as CELL_SIZE
from generation.demo.cell_features import cell_features
from generation.demo.film_features import SIZE as FILM_SIZE
from generation.demo.film_features import film_features
from generation.demo.lesion_features import SIZE as LESION_SIZE
from generation.demo.lesion_features import lesion_features
from generation.demo.measures import Floats
from generation.demo.phantoms import PHANTOM_CLASSES, draw_phantom
from generation.feedback.reads import Mark

REACH = 1.45  # beyond this many times the clean distance a criterion fails
# Fine texture is blurred at 32 px (the domain file asks for 128 px), and lobes run together.
REACH_OF: Mapping[str, float] = MappingProxyType(
    {"chromatin": 2.2, "inclusions": 1.8, "granules": 1.8, "nucleus": 1.8}
)
CLEAN_QUANTILE = 0.98
TRIMMED = 0.97  # part of the clean phantoms that describe the scatter: a few have odd outlines
TOLERANCE = 0.15  # of the spread over all classes, added to the scatter inside a class
CLEAN_SAMPLES = 100  # phantoms per class
CLEAN_SEED = 9_000_000
MAX_BLUR, MAX_NOISE = 0.45, 0.02  # what a clean image may have gone through: pixels, grey levels

_ONLY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "granules": ("BAS", "EOS", "NGS"),
        "clear": ("No_Finding",),
        "finding_present": ("Cardiomegaly", "Effusion", "Pneumothorax"),
        "finding_form": ("Cardiomegaly", "Effusion", "Pneumothorax"),
        "consequences": ("Cardiomegaly", "Effusion", "Pneumothorax"),
    }
)


@dataclass(frozen=True)
class _Domain:
    size: int
    features: Callable[[Floats], dict[str, Floats]]


_DOMAINS = MappingProxyType(
    {
        "bone_marrow": _Domain(CELL_SIZE, cell_features),
        "dermatology": _Domain(LESION_SIZE, lesion_features),
        "chest_xray": _Domain(FILM_SIZE, film_features),
    }
)


@dataclass(frozen=True)
class Judgement:
    """criteria: code -> passes or fails; distance: code -> multiples of the clean distance."""

    criteria: Mapping[str, Mark]
    distance: Mapping[str, float]

    @property
    def is_plausible(self) -> bool:
        """True when no criterion fails."""
        return Mark.FAILS not in self.criteria.values()


@dataclass(frozen=True)
class _Reference:
    """Where clean phantoms of one class lie for one criterion: middle, precision, distance."""

    middle: Floats
    precision: Floats
    usual: float

    def distance(self, features: Floats) -> float:
        gap = features - self.middle
        return float(np.sqrt(gap @ self.precision @ gap)) / self.usual


def judge(pixels: NDArray[np.generic], *, domain: str, code: str, view: float = 1.0) -> Judgement:
    """Judge an image as one of class `code`.

    pixels: (h, w, 3) or (h, w), uint8, uint16 or floats in 0..1, of any size. view: the centre
    share of the frame that generators were trained on (their `crop`); 1 for whole phantoms.
    Raises KeyError for a class without phantoms.
    """
    if code not in PHANTOM_CLASSES[domain]:
        raise KeyError(f"{domain} has no drawing rules for {code!r}; phantoms have no such class.")
    measured = _DOMAINS[domain].features(_prepare(pixels, domain, view=1.0))
    distance = {
        criterion: reference.distance(measured[criterion])
        for criterion, reference in _references(domain, view)[code].items()
    }
    marks = {
        criterion: Mark.FAILS if far > REACH_OF.get(criterion, REACH) else Mark.PASSES
        for criterion, far in distance.items()
    }
    return Judgement(marks, distance)


def simulate_answer(
    judgement: Judgement, rng: np.random.Generator, *, accuracy: float = 0.9
) -> dict[str, Mark]:
    """Answer as a reader who calls the verdict rightly with probability `accuracy`.

    A wrong reject fails one criterion, chosen by how far out it looked; a wrong accept passes all.
    """
    criteria = dict(judgement.criteria)
    if rng.random() < accuracy:
        return criteria
    if not judgement.is_plausible:
        return dict.fromkeys(criteria, Mark.PASSES)
    codes = list(criteria)
    weights = np.array([judgement.distance[code] for code in codes]) + 1e-6
    criteria[codes[int(rng.choice(len(codes), p=weights / weights.sum()))]] = Mark.FAILS
    return criteria


@lru_cache(maxsize=12)
def _references(domain: str, view: float) -> Mapping[str, Mapping[str, _Reference]]:
    """Measure clean phantoms once per domain and view; about a second."""
    measured = {code: _clean_features(domain, code, view) for code in PHANTOM_CLASSES[domain]}
    references: dict[str, dict[str, _Reference]] = {code: {} for code in measured}
    for criterion in next(iter(measured.values())):
        stacked = np.concatenate([rows[criterion] for rows in measured.values()])
        slack = (TOLERANCE * stacked.std(axis=0)) ** 2 + 1e-8
        for code, rows in measured.items():
            if code in _ONLY.get(criterion, PHANTOM_CLASSES[domain]):
                references[code][criterion] = _reference(rows[criterion], slack)
    return references


def _clean_features(domain: str, code: str, view: float) -> dict[str, Floats]:
    """Return criterion -> (CLEAN_SAMPLES, d) of phantoms, some a little soft or noisy."""
    rng = np.random.default_rng(CLEAN_SEED)
    rows: dict[str, list[Floats]] = {}
    for index in range(CLEAN_SAMPLES):
        image = _prepare(draw_phantom(domain, code, CLEAN_SEED + index).pixels, domain, view=view)
        image = _handle(image, rng)
        for criterion, values in _DOMAINS[domain].features(image).items():
            rows.setdefault(criterion, []).append(values)
    return {criterion: np.stack(values) for criterion, values in rows.items()}


def _handle(image: Floats, rng: np.random.Generator) -> Floats:
    """Blur and add noise as far as a clean image may have suffered from resizing."""
    blur = rng.uniform(0, MAX_BLUR)
    image = ndimage.gaussian_filter(image, (blur, blur, 0)[: image.ndim])
    noise = rng.uniform(0, MAX_NOISE) * rng.standard_normal(image.shape)
    return np.asarray(np.clip(image + noise, 0, 1))


def _reference(rows: Floats, slack: Floats) -> _Reference:
    """Fit middle and scatter twice, the second time without the farthest few."""
    kept = rows
    for _ in range(2):
        middle = kept.mean(axis=0)
        covariance = np.atleast_2d(np.cov(kept, rowvar=False)) + np.diag(slack)
        precision = np.linalg.inv(covariance)
        gaps = rows - middle
        far = np.sqrt(np.einsum("ni,ij,nj->n", gaps, precision, gaps))
        kept = rows[far <= np.quantile(far, TRIMMED)]
    return _Reference(middle, precision, float(np.quantile(far, CLEAN_QUANTILE)))


def _prepare(pixels: NDArray[np.generic], domain: str, *, view: float) -> Floats:
    """Crop to `view`, resize to the judge's size, and return floats in 0..1."""
    values = np.asarray(pixels)
    scale = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}.get(values.dtype, 1.0)
    image = values.astype(np.float32) / np.float32(scale)
    channels = 1 if domain == "chest_xray" else 3
    if image.ndim == 3 and channels == 1:
        image = image.mean(axis=2)
    if image.ndim == 2 and channels == 3:
        image = np.repeat(image[..., None], 3, axis=2)
    side = max(round(min(image.shape[:2]) * view), 1)
    top, left = ((length - side) // 2 for length in image.shape[:2])
    image = image[top : top + side, left : left + side]
    planes = [image] if image.ndim == 2 else [image[..., c] for c in range(3)]
    size = (_DOMAINS[domain].size,) * 2
    resized = [
        np.asarray(Image.fromarray(np.ascontiguousarray(p)).resize(size, Image.Resampling.LANCZOS))
        for p in planes
    ]
    stacked = resized[0] if image.ndim == 2 else np.stack(resized, axis=2)
    return np.asarray(np.clip(stacked, 0, 1), dtype=np.float64)
