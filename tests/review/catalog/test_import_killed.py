"""kill -9 in the middle of an import, then a second run: the pool of one clean run."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from PIL import Image

from tests.review.catalog.hostile_images import saved

N_IMAGES = 150
KILL_AFTER = (3, 60)
ROOT = Path(settings.BASE_DIR)


def environment(var: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    return kept | {"SEMBLANCE_VAR": str(var), "SECRET_KEY": "k" * 50}


def manage(var: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(var),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def import_into(var: Path, source: Path) -> dict[str, object]:
    process = manage(var, *command(source))
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()
    answer: dict[str, object] = json.loads(out.splitlines()[-1])
    return answer


def command(source: Path) -> tuple[str, ...]:
    return ("import_images", str(source), "--domain", "bone_marrow", "--pool", "cells", "--json")


def rows(var: Path) -> list[tuple[str, ...]]:
    with sqlite3.connect(var / "db.sqlite3") as database:
        found = database.execute(
            "select source_key, storage_key, mode, width, cluster_key from catalog_imageasset "
            "order by source_key"
        ).fetchall()
    database.close()
    return found


def files(var: Path) -> dict[str, str]:
    return {
        str(path.relative_to(var)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (var / "media").rglob("*")
        if path.is_file()
    }


def kill_when_started(process: subprocess.Popen[bytes], var: Path, n_files: int) -> None:
    """Wait until `n_files` images are on disk, then kill -9."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if len(list((var / "media").rglob("*.png"))) >= n_files:
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Return a migrated, empty installation."""
    var = tmp_path / "empty"
    process = manage(var, "migrate", "--verbosity", "0")
    assert process.wait(timeout=120) == 0, process.communicate()[1]
    process.communicate()
    return var


def test_a_killed_import_ends_like_a_clean_one(tmp_path: Path, empty: Path) -> None:
    source, clean, killed = tmp_path / "source", tmp_path / "clean", tmp_path / "killed"
    random = np.random.default_rng(0)
    for n in range(N_IMAGES):
        path = source / ("BAS" if n % 2 else "EOS") / f"{n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        path.write_bytes(saved(Image.fromarray(pixels), "PNG"))
    shutil.copytree(empty, clean)
    shutil.copytree(empty, killed)

    expected = import_into(clean, source)
    for n_files in KILL_AFTER:
        kill_when_started(manage(killed, *command(source)), killed, n_files)
        assert 0 < len(rows(killed)) < N_IMAGES
    answer = import_into(killed, source)

    assert rows(killed) == rows(clean)
    assert files(killed) == files(clean)
    assert answer["classes"] == expected["classes"]
    assert answer["complete"]
