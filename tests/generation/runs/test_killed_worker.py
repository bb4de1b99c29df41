"""kill -9 of the worker at five moments of a run: the pixels of an unbroken run, nothing twice."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.generation.runs.installation import Installation

pytestmark = pytest.mark.workers
N_IMAGES = 240
KILLS = 5
PREPARE = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from tests.generation.worlds import make_checkpoint
make_checkpoint()
"""
LAUNCH = ("manage.py", "launch_run", "--checkpoint", "1", "--seed", "7", "--name", "run")
STATE = "select state from runs_generationrun"
IMAGES = 'select "index", pixel_sha256, rejected from runs_generatedimage order by "index"'
ASSETS = "select source_key, pixel_sha256, storage_key from catalog_imageasset order by source_key"


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return an installation with a launched run that no worker has touched yet."""
    installation = Installation(tmp_path_factory.mktemp("kill") / "launched")
    installation.var.mkdir()
    installation.run("manage.py", "migrate", "--verbosity", "0")
    installation.run("-c", PREPARE)
    installation.run(*LAUNCH, "--counts", f"BAS={N_IMAGES // 2},EOS={N_IMAGES // 2}")
    return installation


@pytest.fixture
def copies(launched: Installation, tmp_path: Path) -> Iterator[list[Installation]]:
    """Return two copies of it; whatever they started is killed at the end."""
    found = [launched.copy_to(tmp_path / name) for name in ("unbroken", "killed")]
    yield found
    for installation in found:
        installation.kill_all()


def _draw_unbroken(installation: Installation) -> None:
    installation.start_dispatcher()
    installation.start_worker()
    installation.wait_until(STATE, "complete")
    installation.kill_all()


def _draw_with_kills(installation: Installation) -> list[int]:
    """Kill the worker a random moment after each fifth of the run; return how far it was."""
    moments, chance = [], random.Random(11)
    installation.start_dispatcher()
    for kill in range(KILLS):
        worker = installation.start_worker()
        least = kill * (N_IMAGES // (KILLS + 1)) + 1
        deadline = time.monotonic() + 90
        while installation.count_drawn() < least and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.05))
        worker.kill()
        worker.wait()
        moments.append(installation.count_drawn())
    installation.start_worker()
    installation.wait_until(STATE, "complete")
    installation.kill_all()
    return moments


def test_killed_run_ends_with_the_pixels_of_the_unbroken_one(copies: list[Installation]) -> None:
    unbroken, killed = copies
    _draw_unbroken(unbroken)
    moments = _draw_with_kills(killed)

    sweep = "from review.catalog.storage import sweep_temporaries; sweep_temporaries()"
    killed.run("manage.py", "shell", "--verbosity", "0", "-c", sweep)

    assert all(0 < moment < N_IMAGES for moment in moments)
    assert len(set(moments)) == KILLS
    assert killed.rows(IMAGES) == unbroken.rows(IMAGES)
    assert killed.rows(ASSETS) == unbroken.rows(ASSETS)
    assert len(killed.rows(ASSETS)) == N_IMAGES
    assert killed.asset_files() == unbroken.asset_files()
    assert set(killed.asset_files()) == {str(row[2]) for row in killed.rows(ASSETS)}
