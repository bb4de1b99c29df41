"""Real processes under limited database roles: the site launches a run, a worker draws it."""

import time
from typing import Any

import psycopg
import pytest

from tests.faults.cluster import Cluster
from tests.faults.site import Site

pytestmark = pytest.mark.workers
SITE, WORKER = "semblance_site", "semblance_worker"
PREPARE = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from tests.generation.worlds import make_checkpoint
make_checkpoint()
"""
PATIENCE_S = 90


def _query(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def _url(cluster: Cluster, role: str) -> str:
    return cluster.url.replace("postgres@", f"{role}@")


def test_a_run_is_drawn_by_a_worker_that_can_read_no_reading(cluster: Cluster, site: Site) -> None:
    site.environment["DATABASE_URL"] = cluster.url  # the owner: migrations, then the rights
    site.run("manage.py", "migrate", "--verbosity", "0")
    site.run("manage.py", "grant_roles", "--role", SITE, "--worker-role", WORKER, "--apply")

    site.environment["DATABASE_URL"] = _url(cluster, SITE)
    site.run("-c", PREPARE)
    site.run("manage.py", "launch_run", "--checkpoint", "1", "--seed", "7", "--counts", "BAS=4")
    site.start_dispatcher()
    site.start_web()
    site.environment["DATABASE_URL"] = _url(cluster, WORKER)
    site.start_worker()

    deadline = time.monotonic() + PATIENCE_S
    state = "select state from runs_generationrun"
    while _query(cluster.url, state) != [("complete",)] and time.monotonic() < deadline:
        time.sleep(0.2)
    drawn = "select count(*) from runs_generatedimage where asset_id is not null"
    log = (site.var.parent / f"{site.var.name}.log").read_text()[-3000:]
    assert _query(cluster.url, drawn) == [(4,)], log
    site.environment["DATABASE_URL"] = _url(cluster, SITE)
    site.run("manage.py", "verify_audit")
    for table in ("readings_reading", "studies_case", "accounts_user", "audit_auditevent"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _query(_url(cluster, WORKER), f"select * from {table}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _query(_url(cluster, SITE), "delete from audit_auditevent returning id")
