"""Work on large snapshots, away from the web process."""

import logging

from celery import shared_task

from review.results.errors import NothingToReport
from review.results.models import Snapshot

logger = logging.getLogger(__name__)


@shared_task(name="review.results.tasks.build_report", ignore_result=True)
def build_report(snapshot_pk: int) -> None:
    """Compute a snapshot's report and cases unless this version of the code has done so."""
    from review.results.cases import CASES, build_cases
    from review.results.reports import REPORT, find_export
    from review.results.reports import build_report as build

    snapshot = Snapshot.objects.get(pk=snapshot_pk)
    if find_export(snapshot, CASES) is None:
        build_cases(snapshot)
    if find_export(snapshot, REPORT) is None:
        build(snapshot)


@shared_task(name="review.results.tasks.build_file", ignore_result=True)
def build_file(snapshot_pk: int, name: str) -> None:
    """Build one download of a snapshot unless it is there."""
    from review.results.downloads import build_download

    try:
        build_download(Snapshot.objects.get(pk=snapshot_pk), name)
    except NothingToReport as error:  # asked for again, the page says it
        logger.warning("%s of snapshot %s: %s", name, snapshot_pk, error)
