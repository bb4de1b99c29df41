"""One worker at a time, lost ones replaced, and runs of loops measured unasked."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from generation.quality.errors import LeaseLost
from generation.quality.models import Copy, Measurement
from generation.quality.progress import Progress
from generation.quality.services import carry_out, revive_measurements, start_measurement
from generation.runs.models import GenerationRun
from generation.training.models import TrainingJob
from review.audit.models import AuditEvent
from review.catalog.errors import MediaFull
from review.jobs.models import Outbox
from tests.generation.quality.worlds import as_generated, draw_again, make_world, measured

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


def _claim(row: Measurement, owner: str) -> int | None:
    return Measurement.objects.claim(row.pk, owner, states=["queued"], leased="running")


def _expire(row: Measurement) -> None:
    long_ago = timezone.now() - timedelta(seconds=1)
    Measurement.objects.filter(pk=row.pk).update(lease_expires=long_ago)


def test_a_message_that_comes_twice_measures_once() -> None:
    world = make_world()
    training = world.training.images.first()
    assert training is not None
    row = measured(draw_again(world, [as_generated(training)]).run)
    before = (row.result_sha256, row.finished_at, Copy.objects.count())

    carry_out(row.pk)

    row.refresh_from_db()
    assert (row.result_sha256, row.finished_at, Copy.objects.count()) == before
    assert before[2] == 1


def test_who_has_not_the_claim_does_nothing() -> None:
    row = start_measurement(actor=None, run=make_world().run)
    assert _claim(row, "another") is not None

    carry_out(row.pk)

    row.refresh_from_db()
    assert (row.state, row.lease_owner) == ("running", "another")


def test_a_worker_that_lost_its_lease_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    training = world.training.images.first()
    assert training is not None
    row = start_measurement(actor=None, run=draw_again(world, [as_generated(training)]).run)

    def lose(*args: object) -> object:
        everything = found(*args)
        _expire(row)
        _claim(row, "faster")
        return everything

    from generation.quality import work

    found = work.search_copies
    monkeypatch.setattr("generation.quality.work.search_copies", lose)
    carry_out(row.pk)

    row.refresh_from_db()
    assert (row.state, row.lease_owner, row.result) == ("running", "faster", None)
    assert not Copy.objects.exists()
    assert not AuditEvent.objects.filter(verb="measurement.done").exists()


def test_progress_stops_when_the_lease_is_gone() -> None:
    row = start_measurement(actor=None, run=make_world().run)
    fence = _claim(row, "slow")
    assert fence is not None
    progress = Progress(row.pk, fence, threading.Event())
    progress.stage("reading")
    _expire(row)
    _claim(row, "fast")

    with pytest.raises(LeaseLost):
        progress.stage("reading on")


def test_a_silent_worker_is_replaced() -> None:
    row = start_measurement(actor=None, run=make_world().run)
    _claim(row, "killed")
    _expire(row)
    Outbox.objects.all().delete()

    assert revive_measurements() == 1
    assert revive_measurements() == 0
    carry_out(row.pk)

    row.refresh_from_db()
    assert row.state == "done"
    assert Outbox.objects.filter(task__endswith="measure_run").count() == 1


def test_a_lost_message_is_sent_again() -> None:
    start_measurement(actor=None, run=make_world().run)
    Outbox.objects.all().delete()

    assert revive_measurements() == 1
    assert Outbox.objects.filter(task__endswith="measure_run").count() == 1


def test_runs_of_loops_are_measured_once_and_unasked() -> None:
    world = make_world()
    GenerationRun.objects.filter(pk=world.run.pk).update(round=1)
    draw_again(world, [])  # belongs to no loop

    assert [revive_measurements() for _ in range(2)] == [1, 0]

    row = Measurement.objects.get()
    assert (row.run, row.state, row.requested_by) == (world.run, "queued", None)


def test_a_run_of_a_loop_that_cannot_be_measured_fails_once() -> None:
    world = make_world()
    GenerationRun.objects.filter(pk=world.run.pk).update(round=1)
    TrainingJob.objects.all().delete()
    revive_measurements()
    row = Measurement.objects.get()

    carry_out(row.pk)

    row.refresh_from_db()
    assert row.state == "failed"
    assert revive_measurements() == 0


def test_a_full_disk_only_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    row = start_measurement(actor=None, run=make_world().run)

    def full(*args: object) -> object:
        raise MediaFull("Could not store a file: no space.")

    with monkeypatch.context() as patched:
        patched.setattr("generation.quality.work.search_copies", full)
        carry_out(row.pk)
    row.refresh_from_db()
    waiting = (row.state, row.error)
    carry_out(row.pk)

    row.refresh_from_db()
    assert waiting == ("queued", "Could not store a file: no space.")
    assert (row.state, row.error) == ("done", "")


def test_start_and_end_are_in_the_trail() -> None:
    row = measured(make_world().run)

    verbs = AuditEvent.objects.filter(object=f"quality.measurement:{row.pk}")
    assert list(verbs.order_by("number").values_list("verb", flat=True)) == [
        "measurement.started",
        "measurement.done",
    ]
    assert verbs.get(verb="measurement.done").after["result"] == row.result_sha256
