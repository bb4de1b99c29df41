"""A real disk without room: each kind of work says so, leaves nothing half-written, and resumes."""

import gc
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from PIL import Image

from generation.runs.models import Shard
from generation.runs.services import launch_run
from generation.runs.tasks import sample_shard
from generation.training.models import Checkpoint
from generation.training.tasks import train_segment
from review.catalog.models import ImageAsset, ImportJob
from review.catalog.services.uploads import run_upload
from review.catalog.storage import media_exists
from review.jobs.models import Outbox
from review.readings.models import Reading
from review.results.models import Snapshot
from review.studies.models import Rendition, Study
from review.studies.services import prepare_now
from tests.faults.conftest import SmallDisk
from tests.generation.training.worlds import start
from tests.generation.worlds import make_checkpoint
from tests.review.catalog.hostile_images import saved
from tests.review.reader.browsing import answer_for, open_screen, post, signed_in
from tests.worlds.building import make_draft, make_user
from tests.worlds.domains import make_domain
from tests.worlds.results import close_world
from tests.worlds.study import make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]
SAYS = "No space left on device; "


def _cell(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return saved(Image.fromarray(pixels), "PNG")


def _says_which_disk(text: str, disk: SmallDisk) -> bool:
    return SAYS in text and str(disk.folder) in text and "bytes are free there" in text


def _is_whole(disk: SmallDisk) -> bool:
    """Every row has its file, and nobody left a temporary file."""
    keys = ImageAsset.objects.values_list("storage_key", flat=True)
    return disk.half_written() == [] and all(media_exists(key) for key in keys)


def _staff() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user("admin", is_staff=True))
    return client


def test_an_import_stops_whole_and_a_second_run_completes_it(
    disk: SmallDisk, tmp_path: Path
) -> None:
    make_domain()
    folder = tmp_path / "source" / "EOS"
    folder.mkdir(parents=True)
    for number in range(12):
        (folder / f"{number}.png").write_bytes(_cell(number))
    command = ["import_images", str(folder.parent), "--domain", "bone_marrow", "--pool", "cells"]
    disk.fill(leave=80_000)

    with pytest.raises(CommandError) as caught:
        call_command(*command)

    assert _says_which_disk(str(caught.value), disk)
    taken = ImageAsset.objects.count()
    assert 0 < taken < 12
    assert _is_whole(disk)
    assert ImportJob.objects.get().state == "failed"
    disk.free()
    call_command(*command)
    assert ImageAsset.objects.count() == 12
    assert ImportJob.objects.latest("pk").existing == taken


def _upload(client: Client, *files: SimpleUploadedFile) -> Any:
    answers = {"domain": make_domain().pk, "pool": "cells", "source": "real", "origin": "CC0"}
    answers |= {"class_name": "EOS", "images": list(files)}
    return client.post("/catalog/upload/", answers, headers={"accept": "text/html"})


@pytest.mark.filterwarnings(
    # Django drops the file it could not write; closing it fails once more, in the collector
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
@pytest.mark.parametrize("handler", ["Memory", "Temporary"])
def test_the_upload_page_refuses_and_takes_it_later(
    disk: SmallDisk, settings: Any, handler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small files meet the full disk when they are packed, large ones while they arrive."""
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)  # pytest keeps it
    settings.FILE_UPLOAD_HANDLERS = [f"django.core.files.uploadhandler.{handler}FileUploadHandler"]
    client = _staff()
    files = [_cell(number) for number in range(4)]
    disk.fill()

    refused = _upload(client, *(SimpleUploadedFile(f"{n}.png", f) for n, f in enumerate(files)))

    assert refused.status_code == 507
    assert _says_which_disk(refused.content.decode(), disk)
    assert not ImportJob.objects.exists()
    del refused  # it holds the request, and that the file
    gc.collect()
    assert [path for path in disk.folder.rglob("*") if path.suffix in {".zip", ".png"}] == []
    disk.free()
    taken = _upload(client, *(SimpleUploadedFile(f"{n}.png", f) for n, f in enumerate(files)))
    assert taken.status_code == 302
    run_upload(ImportJob.objects.get().pk)
    assert ImageAsset.objects.count() == 4


def test_an_upload_in_the_background_waits_for_space(disk: SmallDisk) -> None:
    client = _staff()
    _upload(client, *(SimpleUploadedFile(f"{n}.png", _cell(n)) for n in range(8)))
    job = ImportJob.objects.get()
    disk.fill(leave=50_000)

    run_upload(job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempts, job.finished_at) == ("queued", 0, None)
    assert _says_which_disk(job.error, disk)
    assert Outbox.objects.latest("pk").args == [job.pk]
    shown = client.get(f"/catalog/imports/{job.pk}/").content.decode()
    assert "Waiting for space; tried again every minute" in shown
    assert _is_whole(disk)
    disk.free()
    run_upload(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error, ImageAsset.objects.count()) == ("done", "", 8)


def test_preparing_a_study_says_why_and_can_be_done_again(disk: SmallDisk) -> None:
    editor = make_user("editor", is_staff=True)
    study = make_draft(editor)
    disk.fill(leave=60_000)

    study = prepare_now(actor=editor, study=study)

    assert study.prepare_stage == Study.Stage.FAILED
    assert _says_which_disk(study.prepare_error, disk)
    assert _is_whole(disk)
    disk.free()
    study = prepare_now(actor=editor, study=study)
    assert study.prepare_stage in {Study.Stage.BLOCKED, Study.Stage.IDLE}
    assert study.prepare_error == ""
    assert all(media_exists(r.storage_key) for r in Rendition.objects.all())


def test_a_run_waits_for_space_and_ends_complete(disk: SmallDisk) -> None:
    checkpoint = make_checkpoint()
    run = launch_run(actor=None, checkpoint=checkpoint, counts={"BAS": 9, "EOS": 9}, seed=3)
    shards = list(Shard.objects.filter(run=run).values_list("pk", flat=True))
    disk.fill(leave=8192)

    for _ in range(4):  # more often than a shard may fail
        for pk in shards:
            sample_shard(pk)

    run.refresh_from_db()
    assert run.state == "running"
    assert _says_which_disk(run.error, disk)
    assert set(Shard.objects.values_list("state", "attempts")) == {("queued", 0)}
    assert _is_whole(disk)
    disk.free()
    for pk in shards:
        sample_shard(pk)
    run.refresh_from_db()
    assert (run.state, run.error) == ("complete", "")
    assert run.images.filter(asset=None).count() == 0


@pytest.mark.parametrize("leave", [0, 40_000])
def test_a_training_waits_for_space_and_ends_in_a_checkpoint(disk: SmallDisk, leave: int) -> None:
    """With no room it stops at the bank, with a little at the first checkpoint."""
    job = start()
    disk.fill(leave=leave)

    train_segment(job.pk)

    job.refresh_from_db()
    assert (job.state, job.finished_at) == ("queued", None)
    assert "bytes are free there" in job.error
    assert disk.half_written() == []
    assert all(media_exists(c.storage_key) for c in Checkpoint.objects.all())
    disk.free()
    for _ in range(5):
        train_segment(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error, job.step) == ("done", "", 6)
    assert job.checkpoint is not None


def test_unblinding_says_why_and_the_study_stays_closed(disk: SmallDisk) -> None:
    closed = close_world(readers=2)
    client = Client(raise_request_exception=False)
    body = {"login": closed.editor.email, "password": "reading-glasses"}
    assert client.post("/accounts/login/", body).status_code == 302
    disk.fill()

    refused = client.post(f"/results/{closed.study.slug}/unblind/", headers={"accept": "text/html"})

    closed.study.refresh_from_db()
    assert refused.status_code == 507
    assert _says_which_disk(refused.content.decode(), disk)
    assert (closed.study.state, Snapshot.objects.count()) == ("closed", 0)
    assert disk.half_written() == []
    disk.free()
    assert client.post(f"/results/{closed.study.slug}/unblind/").status_code == 302
    snapshot = Snapshot.objects.get()
    assert media_exists(snapshot.storage_key)


def test_answers_are_stored_although_the_media_disk_is_full(disk: SmallDisk) -> None:
    world = make_study()
    client = signed_in(world)
    config = open_screen(client, world)
    disk.fill()

    answer = post(client, world, answer_for(config["cases"][0]))

    assert answer.json()["status"] == "stored"
    assert Reading.objects.count() == 1
