"""Image metrics of runs: what is compared, which copies are found, and what is refused."""

import shutil
from typing import Any

import numpy as np
import pytest

from generation.quality import reading
from generation.quality.errors import MeasurementRefused, NotAllowed
from generation.quality.models import Copy, Measurement
from generation.quality.services import carry_out, start_measurement
from generation.runs.models import GenerationRun
from generation.training.models import TrainingJob
from review.catalog.models import ImageAsset, Pool
from review.jobs.models import Outbox
from tests.generation.quality.worlds import (
    QualityWorld,
    as_generated,
    draw_again,
    make_trained_world,
    make_world,
    measured,
)
from tests.generation.worlds import make_admin
from tests.worlds.building import CLASSES, add_image, make_user
from tests.worlds.pixels import draw_cell

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


def learned(world: QualityWorld) -> list[ImageAsset]:
    return list(world.training.images.order_by("image_class__order", "pk"))


def test_every_set_gives_as_many_images_of_each_class() -> None:
    result = measured(make_world(held_out=5).run).result

    assert result["sample"] == {"n": 20, "classes": dict.fromkeys(CLASSES, 5)}
    assert {cell["kid"]["counts"]["real"] for cell in result["comparisons"].values()} == {20}
    assert set(result["comparisons"]) == {"held_out", "training", "baseline"}
    sets = {name: found["n"] for name, found in result["sets"].items()}
    assert sets == {"generated": 24, "training": 24, "held_out": 20}


def test_real_images_lie_nearer_to_real_ones_than_drawn_ones_do() -> None:
    found = measured(make_world(per_class=12, training=12, held_out=12).run).result["comparisons"]

    assert found["baseline"]["kid"]["estimate"] < 0.2 < found["held_out"]["kid"]["estimate"]
    assert found["baseline"]["coverage"]["estimate"] > found["held_out"]["coverage"]["estimate"]
    assert found["held_out"]["coverage"]["expected"] == pytest.approx(0.97, abs=0.01)


def test_fid_is_refused_in_words_where_images_are_fewer_than_features() -> None:
    small = measured(make_world().run).result

    assert "needs more than 32 images" in small["comparisons"]["held_out"]["fid"]["refused"]
    assert "estimate" in small["comparisons"]["held_out"]["kid"]
    assert "at least 10" in small["classes"]["BAS"]["held_out"]["refused"]


def test_planted_copies_are_found_named_and_turned_ones_too() -> None:
    world = make_world()
    first, second, third = learned(world)[:3]
    planted = [
        as_generated(first),
        np.rot90(as_generated(second))[:, ::-1].copy(),
        np.clip(as_generated(third).astype(int) + 2, 0, 255).astype(np.uint8),
    ]
    world = draw_again(world, planted)

    row = measured(world.run)

    copies = row.copies.filter(kind=Copy.Kind.TRAINING)
    found = {(copy.image.source_key, copy.original) for copy in copies}
    assert found == {("0", first), ("1", second), ("2", third)}
    assert [copy.distance for copy in copies] == pytest.approx([0, 0, 2], abs=0.05)
    closest = row.result["copying"]["closest"]
    assert [pair["is_copy"] for pair in closest[:4]] == [True, True, True, False]
    assert row.result["copying"]["n_copies"] == 3


def test_fresh_images_are_not_accused() -> None:
    row = measured(make_world(per_class=20, training=20, held_out=20).run)

    copying = row.result["copying"]
    assert (copying["n_copies"], row.copies.count()) == (0, 0)
    assert copying["threshold"] > 0
    assert copying["test"]["estimate"] > 0


def test_a_run_that_repeats_the_training_set_is_told_by_c_t() -> None:
    world = make_world(per_class=20, training=20, held_out=20)
    noise = np.random.default_rng(0)
    drawn = [
        np.clip(as_generated(one) + noise.normal(0, 3, (16, 16, 3)), 0, 255).astype(np.uint8)
        for one in learned(world)
    ]

    row = measured(draw_again(world, drawn).run)

    test = row.result["copying"]["test"]
    assert test["high"] < -3
    assert test["sentence"].startswith("Generated images lie nearer")
    assert row.result["copying"]["n_copies"] == 80
    assert set(test["classes"]) == set(CLASSES)


def test_one_image_drawn_again_and_again_is_repeats_of_the_first() -> None:
    row = measured(make_world(drawn=[draw_cell(1, 16)] * 24).run)

    repeats = row.copies.filter(kind=Copy.Kind.REPEAT)
    assert repeats.count() == 23
    assert {copy.original.source_key for copy in repeats if copy.original} == {"0"}
    alike = row.result["copying"]["alike"]
    assert (alike["generated"]["n_pixels"], alike["training"]["n_pixels"]) == (24, 0)
    assert row.result["likeness"]["generated"]["estimate"] == pytest.approx(1)


def test_two_images_are_measured_and_refuse_what_needs_more() -> None:
    world = make_world(per_class=1)
    GenerationRun.objects.filter(pk=world.run.pk).update(state="complete")
    extra = world.run.images.filter(index__gte=2)
    extra.update(asset=None)
    ImageAsset.objects.filter(pool=world.run.pool, source_key__in=["2", "3"]).delete()

    row = measured(world.run)

    assert row.state == "done", row.error
    cells = row.result["comparisons"]["held_out"]
    assert {name for name, cell in cells.items() if "refused" in cell} == set(cells)
    assert row.result["copying"]["n_copies"] == 0


def test_without_held_out_images_the_training_set_stands_in() -> None:
    world = make_world(held_out=0)
    planted = [as_generated(learned(world)[0])]

    row = measured(draw_again(world, planted).run)

    assert set(row.result["comparisons"]) == {"training", "baseline"}
    assert row.result["sample"]["n"] == 12
    assert row.result["copying"]["unseen"] == "24 training images against those of other patients"
    assert row.result["copying"]["n_copies"] == 1
    assert row.result["copying"]["threshold"] > 1
    assert any("No held-out real images" in note for note in row.result["warnings"])
    test = row.result["copying"]["test"]
    said = test.get("refused") or test["sentence"]
    assert "training images of other patients" in said
    assert "held" not in said  # what stands in is not called held out


def test_classes_that_share_nothing_are_refused_and_still_searched() -> None:
    world = make_world()
    seen = world.training.images.exclude(image_class__code="BAS")
    seen.delete()
    assert world.held_out is not None
    world.held_out.images.all().delete()
    world.run.pool.images.filter(image_class__code="BAS").update(
        image_class=world.run.pool.images.filter(image_class__code="EOS").first().image_class
    )

    row = measured(world.run)

    assert row.state == "done", row.error
    assert row.result["sample"] == {"n": 0, "classes": {}}
    assert "refused" in row.result["comparisons"]["training"]["kid"]
    assert row.result["copying"]["n_exact"] == 0


def test_twins_and_patients_of_the_training_set_are_not_held_out() -> None:
    world = make_world()
    assert world.held_out is not None
    twin, kin = world.held_out.images.order_by("pk")[:2]
    ImageAsset.objects.filter(pk=twin.pk).update(pixel_sha256=learned(world)[0].pixel_sha256)
    for pk in (kin.pk, learned(world)[1].pk):
        ImageAsset.objects.filter(pk=pk).update(cluster_key="patient-1")

    sets = measured(world.run).result["sets"]

    assert (sets["held_out"]["n"], sets["held_out"]["left_out"]) == (22, 2)


def test_a_training_pool_that_changed_is_warned_of() -> None:
    world = make_world()
    image_class = learned(world)[0].image_class
    add_image(world.training, image_class, 99)

    warnings = measured(world.run).result["warnings"]

    assert any("is not what checkpoint" in note for note in warnings)


def test_the_same_run_and_seed_give_the_same_result_and_both_stay() -> None:
    world = make_world()

    first, again, other = (measured(world.run, seed=seed) for seed in (0, 0, 1))

    assert first.result_sha256 == again.result_sha256 != other.result_sha256
    assert world.run.measurements.count() == 3


def test_the_bank_of_a_real_training_is_the_extractor_and_named() -> None:
    run, bank = make_trained_world()

    row = measured(run)

    features = row.result["features"]
    assert row.state == "done", row.error
    assert (row.extractor, features["sha256"]) == ("bank", bank.encoder_sha256)
    assert (features["dimension"], features["name"]) == (bank.dimension, bank.encoder)
    assert set(row.pools.values_list("source", flat=True)) == {"real"}


def test_a_missing_extractor_fails_with_the_way_out(media: Any) -> None:
    run, bank = make_trained_world()
    shutil.rmtree(media / bank.storage_key)

    row = measured(run)

    assert row.state == "failed"
    assert "cannot be loaded" in row.error
    assert "untrained network" in row.error
    assert measured(run, extractor="untrained").state == "done"


def test_a_missing_image_fails_and_can_be_tried_again(media: Any) -> None:
    world = make_world()
    key = learned(world)[0].storage_key
    content = (media / key).read_bytes()
    (media / key).unlink()

    failed = measured(world.run)
    (media / key).write_bytes(content)

    assert failed.state == "failed"
    assert key in failed.error
    assert measured(world.run).state == "done"


def test_a_training_pool_that_is_gone_is_refused() -> None:
    world = make_world()
    TrainingJob.objects.all().delete()
    ImageAsset.objects.filter(pool=world.training).delete()
    Pool.objects.filter(pk=world.training.pk).delete()

    with pytest.raises(MeasurementRefused, match="not in the catalogue"):
        start_measurement(actor=None, run=world.run)


def test_a_pool_that_went_while_waiting_fails_with_the_reason() -> None:
    world = make_world()
    row = start_measurement(actor=None, run=world.run)
    TrainingJob.objects.all().delete()

    carry_out(row.pk)

    row.refresh_from_db()
    assert (row.state, row.result) == ("failed", None)
    assert "not in the catalogue" in row.error


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"extractor": "inception"}, "'inception' is unknown"),
        ({"extractor": "bank"}, "has no prototypes"),
        ({"seed": -1}, "Seed -1"),
    ],
)
def test_refuses_what_cannot_be_measured(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(MeasurementRefused, match=reason):
        start_measurement(actor=None, run=make_world().run, **changes)


def test_only_complete_runs_and_only_admins() -> None:
    world = make_world()
    with pytest.raises(NotAllowed):
        start_measurement(actor=make_user("reader"), run=world.run)

    world.run.state = "running"
    with pytest.raises(MeasurementRefused, match="is running"):
        start_measurement(actor=make_admin(), run=world.run)


def test_one_open_measurement_per_run_and_one_message() -> None:
    world = make_world()

    rows = {start_measurement(actor=None, run=world.run).pk for _ in range(2)}

    assert len(rows) == 1
    assert Outbox.objects.filter(task__endswith="measure_run").count() == 1


def test_memory_holds_a_block_of_the_training_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK", 5)
    world = make_world()
    whole = measured(world.run)
    monkeypatch.setattr(reading, "BLOCK", 256)

    at_once = measured(world.run)

    assert whole.result["copying"]["closest"] == at_once.result["copying"]["closest"]


def test_progress_counts_every_image_that_is_read() -> None:
    row = measured(make_world().run)

    assert row.done <= row.total == 24 + 3 * 24 + 24 + (24 + 24) + 24


def test_the_row_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    row = start_measurement(actor=None, run=world.run)
    seen: list[tuple[str, str]] = []

    def look(*args: Any) -> Any:
        now = Measurement.objects.get(pk=row.pk)
        seen.append((now.state, now.stage))
        raise RuntimeError("stop here")

    monkeypatch.setattr("generation.quality.work.search_copies", look)
    carry_out(row.pk)

    row.refresh_from_db()
    assert seen == [("running", "looking for copies")]
    assert (row.state, row.error) == ("failed", "RuntimeError: stop here")
