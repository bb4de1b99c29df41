"""A scratch site for benchmarks: its own database and media, a study to read, a real gunicorn.

`python -m benchmarks.scratch` is the builder: it runs in the environment of the scratch site,
migrates, makes the study and prints what the readers need as one line of JSON.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 40


@dataclass(frozen=True)
class Site:
    """A running scratch site. `cookies[slug][i]` signs reader i of a study in."""

    url: str
    pid: int
    cookies: dict[str, list[str]]
    environment: dict[str, str]

    def cpu_seconds(self) -> float:
        """Return the CPU time of the web processes so far; the database server is not in it."""
        ticks = sum(_ticks(pid) for pid in [self.pid, *_children(self.pid)])
        return ticks / os.sysconf("SC_CLK_TCK")

    def ask(self, *arguments: str) -> str:
        """Run the builder again in the site's environment and return what it prints last."""
        return _run([sys.executable, "-m", "benchmarks.scratch", *arguments], self.environment)


@contextlib.contextmanager
def scratch_site(*, readers: int, cases: int, studies: list[str], database: str) -> Iterator[Site]:
    """Build a site with `cases` cases per reader in each study; take it away at the end."""
    var = Path(tempfile.mkdtemp(prefix="semblance-bench-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, var, ignore_errors=True)
        environment = {**os.environ, "SEMBLANCE_VAR": str(var), "LOG_LEVEL": "ERROR"}
        environment.pop("DATABASE_URL", None)
        if database:
            environment["DATABASE_URL"] = stack.enter_context(_scratch_database(database))
        build = ["--readers", str(readers), "--cases", str(cases), "--studies", *studies]
        command = [sys.executable, "-m", "benchmarks.scratch", *build]
        cookies = json.loads(_run(command, environment))
        url, web = _start_web(environment, var)
        stack.callback(_stop, web)
        yield Site(url, web.pid, cookies, environment)


@contextlib.contextmanager
def _scratch_database(server: str) -> Iterator[str]:
    """Make a database of our own on a PostgreSQL server and drop it at the end."""
    import psycopg
    from psycopg import sql

    parts = urlsplit(server)
    name = sql.Identifier(f"semblance_bench_{os.getpid()}")
    own = urlunsplit(parts._replace(path=f"/semblance_bench_{os.getpid()}"))
    admin = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            yield own
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:4])} failed:\n{done.stderr[-3000:]}")
    return done.stdout.strip().splitlines()[-1]


def _start_web(environment: dict[str, str], var: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """Start the web process as the product does: one process, eight threads."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    size = ["-k", "gthread", "-w", "1", "--threads", "8", "--keep-alive", "15"]
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "-b", f"127.0.0.1:{port}", *size]
    with (var / "web.log").open("wb") as log:
        web = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up and web.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/accounts/login/", timeout=5).close()
            return url, web
        time.sleep(0.1)
    _stop(web)
    raise RuntimeError(f"the web process did not start:\n{(var / 'web.log').read_text()[-3000:]}")


def _stop(web: subprocess.Popen[bytes]) -> None:
    web.terminate()
    try:
        web.wait(timeout=10)
    except subprocess.TimeoutExpired:
        web.kill()


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])  # utime, stime: proc(5)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in tasks.read_text().split()]


def _build(readers: int, cases: int, studies: list[str]) -> dict[str, list[str]]:
    """Migrate, make the studies, and return a sign-in per reader and study."""
    from django.core.management import call_command
    from django.test import Client

    from tests.worlds.beside import add_gallery, add_outlines
    from tests.worlds.study import PartPlan, make_study

    call_command("migrate", verbosity=0)
    made = {
        "cells": {"plans": [PartPlan(per_cell=5)], "size": 64},
        "films": {"plans": [PartPlan(per_cell=2)], "size": 512,
                  "domain": "chest_xray", "classes": ("Mass", "Effusion")},
        "lesions": {"plans": [PartPlan("lesion", per_cell=5)], "size": 128,
                    "domain": "dermatology", "classes": ("mel", "nv")},
    }  # fmt: skip
    cookies: dict[str, list[str]] = {}
    for name in studies:
        world = make_study(slug=name, readers=readers, **made[name.split("-")[0]])  # type: ignore[arg-type]
        if world.parts[0].kind == "lesion":
            add_outlines(world)
            add_gallery(world)
        _freeze(world.study)
        cookies[name] = []
        for user, sessions in zip(world.readers, world.sessions, strict=True):
            _repeat_cases(sessions[0].pk, cases)
            client = Client()
            client.force_login(user)
            cookies[name].append(client.cookies["sessionid"].value)
    return cookies


def _freeze(study: Any) -> None:
    """Freeze the protocol as activation does: readers are served from it."""
    from review.studies.protocol import build_protocol, canonical_sha256

    study.protocol = build_protocol(study)
    study.protocol_sha256 = canonical_sha256(study.protocol)
    study.save(update_fields=["protocol", "protocol_sha256"])


def _repeat_cases(session_pk: int, cases: int) -> None:
    """Fill a reader's list to `cases` with repeats."""
    from review.studies.models import Assignment

    shown = list(
        Assignment.objects.filter(session_id=session_pk)
        .order_by("rank")
        .values_list("case_id", flat=True)
    )
    Assignment.objects.bulk_create(
        [
            Assignment(
                session_id=session_pk,
                case_id=shown[place % len(shown)],
                rank=(place + 1) << 20,
                replicate=place // len(shown),
            )
            for place in range(len(shown), cases)
        ]
    )


def _count() -> dict[str, int]:
    """Return how many readings there are and how many are one too many."""
    from review.readings.models import Reading

    readings = Reading.objects.count()
    return {
        "readings": readings,
        "double": readings - Reading.objects.values("assignment").distinct().count(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=1)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--studies", nargs="+", default=["cells"])
    parser.add_argument("--count", action="store_true")
    options = parser.parse_args()

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.conf import settings

    django.setup()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS.append("testserver")
    found = _count() if options.count else _build(options.readers, options.cases, options.studies)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
