"""Errors of the run engine."""

from generation.families.errors import GenerationError


class CheckpointRefused(GenerationError):
    """Refuse a checkpoint whose files, card or class list do not match."""


class NumericsChanged(GenerationError):
    """Refuse to go on with a run on a machine that computes other pixels."""
