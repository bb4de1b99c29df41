"""`manage.py measure_images`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from generation.training.models import TrainingJob
from tests.generation.quality.worlds import as_generated, draw_again, make_world, measured

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


def call(*words: str) -> str:
    out = StringIO()
    call_command("measure_images", *words, stdout=out)
    return out.getvalue()


def test_json_is_what_the_page_keeps() -> None:
    world = make_world()

    said = json.loads(call("--run", str(world.run.uuid), "--json"))

    assert said["sha256"] == measured(world.run).result_sha256
    assert said["result"]["copying"]["n_copies"] == 0


def test_says_numbers_refusals_and_copies() -> None:
    world = make_world()
    training = world.training.images.first()
    assert training is not None
    world = draw_again(world, [as_generated(training)])

    said = call("--run", str(world.run.uuid), "--features", "untrained", "--seed", "3")

    assert "24 images of each set, features untrained_cnn" in said
    assert "FID: FID of 32 features needs more than 32 images" in said
    assert "1 of 24 images count as copies of a training image" in said


@pytest.mark.parametrize("run", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_names_the_runs_there_are(run: str) -> None:
    world = make_world()

    with pytest.raises(CommandError, match=str(world.run.uuid)):
        call("--run", run)


def test_says_why_nothing_can_be_measured() -> None:
    world = make_world()
    TrainingJob.objects.all().delete()

    with pytest.raises(CommandError, match="not in the catalogue"):
        call("--run", str(world.run.uuid))
