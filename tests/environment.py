"""Loaded before Django's settings (`-p tests.environment`): a var folder of its own per process."""

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


_fresh_var()
