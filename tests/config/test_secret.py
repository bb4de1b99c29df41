import stat
import subprocess
import sys
from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from config.secret import read_or_make_secret, require_secret

ROOT = Path(__file__).resolve().parents[2]


def env_of(**values: str) -> environ.Env:
    env = environ.Env()
    env.ENVIRON = values
    return env


def test_makes_a_private_key_once(tmp_path: Path) -> None:
    first = read_or_make_secret(env_of(), tmp_path)
    assert len(first) > 60
    assert read_or_make_secret(env_of(), tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_prefers_the_environments_key(tmp_path: Path) -> None:
    assert read_or_make_secret(env_of(SECRET_KEY="mine"), tmp_path) == "mine"
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize("key", ["", "short", "django-insecure-" + "x9Q" * 20, "a" * 80])
def test_production_refuses_a_weak_key(key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="at least 50"):
        require_secret(env_of(SECRET_KEY=key))


def test_production_does_not_start_without_a_key(tmp_path: Path) -> None:
    env = {"PRODUCTION": "1", "SEMBLANCE_VAR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "SECRET_KEY has 0 characters" in done.stderr
