"""Verbs on measurements: start, carry out, revive."""

from generation.quality.services.measure import carry_out
from generation.quality.services.revive import revive_measurements
from generation.quality.services.start import start_measurement

__all__ = ["carry_out", "revive_measurements", "start_measurement"]
