"""What a worker's role may do in the database: what its tasks do, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generation.runs import rights as of_runs
from generation.runs import tasks
from generation.runs.models import GenerationRun, Shard
from generation.runs.services import launch_run
from generation.training import rights as of_training
from generation.training import segment
from generation.training.models import TrainingJob
from generation.training.tasks import train_segment
from review.audit.grants import WORKER_RIGHTS
from review.audit.triggers import append_only_tables
from tests.generation.training.worlds import start
from tests.generation.worlds import make_checkpoint
from tests.review.audit.roles import Roles, acting_as, make_roles, refusal
from tests.review.audit.statements import granted, lacking, touched

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


def draw(run: GenerationRun) -> GenerationRun:
    for pk in Shard.objects.filter(run=run).values_list("pk", flat=True):
        tasks.sample_shard(pk)
    run.refresh_from_db()
    return run


def prepared(media: Path, **changes: Any) -> dict[str, Any]:
    """Launch what the tasks then work on: two runs, one of them broken, and two trainings."""
    launch = {"actor": None, "counts": {"BAS": 2, "EOS": 1}, "seed": 5}
    good = launch_run(checkpoint=make_checkpoint(), **launch)
    broken = launch_run(checkpoint=make_checkpoint(diverged=True), **launch)
    weights = media / broken.checkpoint.storage_key / "ema.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    whole = start(**changes)
    return {"good": good, "broken": broken, "whole": whole, "cut": start(whole.pool, seed=2)}


def work(world: dict[str, Any]) -> None:
    """Do on a worker all that tasks do: draw, fail, try again, train in one segment and in two."""
    tasks._load.cache_clear()
    draw(world["good"])
    for _ in range(3):
        draw(world["broken"])
    train_segment(world["whole"].pk)
    train_segment(world["cut"].pk)
    train_segment(world["cut"].pk)


def ended(world: dict[str, Any]) -> dict[str, str]:
    for row in world.values():
        row.refresh_from_db()
    return {name: row.state for name, row in world.items()}


EXPECTED = {"good": "complete", "broken": "failed", "whole": "done", "cut": "done"}


@pytest.fixture
def _two_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have trainings report and save at every step, and the second training take two segments."""
    for name in ("REPORT_SECONDS", "POLL_SECONDS", "SAVE_SECONDS"):
        monkeypatch.setattr(segment, name, 0)


def cut_short(world: dict[str, Any]) -> None:
    job: TrainingJob = world["cut"]
    job.options["segment_s"] = 0.05
    job.save(update_fields=["options"])


@pytest.mark.usefixtures("_two_segments")
def test_what_tasks_touch_is_what_is_granted(media: Path) -> None:
    world = prepared(media)
    cut_short(world)
    with CaptureQueriesContext(connection) as queries:
        work(world)
        world["cut"].refresh_from_db()
        while world["cut"].finished_at is None:
            train_segment(world["cut"].pk)
            world["cut"].refresh_from_db()
    assert ended(world) == EXPECTED

    used, allowed = touched(queries), granted((*of_runs.RIGHTS, *of_training.RIGHTS))

    assert lacking(allowed, used) == {}
    assert lacking(used, allowed) == {}  # nothing is granted that no task uses


def test_rooms_registered_their_rights() -> None:
    assert {*of_runs.RIGHTS, *of_training.RIGHTS} <= set(WORKER_RIGHTS)


@pytest.fixture
def roles() -> Roles:
    return make_roles()


def test_a_worker_draws_and_trains_under_its_own_role(roles: Roles, media: Path) -> None:
    world = prepared(media)

    with acting_as(roles.worker):
        work(world)

    assert ended(world) == EXPECTED
    assert world["good"].pool.images.count() == 3


SECRET = (
    "readings_reading", "readings_readinganswer", "readings_caseflag", "studies_case",
    "studies_study", "studies_arm", "studies_membership", "studies_assignment",
    "studies_rendition", "results_snapshot", "accounts_user", "django_session",
    "mfa_authenticator", "knox_authtoken", "feedback_plan",
)  # fmt: skip


def test_a_worker_reads_nothing_of_readers_studies_or_people(roles: Roles) -> None:
    tables = connection.introspection.table_names()
    allowed = set(granted(WORKER_RIGHTS))
    assert set(SECRET) <= set(tables)
    with acting_as(roles.worker):
        for table in tables:
            if table not in allowed:
                assert "permission denied" in refusal(f"SELECT 1 FROM {table}"), table
                assert "permission denied" in refusal(f"DELETE FROM {table}"), table
        assert "permission denied" in refusal("SELECT verb, actor_id FROM audit_auditevent")
        assert "permission denied" in refusal("SELECT task, args FROM jobs_outbox")
        for table in (*append_only_tables(), *sorted(allowed)):
            for verb in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
                assert "permission denied" in refusal(verb), verb
        assert "permission denied" in refusal("UPDATE runs_generationrun SET seed = 1")
        assert "permission denied" in refusal("UPDATE catalog_imageasset SET pool_id = pool_id")
