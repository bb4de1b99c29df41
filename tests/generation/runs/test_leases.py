"""One worker at a time, and a worker that lost its lease commits nothing."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from generation.runs import leases
from generation.runs.models import GeneratedImage, Shard
from generation.runs.services import cancel_run, launch_run, revive_shards
from generation.runs.tasks import sample_shard
from review.jobs.models import Outbox
from tests.generation.worlds import make_admin, make_checkpoint

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


@pytest.fixture
def shard() -> Shard:
    run = launch_run(actor=None, checkpoint=make_checkpoint(), counts={"BAS": 3}, seed=1)
    return run.shards.get()


def _result(index: int) -> leases.Result:
    pixels = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    return leases.Result(index, pixels, "f" * 64, 1.0, "", {})


def _expire(shard: Shard) -> None:
    long_ago = timezone.now() - timedelta(seconds=1)
    Shard.objects.filter(pk=shard.pk).update(lease_expires=long_ago)


def test_second_worker_gets_nothing_while_the_first_holds(shard: Shard) -> None:
    first, second = leases.claim(shard.pk, "a"), leases.claim(shard.pk, "b")

    assert first is not None
    assert second is None
    assert leases.beat(first)


def test_worker_that_lost_its_lease_commits_nothing(shard: Shard) -> None:
    slow = leases.claim(shard.pk, "slow")
    _expire(shard)
    fast = leases.claim(shard.pk, "fast")
    assert slow is not None
    assert fast is not None

    assert not leases.put_result(slow, _result(0))
    assert not leases.beat(slow)
    assert not leases.wants_to_go_on(slow)
    assert leases.put_result(fast, _result(0))
    assert GeneratedImage.objects.filter(asset__isnull=False).count() == 1


def test_next_worker_gets_only_what_is_missing(shard: Shard) -> None:
    first = leases.claim(shard.pk, "a")
    assert first is not None
    leases.put_result(first, _result(1))
    _expire(shard)

    second = leases.claim(shard.pk, "b")

    assert second is not None
    assert [one.index for one in leases.inputs(second).wanted] == [0, 2]


def test_reaper_requeues_a_silent_workers_shard_and_announces_it(shard: Shard) -> None:
    leases.claim(shard.pk, "gone")
    _expire(shard)
    before = Outbox.objects.count()

    assert revive_shards() == 1
    shard.refresh_from_db()
    assert (shard.state, shard.lease_owner) == ("queued", "")
    assert Outbox.objects.count() == before + 1


def test_reaper_announces_again_what_a_flushed_broker_forgot(shard: Shard) -> None:
    Outbox.objects.update(created_at=timezone.now() - timedelta(hours=1))

    assert revive_shards() == 1
    assert Outbox.objects.order_by("pk").last().args == [shard.pk]  # type: ignore[union-attr]


def test_cancelled_run_stops_between_chunks_and_keeps_what_is_drawn(shard: Shard) -> None:
    held = leases.claim(shard.pk, "a")
    assert held is not None
    leases.put_result(held, _result(0))

    run = cancel_run(actor=make_admin(), run=shard.run)

    assert run.state == "cancelling"
    assert not leases.wants_to_go_on(held)
    leases.release(held, done=False)
    sample_shard(shard.pk)
    revive_shards()
    run.refresh_from_db()
    assert (run.state, run.pool.state) == ("cancelled", "complete")
    assert run.pool.images.count() == 1
