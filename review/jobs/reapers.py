"""Rooms register here what has to be done regularly: reaping leases, schedules.

A registered function takes no argument and returns how many rows it changed; it must be short and
safe to repeat. The dispatcher calls each every `every_s` seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Chore:
    """A named function that the dispatcher calls every `every_s` seconds."""

    name: str
    run: Callable[[], int]
    every_s: float


CHORES: dict[str, Chore] = {}


def register_chore(name: str, run: Callable[[], int], every_s: float = 5) -> None:
    """Add or replace a chore; call it from an app's ready()."""
    CHORES[name] = Chore(name, run, every_s)
