"""`manage.py launch_run`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from generation.runs.models import GenerationRun
from tests.generation.worlds import make_checkpoint

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


def test_launches_by_number_or_by_the_start_of_the_card() -> None:
    checkpoint = make_checkpoint()
    for name in (str(checkpoint.pk), checkpoint.card_sha256[:10]):
        out = StringIO()
        call_command(
            "launch_run",
            *("--checkpoint", name, "--counts", "BAS=2", "--seed", "3", "--json"),
            stdout=out,
        )
        facts = json.loads(out.getvalue().splitlines()[-1])
        assert (facts["total"], facts["state"]) == (2, "queued")

    assert GenerationRun.objects.count() == 2


@pytest.mark.parametrize(
    ("checkpoint", "counts"), [("nothing", "BAS=1"), ("", "HAC=1"), ("", "BAS")]
)
def test_says_what_is_wrong(checkpoint: str, counts: str) -> None:
    known = make_checkpoint()

    with pytest.raises(CommandError):
        call_command(
            "launch_run",
            *("--checkpoint", checkpoint or str(known.pk), "--counts", counts, "--seed", "1"),
        )
