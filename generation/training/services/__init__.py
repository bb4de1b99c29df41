"""Verbs on trainings: start, cancel, register what came out, revive."""

from generation.training.services.register import register_bank, register_checkpoint
from generation.training.services.revive import revive_trainings
from generation.training.services.start import cancel_training, start_training

__all__ = [
    "cancel_training",
    "register_bank",
    "register_checkpoint",
    "revive_trainings",
    "start_training",
]
