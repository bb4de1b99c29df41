"""The recogniser learns real classes and measures how many images show the one asked for."""

from generation.families.interface import Augmentation
from generation.prototypes.recogniser import train_recogniser
from tests.generation.prototypes.worlds import real_squares


def test_recognises_its_classes_and_not_others() -> None:
    real = real_squares()
    recogniser = train_recogniser(
        real.images, real.labels, real.classes, augmentation=Augmentation(), seed=1, steps=30
    )

    assert recogniser.share_recognised(real.images, real.labels) == 1.0
    assert recogniser.share_recognised(real.images, (real.labels + 1) % 3) == 0.0
