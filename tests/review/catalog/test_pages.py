"""The admin pages: who may see them, uploads from form to finished pool, thumbnails."""

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from review.accounts.models import User
from review.catalog.models import ImageAsset, ImportJob, Pool
from review.catalog.services.importing import reap_imports
from review.catalog.services.uploads import run_upload, sweep_uploads
from review.jobs.models import Outbox
from review.studies.models import Membership, Study
from tests.review.catalog.hostile_images import saved
from tests.worlds.building import make_pool, make_user
from tests.worlds.domains import make_domain
from tests.worlds.study import make_study

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def cell(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    return saved(Image.fromarray(pixels), "PNG")


def packed(**names: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in names.items():
            archive.writestr(name.replace("__", "/").replace("_png", ".png"), content)
    return file.getvalue()


@pytest.fixture
def admin() -> User:
    return make_user("admin", is_staff=True)


@pytest.fixture
def desk(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def send(desk: Client, *files: SimpleUploadedFile, **fields: Any) -> Any:
    answers = {"domain": make_domain().pk, "pool": "cells", "source": "real", "origin": "me, CC0"}
    return desk.post("/catalog/upload/", answers | fields | {"images": list(files)})


@pytest.mark.parametrize(
    "path",
    ["", "upload/", "pools/{pool}/", "imports/{job}/", "images/{image}/thumbnail/", "domains/",
     "domains/bone_marrow/"],
)  # fmt: skip
def test_only_admins_see_where_images_come_from(media: Path, admin: User, path: str) -> None:
    pool = make_pool("real", per_class=1)
    job = ImportJob.objects.create(pool=pool, finished_at=timezone.now())
    image = pool.images.first()
    url = "/catalog/" + path.format(pool=pool.uuid, job=job.pk, image=image.uuid if image else "")
    visitor, reader, boss = Client(), Client(), Client()
    reader.force_login(make_user("reader"))
    boss.force_login(admin)

    assert visitor.get(url).status_code == 302
    assert reader.get(url).status_code == 404
    assert boss.get(url).status_code == 200
    assert reader.post("/catalog/upload/").status_code == 404


def test_a_zip_becomes_a_pool_in_the_background(media: Path, desk: Client) -> None:
    archive = packed(basophil__1_png=cell(1), EOS__2_png=cell(2), platelet__3_png=cell(3))

    response = send(desk, SimpleUploadedFile("cells.zip", archive))
    job = ImportJob.objects.get()
    waiting = desk.get(response.url).content.decode()
    run_upload(job.pk)
    run_upload(job.pk)
    shown = desk.get(response.url).content.decode()

    assert response.status_code == 302
    assert Outbox.objects.get().args == [job.pk]
    assert "Waiting for a worker" in waiting
    assert "hx-trigger" in waiting
    job.refresh_from_db()
    assert (job.state, job.imported, len(job.skipped)) == ("done", 2, 1)
    assert "outside domain" in shown
    assert "hx-trigger" not in shown
    assert not list((media / "uploads").glob("*"))
    assert Pool.objects.get().origin["text"] == "me, CC0"


@pytest.mark.parametrize(
    ("origin", "shown"),
    [({"importer": "import_images", "folder": "ham10000", "text": ""}, "ham10000"),
     ({"importer": "upload", "files": "cells.zip", "text": "PBC"}, "cells.zip"),
     ({}, "not stated")],
)  # fmt: skip
def test_the_origin_is_shown(media: Path, desk: Client, origin: dict[str, str], shown: str) -> None:
    pool = make_pool("real", per_class=1, origin=origin)

    response = desk.get(f"/catalog/pools/{pool.uuid}/?class=BAS")

    assert response.status_code == 200
    assert shown in response.content.decode()


def test_loose_files_take_the_class_of_the_form(media: Path, desk: Client) -> None:
    files = [SimpleUploadedFile("a.png", cell(1)), SimpleUploadedFile("a.png", cell(2))]

    response = send(desk, *files, class_name="band neutrophil")
    run_upload(ImportJob.objects.get().pk)

    assert response.status_code == 302
    assert ImageAsset.objects.filter(image_class__code="NGB").count() == 2


def test_loose_files_with_a_table(media: Path, desk: Client) -> None:
    table = SimpleUploadedFile("labels.csv", b"image,class\na.png,EOS\n")

    send(desk, SimpleUploadedFile("a.png", cell(1)), table)
    run_upload(ImportJob.objects.get().pk)

    assert ImageAsset.objects.get().image_class.code == "EOS"


@pytest.mark.parametrize(
    ("content", "fields", "reason"),
    [
        (packed(**{"..__x_png": b"x"}), {}, "leads out of the folder"),
        (packed(inner_zip=b"x").replace(b"inner_zip", b"inner.zip"), {}, "holds another archive"),
        (cell(1), {}, "no class was given"),
        (cell(1), {"class_name": "dragon"}, "is not known"),
        (packed(EOS__1_png=cell(1)), {"layout_map": "vienna"}, "has no layout map"),
        (packed(EOS__1_png=cell(1)), {"origin": ""}, "This field is required"),
    ],
    ids=["traversal", "nested", "no class", "unknown class", "map", "no origin"],
)
def test_a_bad_upload_is_explained_and_stores_nothing(
    media: Path, desk: Client, content: bytes, fields: dict[str, str], reason: str
) -> None:
    response = send(desk, SimpleUploadedFile("upload", content), **fields)

    assert response.status_code == 422
    assert reason in response.content.decode().replace("&#x27;", "'")
    assert not ImportJob.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_a_full_disk_answers_507(
    media: Path, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage._save", full)

    response = send(desk, SimpleUploadedFile("z.zip", packed(EOS__1_png=cell(1))))

    assert response.status_code == 507
    assert "No space left" in response.content.decode()


def test_an_upload_whose_worker_died_is_queued_again(media: Path, desk: Client) -> None:
    send(desk, SimpleUploadedFile("z.zip", packed(EOS__1_png=cell(1))))
    job = ImportJob.objects.get()
    dead = ImportJob.objects.claim(job.pk, "gone", states=["queued"], leased="running")
    ImportJob.objects.update(lease_expires=timezone.now())

    assert reap_imports() == 1
    run_upload(job.pk)

    job.refresh_from_db()
    assert (dead, job.state, job.imported) == (1, "done", 1)
    assert Outbox.objects.count() == 2


def test_forgotten_uploads_are_swept_and_waiting_ones_kept(media: Path, desk: Client) -> None:
    send(desk, SimpleUploadedFile("z.zip", packed(EOS__1_png=cell(1))))
    (media / "uploads" / "forgotten.zip").write_bytes(b"PK")

    assert sweep_uploads() == 0
    assert sweep_uploads(older_than=timedelta(0)) == 1
    assert len(list((media / "uploads").iterdir())) == 1


def test_an_interrupted_command_is_marked_as_failed(media: Path) -> None:
    job = ImportJob.objects.create(pool=make_pool("real", per_class=1))
    ImportJob.objects.claim(job.pk, "gone", states=["queued"], leased="running")
    ImportJob.objects.update(lease_expires=timezone.now())

    reap_imports()

    job.refresh_from_db()
    assert job.state == "failed"
    assert "Run it again" in job.error


def test_a_finished_import_refreshes_the_page_that_watched_it(media: Path, desk: Client) -> None:
    job = ImportJob.objects.create(pool=make_pool("real", per_class=1))

    waiting = desk.get(f"/catalog/imports/{job.pk}/?live=1")
    ImportJob.objects.update(state="done", finished_at=timezone.now())
    finished = desk.get(f"/catalog/imports/{job.pk}/?live=1")

    assert "HX-Refresh" not in waiting
    assert finished["HX-Refresh"] == "true"


def test_thumbnails_are_small_pictures_and_nothing_else(media: Path, desk: Client) -> None:
    image = make_pool("real", per_class=1).images.first()
    assert image

    response = desk.get(f"/catalog/images/{image.uuid}/thumbnail/")

    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "private" in response["Cache-Control"]


def test_an_admin_looks_into_no_pool_of_a_study_that_they_read(
    media: Path, desk: Client, admin: User
) -> None:
    world = make_study()
    study, image = world.study, ImageAsset.objects.filter(pool__arms__code="late").first()
    assert image
    job = ImportJob.objects.create(pool=image.pool)
    pages = (
        f"/catalog/pools/{image.pool.uuid}/",
        f"/catalog/images/{image.uuid}/thumbnail/",
        f"/catalog/imports/{job.pk}/",
    )
    seen = {desk.get(page).status_code for page in pages}
    Membership.objects.create(study=study, user=admin, code="R09", role="reader")

    while_reading = {desk.get(page).status_code for page in pages}
    listed = desk.get("/catalog/").content.decode()
    Study.objects.update(state="unblinded", closed_at=timezone.now(), unblinded_at=timezone.now())

    assert (seen, while_reading) == ({200}, {404})
    assert image.pool.name not in listed
    assert {desk.get(page).status_code for page in pages} == {200}


def test_phantoms_and_drafts_are_marked(media: Path, desk: Client) -> None:
    pool = make_pool("drawn", per_class=1, is_phantom=True)

    listed = desk.get("/catalog/").content.decode()
    shown = desk.get(f"/catalog/pools/{pool.uuid}/").content.decode()

    assert "procedural phantom, not patient data" in listed
    assert "procedural phantom, not patient data" in shown
    assert "to be confirmed by an expert" in desk.get("/catalog/domains/").content.decode()


def test_stored_text_is_escaped(media: Path, desk: Client) -> None:
    pool = make_pool("<script>alert(1)</script>", per_class=1)
    ImportJob.objects.create(
        pool=pool, skipped=[{"file": "<img onerror=1>", "reason": "<b>"}], error="<script>"
    )

    shown = desk.get(f"/catalog/pools/{pool.uuid}/").content.decode()

    assert "<script>alert" not in shown
    assert "<img onerror" not in shown


def test_the_list_of_pools_costs_a_constant_number_of_queries(media: Path, desk: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.get("/catalog/")
        return len(queries)

    make_pool("pool", per_class=1)
    desk.get("/catalog/")
    one = cost()
    for number in range(4):
        make_pool(f"pool {number}", per_class=1)

    assert cost() == one < 8
