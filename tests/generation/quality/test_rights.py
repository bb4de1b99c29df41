"""What image metrics may do in the database on a worker: what they do, and nothing else."""

import shutil
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generation.quality import progress
from generation.quality.models import Measurement
from generation.quality.rights import RIGHTS
from generation.quality.services import start_measurement
from generation.quality.tasks import measure_run
from generation.runs.models import GenerationRun
from review.audit.grants import WORKER_RIGHTS
from tests.generation.quality.worlds import as_generated, draw_again, make_trained_world, make_world
from tests.review.audit.roles import acting_as, make_roles
from tests.review.audit.statements import granted, lacking, touched

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


def queued() -> list[Measurement]:
    """Queue three: by a trained bank, of a run that copies a training image, a broken one."""
    trained, _ = make_trained_world()
    world = make_world()
    first = world.training.images.order_by("pk")[0]
    copied = draw_again(world, [as_generated(first)])
    runs: list[GenerationRun] = [trained, copied.run, world.run]
    return [start_measurement(actor=None, run=run) for run in runs]


def carry_out(rows: list[Measurement], media: Path) -> list[str]:
    """Measure on a worker; the last one finds its images gone. Returns the states."""
    for row in rows[:-1]:
        measure_run(row.pk)
    shutil.rmtree(media / "assets")
    measure_run(rows[-1].pk)
    return [Measurement.objects.get(pk=row.pk).state for row in rows]


def test_what_image_metrics_touch_is_what_is_granted(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "REPORT_SECONDS", 0)
    rows = queued()
    with CaptureQueriesContext(connection) as queries:
        states = carry_out(rows, media)
    assert states == ["done", "done", "failed"]

    used, allowed = touched(queries), granted(RIGHTS)

    assert lacking(allowed, used) == {}
    assert set(lacking(used, allowed)) <= {"jobs_outbox"}  # used when the disk is full
    assert set(RIGHTS) <= set(WORKER_RIGHTS)


def test_runs_are_measured_under_the_workers_role(media: Path) -> None:
    roles = make_roles()
    rows = queued()

    with acting_as(roles.worker):
        states = carry_out(rows, media)

    assert states == ["done", "done", "failed"]
