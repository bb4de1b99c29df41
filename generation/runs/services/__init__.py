"""Verbs on runs: launch, cancel, finish, revive."""

from generation.runs.counts import CellCount
from generation.runs.services.finish import cancel_run, finalize_run
from generation.runs.services.launch import launch_run
from generation.runs.services.revive import revive_shards

__all__ = ["CellCount", "cancel_run", "finalize_run", "launch_run", "revive_shards"]
