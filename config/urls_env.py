"""Turn DATABASE_URL, CACHE_URL, BROKER_URL and STORAGE_URL into Django and Celery settings."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

# Measured: 20 readers x 25 writes give 290 of 500 HTTP 500 without WAL + IMMEDIATE, none with.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON; "
        "PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY;"
    ),
}


def database_settings(env: environ.Env, var: Path) -> dict[str, Any]:
    """Return the default database; without DATABASE_URL a SQLite file in `var`."""
    settings: dict[str, Any] = env.db_url("DATABASE_URL", default=f"sqlite:///{var / 'db.sqlite3'}")
    if settings["ENGINE"].endswith("sqlite3"):
        settings["OPTIONS"] = SQLITE_OPTIONS
        settings["CONN_MAX_AGE"] = 60  # reopening costs the pragmas: p50 of a reading 46 -> 14 ms
        settings["TEST"] = {"NAME": str(var / "test.sqlite3")}
    elif settings["ENGINE"].endswith("postgresql"):
        settings.update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
    else:
        raise ImproperlyConfigured(
            f"DATABASE_URL names {settings['ENGINE']!r}; Semblance runs on sqlite:// and "
            "postgres://."
        )
    settings["ATOMIC_REQUESTS"] = False
    return settings


def cache_settings(env: environ.Env) -> dict[str, Any]:
    """Return the cache; rate limits need a shared one as soon as there are two processes."""
    if "CACHE_URL" not in env.ENVIRON:
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # past this many entries old ones are dropped, and counted attempts with them
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.str("CACHE_URL"),
    }


def broker_transport(env: environ.Env, var: Path) -> tuple[str, dict[str, Any]]:
    """Return (broker URL, transport options); the default is one folder on this machine."""
    url = env.str("BROKER_URL", default="filesystem://")
    if not url.startswith("filesystem"):
        return url, {"visibility_timeout": 3600, "unacked_restore_throttle": 1}
    folder = var / "broker"
    for name in ("messages", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return "filesystem://", {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "store_processed": False,
        "polling_interval": 0.2,
    }


def storage_settings(env: environ.Env, root: Path, *, production: bool) -> dict[str, Any]:
    """Return STORAGES: STORAGE_URL is file:///folder or s3://bucket/prefix?endpoint_url=..."""
    staticfiles = (
        "config.static.HashedStatic"
        if production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    return {"default": _media(env, root), "staticfiles": {"BACKEND": staticfiles}}


def _media(env: environ.Env, root: Path) -> dict[str, Any]:
    url = urlsplit(env.str("STORAGE_URL", default=f"file://{root}"))
    if url.scheme == "file":
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": url.path, "base_url": None},
        }
    if url.scheme == "s3":
        extra = {key: values[0] for key, values in parse_qs(url.query).items()}
        return {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {"bucket_name": url.netloc, "location": url.path.strip("/"), **extra},
        }
    raise ImproperlyConfigured(
        f"STORAGE_URL has the scheme {url.scheme!r}; use file:///folder or s3://bucket/prefix."
    )
