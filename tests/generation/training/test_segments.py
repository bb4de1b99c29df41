"""Trainings on a worker: what comes out, and that breaks change nothing."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from generation.engine.checkpoint import load_checkpoint
from generation.training import segment
from generation.training.models import Checkpoint, PrototypeBank, TrainingJob
from generation.training.services import revive_trainings
from generation.training.store import open_folder
from generation.training.tasks import train_segment
from review.jobs.models import Outbox
from tests.generation.training.worlds import start

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


def _finish(job: TrainingJob) -> TrainingJob:
    for _ in range(20):
        train_segment(job.pk)
        job.refresh_from_db()
        if job.finished_at is not None:
            return job
    raise AssertionError(f"still {job.state} after 20 segments")


def _cards() -> dict[int, str]:
    return dict(Checkpoint.objects.values_list("step", "card_sha256"))


def test_ends_in_checkpoints_with_cards_and_a_bank() -> None:
    job = _finish(start())

    early, late = Checkpoint.objects.order_by("step")
    assert (early.step, late.step, job.checkpoint) == (2, 6, late)
    assert (late.state, late.classes) == ("ready", ["BAS", "EOS", "LYT", "MON"])
    loaded = load_checkpoint(open_folder(late.storage_key), expected=late.card_sha256)
    assert loaded.card["manifest_sha256"] == late.pool_manifest_sha256
    bank = PrototypeBank.objects.get()
    assert loaded.card["bank_sha256"] == bank.card_sha256
    assert loaded.card["encoder_sha256"] == bank.encoder_sha256
    assert all(sum(shares) == pytest.approx(1) for shares in bank.shares.values())


def test_training_in_many_segments_ends_in_the_same_checkpoints(media: Path) -> None:
    whole = start()
    _finish(whole)
    cards = _cards()
    TrainingJob.objects.all().delete()
    Checkpoint.objects.all().delete()

    cut = start(whole.pool)
    cut.options["segment_s"] = 0  # one step a segment
    cut.save()
    _finish(cut)

    assert _cards() == cards
    assert Outbox.objects.filter(task__endswith="train_segment").count() == 2 + 5
    assert not list((settings.VAR / "training").glob("*"))


def test_both_arms_share_the_bank_and_differ_in_the_card() -> None:
    ours = _finish(start(early_steps=[]))
    baseline = _finish(start(ours.pool, family="cfg_ddpm", early_steps=[]))

    assert PrototypeBank.objects.count() == 1
    assert ours.checkpoint != baseline.checkpoint
    assert baseline.checkpoint is not None
    assert baseline.checkpoint.config["learned"] is True


def test_checkpoint_draws_with_the_guidance_asked_for() -> None:
    checkpoint = _finish(start(guidance=3.5)).checkpoint

    assert checkpoint is not None
    assert checkpoint.config["sampler"]["guidance"] == 3.5


def test_cancelled_training_stops_and_keeps_early_checkpoints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(segment, "POLL_SECONDS", 0)
    job = start()
    _when_step(monkeypatch, 3, lambda: TrainingJob.objects.update(cancel_requested=True))

    train_segment(job.pk)

    job.refresh_from_db()
    assert job.state == "cancelled"
    assert list(Checkpoint.objects.values_list("step", flat=True)) == [2]
    assert not list((settings.VAR / "training").glob("*"))


def test_worker_that_lost_its_lease_writes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "REPORT_SECONDS", 0)
    job = start(early_steps=[4])
    _when_step(monkeypatch, 3, lambda: TrainingJob.objects.update(fence=99))

    train_segment(job.pk)

    job.refresh_from_db()
    assert (job.state, job.fence) == ("running", 99)
    assert not Checkpoint.objects.exists()


def test_silent_workers_training_goes_on_from_its_saved_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(segment, "SAVE_SECONDS", 0)
    expected = _finish(start(early_steps=[])).checkpoint
    assert expected is not None
    TrainingJob.objects.all().delete()
    Checkpoint.objects.all().delete()
    job = start(expected_pool(), early_steps=[])
    with monkeypatch.context() as broken:
        _when_step(broken, 4, _die)
        with pytest.raises(KeyboardInterrupt):
            train_segment(job.pk)
    TrainingJob.objects.update(lease_expires=timezone.now() - timedelta(seconds=1))

    assert revive_trainings() == 1
    assert _finish(job).checkpoint.card_sha256 == expected.card_sha256  # type: ignore[union-attr]


def test_damaged_pool_fails_the_training_and_says_why(media: Path) -> None:
    job = start()
    next((media / "assets").rglob("*.png")).unlink()

    train_segment(job.pk)

    job.refresh_from_db()
    assert job.state == "failed"
    assert "gone" in job.error


def expected_pool() -> Any:
    """Return the one pool of this database."""
    from review.catalog.models import Pool

    return Pool.objects.get()


def _die() -> None:
    raise KeyboardInterrupt  # passes every `except Exception`, as a kill does


def _when_step(patch: pytest.MonkeyPatch, step: int, act: Callable[[], object]) -> None:
    """Do something when a training reports this step."""
    original = segment.Segment._on_step

    def on_step(self: segment.Segment, report: Any, family: Any) -> bool:
        if report.step == step:
            act()
        return original(self, report, family)

    patch.setattr(segment.Segment, "_on_step", on_step)
