"""Tell how far a measurement is, and stop when its lease is gone."""

import threading
import time
from typing import Any

from generation.quality.errors import LeaseLost
from generation.quality.models import Measurement

REPORT_SECONDS = 0.5


class Progress:
    """Write stage and images read on a measurement's row, at most twice a second."""

    def __init__(self, measurement_pk: int, fence: int, lost: threading.Event) -> None:
        self._row = Measurement.objects.filter(pk=measurement_pk, fence=fence)
        self._lost = lost
        self._done = 0
        self._told = 0.0

    def expect(self, images: int) -> None:
        """Say how many images will be read in all."""
        self._write(total=images)

    def stage(self, words: str) -> None:
        """Say what is being done now."""
        self._write(stage=words, done=self._done)

    def read(self, images: int) -> None:
        """Count images as read."""
        self._done += images
        if time.monotonic() - self._told > REPORT_SECONDS:
            self._write(done=self._done)

    def _write(self, **fields: Any) -> None:
        """Update the row under the fence; raise LeaseLost when it is another worker's."""
        self._told = time.monotonic()
        if self._lost.is_set() or not self._row.exclude(lease_owner="").update(**fields):
            raise LeaseLost("the measurement is another worker's")
