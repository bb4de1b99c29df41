"""The whole hostile set through both doors: each file is refused with its reason or cleaned."""

import io
import json
import struct
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from review.catalog.models import ImageAsset, ImportJob
from review.catalog.services.uploads import run_upload
from review.catalog.storage import read_bytes
from tests.review.catalog.hostile_images import CLEANED, REJECTED, TRACES
from tests.worlds.building import make_user
from tests.worlds.domains import make_domain

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def _files() -> dict[str, bytes]:
    """Return path -> content: every hostile file under a harmless name of a class folder."""
    refused = {f"EOS/bad {name}.png": blob for name, (blob, _) in REJECTED.items()}
    return refused | {f"EOS/good {name}.jpg": blob for name, blob in CLEANED.items()}


def _check(skipped: dict[str, str]) -> None:
    """Everything refused was refused for its own reason; everything stored is bare."""
    expected = {f"EOS/bad {name}.png": reason for name, (_, reason) in REJECTED.items()}
    assert set(skipped) == set(expected)
    wrong = {name: skipped[name] for name, said in expected.items() if said not in skipped[name]}
    assert wrong == {}
    assert ImageAsset.objects.count() == len(CLEANED) - SAME_PIXELS
    for asset in ImageAsset.objects.all():
        stored = read_bytes(asset.storage_key)
        assert [trace for trace in TRACES if trace in stored] == []
        assert set(_chunks(stored)) == {b"IHDR", b"IDAT", b"IEND"}


# Files of one picture in different dress are one image of a pool: eight PNGs and six JPEGs.
SAME_PIXELS = 7 + 5


def _chunks(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        found.append(png[at + 4 : at + 8])
        at += 12 + length
    return found


def test_through_import_images(
    media: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_domain()
    root = tmp_path / "source"
    (root / "EOS").mkdir(parents=True)
    for name, content in _files().items():
        (root / name).write_bytes(content)

    call_command("import_images", str(root), "--domain", "bone_marrow", "--pool", "cells", "--json")

    summary = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert summary["skipped"]
    _check({skip["file"]: skip["reason"] for skip in summary["skipped"]})


def test_through_the_upload_page(media: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in _files().items():
            archive.writestr(name, content)
    desk = Client()
    desk.force_login(make_user("admin", is_staff=True))
    body = {"domain": make_domain().pk, "pool": "cells", "source": "real", "origin": "me, CC0"}
    body["images"] = SimpleUploadedFile("cells.zip", packed.getvalue())

    response = desk.post("/catalog/upload/", body)
    run_upload(ImportJob.objects.get().pk)

    assert response.status_code == 302
    job = ImportJob.objects.get()
    assert job.state == "done"
    _check({skip["file"]: skip["reason"] for skip in job.skipped})


@pytest.mark.parametrize("name", ["svg with a png name", "html", "pdf", "eps with a png name"])
def test_loose_files_of_other_kinds_never_become_anything(media: Path, name: str) -> None:
    desk = Client()
    desk.force_login(make_user("admin", is_staff=True))
    body = {"domain": make_domain().pk, "pool": "cells", "source": "real", "origin": "me, CC0"}
    file = SimpleUploadedFile("cell.png", REJECTED[name][0], content_type="image/png")

    desk.post("/catalog/upload/", body | {"class_name": "EOS", "images": [file]})
    run_upload(ImportJob.objects.get().pk)

    job = ImportJob.objects.get()
    assert [skip["reason"].split(" by its")[0] for skip in job.skipped] == [
        "not a PNG or JPEG file"
    ]
    assert not ImageAsset.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]
