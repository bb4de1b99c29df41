"""Features in, checked arrays out: one row per image, one column per dimension."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData
from metrics.stats.readings import table_of

Floats = NDArray[np.float64]
BEYOND = 1e24


def features_of(values: ArrayLike, name: str) -> Floats:
    """Return features as a float array (n images, d dimensions).

    Raises ValueError for another shape, text, or NaN and endless entries (beyond 1e24, whose
    12th powers, in the error of KID, overflow), with their number; InsufficientData for 0 images.
    """
    array = table_of(values, name)
    if array.size == 0:
        raise InsufficientData(
            f"{name} has shape {array.shape}: 0 features. Give one row of features per image."
        )
    if array.ndim != 2:
        raise ValueError(
            f"{name} has shape {array.shape}; features must be (images, dimensions), one row each."
        )
    broken = int((~(np.abs(array) < BEYOND)).any(axis=1).sum())
    if broken:
        raise ValueError(
            f"{broken} of {len(array)} rows of {name} hold NaN or infinite features; leave these "
            f"images out or repair the extractor."
        )
    return array


def two_sets(
    first: ArrayLike, second: ArrayLike, names: tuple[str, str] = ("real", "generated")
) -> tuple[Floats, Floats]:
    """Return two sets of features of the same extractor. Raises as `features_of`, and ValueError
    when the sets have different dimensions."""
    a, b = features_of(first, names[0]), features_of(second, names[1])
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"{names[0]} has {a.shape[1]} dimensions and {names[1]} {b.shape[1]}; take both from "
            f"the same extractor."
        )
    return a, b


def refuse_constant(values: Floats, name: str) -> None:
    """Raise InsufficientData when all images of a set have the same features."""
    if len(values) > 1 and not np.ptp(values, axis=0).any():
        raise InsufficientData(
            f"All {len(values)} images of {name} have the same {values.shape[1]} features: one "
            f"image many times, or a broken extractor. Look at the images."
        )


def require_images(values: Floats, name: str, least: int, what: str) -> None:
    """Raise InsufficientData when a set has fewer than `least` images."""
    if len(values) < least:
        raise InsufficientData(
            f"{name} has {len(values)} images; {what} needs at least {least}. Add images."
        )
