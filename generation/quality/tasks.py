"""Measure the images of one run on a worker."""

from celery import shared_task

from generation.quality.services.measure import carry_out
from generation.quality.services.start import MEASURE


@shared_task(name=MEASURE, ignore_result=True)
def measure_run(measurement_pk: int) -> None:
    """Claim a measurement and carry it out; a message that comes twice does nothing twice."""
    carry_out(measurement_pk)
