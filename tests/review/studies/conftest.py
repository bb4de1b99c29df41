"""An editor, and media of one's own."""

from pathlib import Path
from typing import Any

import pytest

from review.accounts.models import User
from tests.worlds.building import make_user


@pytest.fixture(autouse=True)
def _own_media(request: pytest.FixtureRequest, tmp_path: Path, settings: Any) -> None:
    if "database" in request.keywords:
        storages = dict(settings.STORAGES)
        storages["default"] = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media"), "base_url": None},
        }
        settings.STORAGES = storages
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def editor(db: None) -> User:
    return make_user("editor", is_staff=True)
