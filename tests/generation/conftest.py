"""Media in a folder of the test's own."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def media(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the media folder of this test, unsynced; leases outlast any test's transaction."""
    monkeypatch.setattr("review.catalog.storage.os.fsync", lambda descriptor: None)
    monkeypatch.setenv("SEMBLANCE_TORCH_THREADS", "1")
    settings.LEASE_SECONDS = 3600
    settings.VAR = tmp_path / "var"
    folder = tmp_path / "media"
    local = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder), "base_url": None},
    }
    settings.STORAGES = settings.STORAGES | {"default": local}
    return folder
