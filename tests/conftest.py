"""Fixtures that every room shares."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.backends.base.operations import BaseDatabaseOperations

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def _flush_past_triggers() -> Iterator[None]:
    """Let `flush` empty append-only tables: drop the triggers, flush, put them back."""
    from review.audit import triggers

    original = BaseDatabaseOperations.execute_sql_flush

    def flush(self: Any, sql_list: list[str]) -> None:
        triggers.remove(self.connection.alias)
        original(self, sql_list)
        triggers.install(self.connection.alias)

    BaseDatabaseOperations.execute_sql_flush = flush
    yield
    BaseDatabaseOperations.execute_sql_flush = original


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real images, or skip."""
    root = Path(os.environ.get("SEMBLANCE_SHARED", ROOT.parent / "shared"))
    if not (root / "data").is_dir():
        pytest.skip("no folder of real images; set SEMBLANCE_SHARED to have these tests run")
    return root / "data"
