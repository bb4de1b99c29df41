"""`manage.py train`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from generation.training.models import Checkpoint, TrainingJob
from tests.worlds.building import make_pool

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]
TINY = ("--family", "cfg_ddpm", "--pool", "cells", "--preset", "tiny", "--steps", "3")


def test_trains_here_and_names_its_checkpoints() -> None:
    make_pool("cells")
    out = StringIO()

    call_command("train", *TINY, "--seed", "4", "--early", "1", "--here", "--json", stdout=out)

    facts = json.loads(out.getvalue().splitlines()[-1])
    assert (facts["state"], facts["step"]) == ("done", 3)
    assert [c["step"] for c in facts["checkpoints"]] == [1, 3]
    assert facts["checkpoints"][1]["id"] == Checkpoint.objects.get(step=3).pk


def test_queues_without_waiting() -> None:
    make_pool("cells")

    call_command("train", *TINY, "--no-wait", stdout=StringIO())

    assert TrainingJob.objects.get().state == "queued"


def test_unknown_pool_lists_the_known_ones() -> None:
    make_pool("others")

    with pytest.raises(CommandError, match="others"):
        call_command("train", *TINY)
