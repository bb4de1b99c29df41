"""Copies of training images, as a real measurement found them, are never accepted."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation.feedback.services import build_plan_input, propose_plan
from generation.feedback.services.propose import loop_snapshots
from generation.runs.models import GeneratedImage, GenerationRun
from review.catalog.containers.profile import IntakeProfile
from review.catalog.models import ImageAsset, Pool
from review.catalog.services.intake import Provenance, intake_pixels, read_pixels
from tests.generation.feedback.worlds import LoopWorld, make_judged_loop
from tests.generation.quality.worlds import measured, remember_training
from tests.worlds.building import make_pool

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


def pool_of(world: LoopWorld, code: str = "late") -> Pool:
    return Pool.objects.get(arms__study=world.closed.study, arms__code=code)


def drawn_by_a_run(world: LoopWorld) -> GenerationRun:
    """Write down that an arm's images came from a run of the loop's generator."""
    pool = pool_of(world)
    images = list(pool.images.order_by("pk"))
    run = GenerationRun.objects.create(
        name="round 1", checkpoint=world.loop.checkpoint, seed=1, pool=pool, round=1,
        total=len(images), state="complete", finished_at=timezone.now(),
    )  # fmt: skip
    GeneratedImage.objects.bulk_create(
        GeneratedImage(run=run, index=i, seed=i, image_class=one.image_class, asset=one)
        for i, one in enumerate(images)
    )
    return run


def train_on(world: LoopWorld, twins: list[ImageAsset]) -> Pool:
    """Let the generator have learned from a pool that holds the very pixels of `twins`."""
    pool = make_pool("learned from", per_class=60, classes=("BAS", "EOS"), domain=world.loop.domain)
    for one in twins:
        pixels = read_pixels(one)
        intake_pixels(
            pool=pool, source_key=f"twin-{one.pk}", image_class=one.image_class, pixels=pixels,
            provenance=Provenance(), intake_profile=IntakeProfile.of_array(pixels),
        )  # fmt: skip
    remember_training(world.loop.checkpoint, pool)
    return pool


def built(world: LoopWorld) -> Any:
    return build_plan_input(loop=world.loop, snapshots=loop_snapshots(world.loop))


def accepted(world: LoopWorld, code: str) -> float:
    entry = next(c for c in built(world).planned.classes if c.code == code)
    return sum(cell.accepted for cell in entry.prototypes)


def test_a_copy_is_read_but_not_accepted() -> None:
    world = make_judged_loop()
    run = drawn_by_a_run(world)
    twins = list(run.pool.images.filter(image_class__code="BAS").order_by("pk")[:3])
    train_on(world, twins)
    before, n_before = accepted(world, "BAS"), built(world).planned.classes[0].prototypes
    unknown = built(world).notes

    row = measured(run, extractor="untrained")

    after = built(world)
    assert row.result["copying"]["n_copies"] == 3
    assert accepted(world, "BAS") == pytest.approx(before - 3, abs=0.5)
    assert [c.n for c in after.planned.classes[0].prototypes] == [c.n for c in n_before]
    assert {key.partition(":")[0] for key in after.row.content["copies"]} == {
        str(one.uuid) for one in twins
    }
    assert any("20 images are of runs that nobody measured" in note for note in unknown)
    assert any("3 images count as copies of a training image" in note for note in after.notes)
    assert not any("nobody measured" in note for note in after.notes)


def test_the_plan_says_so_and_draws_more_of_the_class() -> None:
    world = make_judged_loop()
    run = drawn_by_a_run(world)
    train_on(world, list(run.pool.images.filter(image_class__code="BAS")))
    first = propose_plan(actor=world.admin, loop=world.loop)
    measured(run, extractor="untrained")

    second = propose_plan(actor=world.admin, loop=world.loop)

    need = [sum(c.need for c in plan.cells.filter(image_class__code="BAS")) for plan in
            (first, second)]  # fmt: skip
    assert need[1] > need[0] + 5
    assert first.input != second.input
    assert any("count as copies" in text for text in second.summary["warnings"])


def repeat(images: list[ImageAsset]) -> None:
    """Give images the pixels of the first of them."""
    of_these = ImageAsset.objects.filter(pk__in=[one.pk for one in images])
    of_these.update(storage_key=images[0].storage_key)


def basophils(world: LoopWorld) -> list[ImageAsset]:
    return list(pool_of(world).images.filter(image_class__code="BAS").order_by("pk"))


def test_of_images_that_repeat_each_other_one_counts() -> None:
    world = make_judged_loop()
    run = drawn_by_a_run(world)
    train_on(world, [])
    repeat(basophils(world)[:4])

    measured(run, extractor="untrained")

    assert len(built(world).row.content["copies"]) == 3


def test_one_of_them_counts_where_readers_never_saw_the_first() -> None:
    world = make_judged_loop()
    unseen = basophils(world)[0]
    unseen.pk, unseen.uuid, unseen.source_key = 0, uuid4(), "drawn first, not in the study"
    unseen.save(force_insert=True)
    run = drawn_by_a_run(world)
    train_on(world, [])
    repeat(basophils(world)[:5])

    measured(run, extractor="untrained")

    assert len(built(world).row.content["copies"]) == 3


def test_the_loops_page_says_so_in_a_line(client: Client) -> None:
    world = make_judged_loop()
    run = drawn_by_a_run(world)
    train_on(world, list(run.pool.images.all()[:2]))
    world.loop.rounds.update(run=run)
    row = measured(run, extractor="untrained")
    client.force_login(world.admin)

    text = client.get(reverse("loops:detail", args=[world.loop.pk])).content.decode()

    assert reverse("quality:detail", args=[run.uuid]) in text
    kid = row.result["comparisons"]["training"]["kid"]["estimate"]
    assert f"KID {kid:.3g}, Coverage ".replace("-", "−") in text
    assert "against training; copies: 2" in text


def test_the_newest_measurement_counts() -> None:
    world = make_judged_loop()
    run = drawn_by_a_run(world)
    twins = list(run.pool.images.filter(image_class__code="BAS")[:2])
    pool = train_on(world, twins)
    measured(run, extractor="untrained")
    pool.images.filter(source_key__startswith="twin").delete()
    measured(run, extractor="untrained", seed=1)

    assert built(world).row.content["copies"] == []
