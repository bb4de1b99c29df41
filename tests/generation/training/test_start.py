"""What may be trained, by whom, and what starting and stopping write."""

from typing import Any

import pytest

from generation.training.errors import NotAllowed, TrainingRefused
from generation.training.models import TrainingJob
from generation.training.services import cancel_training
from review.audit.models import AuditEvent
from review.catalog.models import Pool
from review.jobs.models import Outbox
from tests.generation.training.worlds import start
from tests.generation.worlds import make_admin
from tests.worlds.building import make_pool, make_user

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


def test_start_queues_one_message_and_one_event() -> None:
    job = start(early_steps=[4, 2, 2, 6, 99])

    assert (job.state, job.total_steps) == ("queued", 6)
    assert job.options["early_steps"] == [2, 4]
    assert Outbox.objects.get(task__endswith="train_segment").args == [job.pk]
    assert AuditEvent.objects.filter(verb="training.started").count() == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"family": "gan9"}, "No family"),
        ({"preset": "huge"}, "no preset"),
        ({"prototypes": 5}, "at least 5 images"),
        ({"seed": -1}, "Seed -1"),
        ({"steps": 0}, "steps is 0"),
        ({"early_steps": [0]}, "after step 1"),
        ({"guidance": 30.0}, "Guidance 30.0 is outside"),
    ],
)
def test_refuses_what_cannot_be_trained(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(TrainingRefused, match=reason):
        start(**changes)
    assert not TrainingJob.objects.exists()


def test_learns_from_complete_real_pools_only() -> None:
    with pytest.raises(TrainingRefused, match="synthetic"):
        start(make_pool("out", "synthetic"))
    building = make_pool("half")
    Pool.objects.filter(pk=building.pk).update(state="building")
    building.refresh_from_db()
    with pytest.raises(TrainingRefused, match="still being built"):
        start(building)


def test_only_admins_start_and_stop() -> None:
    reader, job = make_user("reader"), start()

    with pytest.raises(NotAllowed):
        start(job.pool, actor=reader)
    with pytest.raises(NotAllowed):
        cancel_training(actor=reader, job=job)


def test_queued_training_is_cancelled_at_once() -> None:
    job = cancel_training(actor=make_admin(), job=start())

    assert job.state == "cancelled"
    assert job.finished_at is not None
