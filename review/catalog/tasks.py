"""Background work of the catalogue."""

from celery import shared_task

from review.catalog.services import uploads


@shared_task(name=uploads.TASK)
def run_upload(job_pk: int) -> None:
    """Import the upload of a job."""
    uploads.run_upload(job_pk)
