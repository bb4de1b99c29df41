"""Real images for prototype tests."""

from generation.prototypes.bank import CPLConfig
from generation.prototypes.learn import RealImages
from tests.generation.families.worlds import coloured_squares

QUICK = CPLConfig(prototypes=2, dimension=16, steps=40, batch=24)


def real_squares(count: int = 24) -> RealImages:
    """Return coloured squares of three classes."""
    squares = coloured_squares(count)
    return RealImages(squares.images, squares.labels, squares.classes, squares.augmentation)
