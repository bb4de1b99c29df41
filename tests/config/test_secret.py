import stat
import subprocess
import sys
from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from config.secret import read_or_make_secret, require_secret

ROOT = Path(__file__).resolve().parents[2]
GOOD = "".join(chr(33 + 7 * n % 90) for n in range(60))


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


def production(tmp_path: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PRODUCTION": "1", "SEMBLANCE_VAR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=env | more,
        capture_output=True,
        text=True,
    )


def test_production_does_not_start_without_a_key(tmp_path: Path) -> None:
    done = production(tmp_path, "check")
    assert done.returncode != 0
    assert "SECRET_KEY has 0 characters" in done.stderr


def test_production_shows_no_debug_pages(tmp_path: Path) -> None:
    done = production(tmp_path, "check", SECRET_KEY=GOOD, DEBUG="1")
    assert done.returncode != 0
    assert "DEBUG=1 shows code" in done.stderr


def test_production_passes_the_deployment_check_with_cookies_of_one_host(tmp_path: Path) -> None:
    given = {"SECRET_KEY": GOOD, "ALLOWED_HOSTS": "semblance.example.org"}
    done = production(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **given)
    assert done.returncode == 0, done.stderr
    script = (
        "from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE,"
        " s.CSRF_COOKIE_SECURE, s.REQUIRE_MFA, s.DEBUG)"
    )
    said = production(tmp_path, "shell", "-v", "0", "-c", script, **given).stdout
    assert said.strip() == "__Host-sessionid __Host-csrftoken True True True False"
