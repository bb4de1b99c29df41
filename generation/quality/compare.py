"""Distances between sets of features, as plain values: a number with its limits, or a refusal."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from generation.quality.sample import EqualSample
from metrics.errors import InsufficientData
from metrics.images.fid import fid, fid_infinity
from metrics.images.kid import kid
from metrics.images.prdc import Prdc, prdc
from metrics.images.result import Extractor, Measure

Cell = dict[str, Any]
Features = Mapping[str, np.ndarray]
Pairs = Mapping[str, tuple[str, str]]
SHARES = ("precision", "recall", "density", "coverage")
CLASS_LEAST = 10  # images of a class and set below which its numbers are noise


def compare_sets(
    real: np.ndarray, generated: np.ndarray, by: Extractor, *, seed: int
) -> dict[str, Cell]:
    """Return every distance of two equal samples of features, (n, d) each, by its name.

    A metric that refuses its data holds its reason in words under "refused".
    """
    found = {
        "kid": cell(lambda: kid(real, generated, extractor=by)),
        "fid": cell(lambda: fid(real, generated, extractor=by)),
        "fid_infinity": cell(lambda: fid_infinity(real, generated, seed=seed, extractor=by)),
    }
    try:
        shares = prdc(real, generated, seed=seed, extractor=by)
    except InsufficientData as refusal:
        return found | {name: {"refused": str(refusal)} for name in SHARES}
    return found | _shares(shares)


def compare_classes(
    features: Features, sample: EqualSample, pairs: Pairs, by: Extractor, *, seed: int
) -> dict[str, dict[str, Any]]:
    """Return class code -> comparison -> its distances; only where the class has enough images.

    pairs: name of a comparison -> (real set, other set).
    """
    found: dict[str, dict[str, Any]] = {}
    for code, n in sample.counts.items():
        rows = sample.rows_of(code)
        found[code] = {
            name: compare_sets(features[real][rows], features[other][rows], by, seed=seed)
            if n >= CLASS_LEAST
            else {"refused": f"{n} images of each set; a class needs at least {CLASS_LEAST}."}
            for name, (real, other) in pairs.items()
        }
    return found


def cell(compute: Callable[[], Measure]) -> Cell:
    """Return a measure as plain values, or what it lacked."""
    try:
        return asdict(compute())
    except InsufficientData as refusal:
        return {"refused": str(refusal)}


def _shares(found: Prdc) -> dict[str, Cell]:
    cells = {name: asdict(getattr(found, name)) for name in SHARES}
    cells["coverage"]["expected"] = found.expected_coverage
    return cells
