"""The site's secret key: generated once on a local machine, demanded in production."""

import os
import secrets
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

MINIMUM = 50


def require_secret(env: environ.Env) -> str:
    """Return SECRET_KEY or refuse to start. Raises ImproperlyConfigured."""
    key = env.str("SECRET_KEY", default="")
    if len(key) < MINIMUM or key.startswith("django-insecure") or len(set(key)) < 5:
        raise ImproperlyConfigured(
            f"SECRET_KEY has {len(key)} characters; production needs at least {MINIMUM} random "
            "ones. Make one with: "
            'python -c "import secrets; print(secrets.token_urlsafe(64))"'
        )
    return key


def read_or_make_secret(env: environ.Env, folder: Path) -> str:
    """Return SECRET_KEY, else the key in `folder`/secret_key, made on the first start."""
    if key := env.str("SECRET_KEY", default=""):
        return str(key)
    path = folder / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip() or _wait_for(path)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(64))
    return path.read_text()


def _wait_for(path: Path) -> str:
    """Another process made the file and has not written it yet."""
    import time

    for _ in range(50):
        time.sleep(0.02)
        if key := path.read_text().strip():
            return key
    raise ImproperlyConfigured(f"{path} is empty. Delete it and start again.")
