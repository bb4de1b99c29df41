"""Media in a folder of the test's own, and small image files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.review.catalog.hostile_images import saved


@pytest.fixture
def media(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the media folder of this test, unsynced; leases outlast any test's transaction."""
    monkeypatch.setattr("review.catalog.storage.os.fsync", lambda descriptor: None)
    settings.LEASE_SECONDS = 3600
    folder = tmp_path / "media"
    local = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder), "base_url": None},
    }
    settings.STORAGES = settings.STORAGES | {"default": local}
    return folder


@pytest.fixture
def write_cell(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a PNG of noise under tmp_path/source."""

    def write(name: str, seed: int = 0, content: bytes | None = None) -> Path:
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            content = saved(Image.fromarray(pixels), "PNG")
        path.write_bytes(content)
        return path

    return write
