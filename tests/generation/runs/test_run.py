"""A run from its launch to its pool, on the real engine."""

from pathlib import Path
from typing import Any

import pytest

from generation.engine.seeds import image_seed
from generation.runs import tasks
from generation.runs.errors import NotAllowed, RunRefused
from generation.runs.models import GeneratedImage, GenerationRun, Shard
from generation.runs.services import CellCount, cancel_run, launch_run
from generation.runs.tasks import sample_shard
from review.catalog.models import ImageAsset, Pool
from review.catalog.services.intake import read_pixels
from review.jobs.models import Outbox
from tests.generation.worlds import make_admin, make_checkpoint
from tests.worlds.building import make_user

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]
COUNTS = {"BAS": 5, "EOS": 4}


def _launch(**changes: Any) -> GenerationRun:
    arguments = {"actor": None, "counts": COUNTS, "seed": 5} | changes
    checkpoint = arguments.pop("checkpoint", None) or make_checkpoint()
    return launch_run(checkpoint=checkpoint, **arguments)


def _draw(run: GenerationRun) -> GenerationRun:
    for pk in Shard.objects.filter(run=run).values_list("pk", flat=True):
        sample_shard(pk)
    run.refresh_from_db()
    return run


def _hashes(run: GenerationRun) -> dict[int, str]:
    return dict(GeneratedImage.objects.filter(run=run).values_list("index", "pixel_sha256"))


def test_launch_writes_the_whole_run_and_announces_its_shards() -> None:
    run = _launch(name="batch")

    images = list(run.images.values_list("index", "seed", "image_class__code"))
    assert images[0] == (0, image_seed(5, 0), "BAS")
    assert [code for _, _, code in images] == ["BAS"] * 5 + ["EOS"] * 4
    assert sum(run.cells.values_list("n_generate", flat=True)) == run.total == 9
    assert Outbox.objects.filter(task__endswith="sample_shard").count() == run.shards.count() == 1
    assert run.pool.state == Pool.State.BUILDING


def test_drawn_run_is_a_complete_pool_with_provenance() -> None:
    run = _draw(_launch())

    assert (run.state, run.pool.state) == ("complete", "complete")
    image = run.images.select_related("asset").get(index=7)
    asset = image.asset
    assert asset is not None
    assert (asset.source_key, asset.image_class.code) == ("7", "EOS")
    assert (asset.prototype, asset.model_version) == (image.prototype, run.checkpoint.card_sha256)
    assert (asset.stratum, asset.inclusion_probability) == ("all", 1.0)
    assert image.provenance["torch"] == run.fingerprint["torch"]
    assert image.ms is not None
    assert read_pixels(asset).shape == (16, 16, 3)


def test_same_seed_same_pixels_and_another_seed_others() -> None:
    checkpoint = make_checkpoint()
    first, again, other = (_draw(_launch(checkpoint=checkpoint, seed=s)) for s in (5, 5, 6))

    assert _hashes(first) == _hashes(again)
    assert not set(_hashes(first).values()) & set(_hashes(other).values())
    assert again.pool.name != first.pool.name


def test_pixels_do_not_depend_on_how_a_run_is_cut() -> None:
    checkpoint = make_checkpoint()
    whole, cut = (_launch(checkpoint=checkpoint) for _ in range(2))
    Shard.objects.filter(run=cut).update(last=2)
    Shard.objects.create(run=cut, first=2, last=9)

    assert _hashes(_draw(whole)) == _hashes(_draw(cut))


def test_a_message_that_comes_twice_draws_nothing_twice() -> None:
    run = _draw(_launch())
    before = _hashes(run)

    run = _draw(run)

    assert _hashes(run) == before
    assert ImageAsset.objects.filter(pool=run.pool).count() == 9


def test_counts_per_prototype_keep_what_is_shown_apart() -> None:
    run = _draw(_launch(counts=[CellCount("MON", 1, n_generate=3, n_show=2, n_audit=1)]))

    cell = run.cells.get()
    assert (cell.n_generate, cell.n_show, cell.n_audit) == (3, 2, 1)
    assert set(run.images.values_list("prototype", flat=True)) == {1}


def test_constant_images_are_rejected_and_counted() -> None:
    run = _draw(_launch(checkpoint=make_checkpoint(diverged=True)))

    assert (run.state, run.rejected) == ("complete", 9)
    assert set(run.images.values_list("rejected", "asset")) == {("constant", None)}
    assert not run.pool.images.exists()


def test_altered_checkpoint_fails_the_run_and_says_why(media: Path) -> None:
    run = _launch()
    weights = media / run.checkpoint.storage_key / "ema.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    tasks._load.cache_clear()  # a worker that has not loaded it yet

    for _ in range(3):
        _draw(run)
    run.refresh_from_db()

    assert run.state == "failed"
    assert "altered" in run.error


def test_cancelled_before_it_started_ends_at_once() -> None:
    run = cancel_run(actor=make_admin(), run=_launch())

    assert run.state == "cancelled"
    assert _draw(run).pool.images.count() == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"counts": {"HAC": 3}}, "HAC"), ({"counts": {}}, "0 images"), ({"seed": -1}, "Seed -1")],
)
def test_refuses_what_cannot_be_drawn(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RunRefused, match=reason):
        _launch(**changes)
    assert not Pool.objects.exists()


def test_only_ready_checkpoints_and_only_admins() -> None:
    checkpoint = make_checkpoint(state="rejected")

    with pytest.raises(NotAllowed):
        _launch(checkpoint=checkpoint, actor=make_user("reader"))
    with pytest.raises(RunRefused, match="rejected"):
        _launch(checkpoint=checkpoint)
