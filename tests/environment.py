"""Loaded before Django's settings (`-p tests.environment`): what each test process has of its own.

A folder for `var`, and, where Redis is used, its own databases: two processes must not share a
queue, and clearing a cache clears a whole database.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def _fresh_var() -> None:
    base = os.environ.get("SEMBLANCE_TEST_VAR")
    if base is None:
        base = tempfile.mkdtemp(prefix="semblance-test-")
        os.environ["SEMBLANCE_TEST_VAR"] = base
        atexit.register(shutil.rmtree, base, ignore_errors=True)
    name = os.environ.get("PYTEST_XDIST_WORKER", "main")
    os.environ["SEMBLANCE_VAR"] = str(Path(base) / name)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the sync browser driver runs its own loop
    for variable in ("PRODUCTION", "SECRET_KEY", "REQUIRE_MFA", "DEBUG"):
        os.environ.pop(variable, None)


def _own_redis() -> None:
    """Move worker N of pytest-xdist 2 N databases down from the named ones."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    for variable in ("BROKER_URL", "CACHE_URL"):
        base, _, number = os.environ.get(variable, "").rpartition("/")
        if base.startswith("redis://") and number.isdigit():
            own = int(number) - 2 * int(worker.removeprefix("gw"))
            if own < 0:
                raise SystemExit(f"{variable}: no Redis database is left for {worker}; use fewer.")
            os.environ[variable] = f"{base}/{own}"


_fresh_var()
_own_redis()
