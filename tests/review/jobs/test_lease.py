from datetime import timedelta

import pytest
from django.utils import timezone

from generation.runs.models import Shard
from tests.worlds.runs import make_shard

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def claim(shard: Shard, owner: str) -> int | None:
    return Shard.objects.claim(shard.pk, owner, states=["queued"], leased="leased")


def test_one_of_two_workers_gets_the_lease() -> None:
    shard = make_shard()
    assert claim(shard, "one") == 1
    assert claim(shard, "two") is None


def test_an_expired_lease_is_taken_over_and_fences_the_first_worker() -> None:
    shard = make_shard()
    first = claim(shard, "one")
    Shard.objects.update(lease_expires=timezone.now() - timedelta(seconds=1))
    second = claim(shard, "two")
    assert (first, second) == (1, 2)
    assert not Shard.objects.beat(shard.pk, 1)
    assert not Shard.objects.release(shard.pk, 1, "done")
    assert Shard.objects.release(shard.pk, 2, "done")


def test_a_beat_extends_the_lease() -> None:
    shard = make_shard()
    fence = claim(shard, "one")
    Shard.objects.update(lease_expires=timezone.now() + timedelta(milliseconds=1))
    assert fence is not None
    assert Shard.objects.beat(shard.pk, fence)
    shard.refresh_from_db()
    assert shard.lease_expires is not None
    assert shard.lease_expires > timezone.now() + timedelta(seconds=5)


def test_expired_lists_only_silent_workers() -> None:
    shard = make_shard()
    claim(shard, "one")
    assert not Shard.objects.all().expired("leased").exists()
    Shard.objects.update(lease_expires=timezone.now() - timedelta(seconds=1))
    assert Shard.objects.all().expired("leased").exists()
