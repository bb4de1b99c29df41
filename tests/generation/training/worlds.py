"""Trainings of the tiny preset on drawn cells."""

from typing import Any

from generation.training.models import TrainingJob
from generation.training.services import start_training
from review.catalog.models import Pool
from tests.worlds.building import make_pool


def start(pool: Pool | None = None, **changes: Any) -> TrainingJob:
    """Queue a training of six steps on four classes."""
    arguments: dict[str, Any] = {
        "actor": None,
        "family": "prototype_ddpm",
        "preset": "tiny",
        "seed": 1,
        "steps": 6,
        "prototypes": 2,
        "early_steps": [2],
    }
    return start_training(pool=pool or make_pool("cells"), **(arguments | changes))
