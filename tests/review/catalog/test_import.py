"""Importing a folder: what goes in, what is listed, and that it can be repeated."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from review.audit.models import AuditEvent
from review.catalog.models import ImageAsset, ImportJob
from tests.review.catalog.hostile_images import REJECTED, jpeg, png

pytestmark = [pytest.mark.django_db, pytest.mark.database]
Write = Callable[..., Path]

# folder of the shared data, domain, layout map -> imported, skipped, one class with its count
REAL_SETS = {
    "blood_pbc": ("bone_marrow", None, 1000, 100, ("NGB", 100)),
    "bone_marrow": ("bone_marrow", None, 807, 1, ("NGB", 2)),
    "lesions_ham10000": ("dermatology", None, 653, 0, ("df", 69)),
    "cxr": ("chest_xray", "kermany", 308, 136, ("PED_PNEUMONIA", 200)),
    "cxr_nih64": ("chest_xray", None, 496, 0, ("Hernia", 9)),
}


def lesions_bring_masks_and_clusters() -> None:
    assert not ImageAsset.objects.filter(mask_key="").exists()
    assert ImageAsset.objects.values("cluster_key").distinct().count() == 605


def films_bring_further_findings_and_projection() -> None:
    assert ImageAsset.objects.exclude(findings=[]).count() > 100
    assert ImageAsset.objects.filter(covariates__projection="AP").count() == 209


EXTRAS = {
    "lesions_ham10000": lesions_bring_masks_and_clusters,
    "cxr_nih64": films_bring_further_findings_and_projection,
}


def run(path: Path, capsys: Any, *options: str, domain: str = "bone_marrow") -> dict[str, Any]:
    call_command(
        "import_images", str(path), "--domain", domain, "--pool", "cells", "--json", *options
    )
    answer: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return answer


@pytest.fixture
def source(tmp_path: Path, write_cell: Write) -> Path:
    for seed in range(3):
        write_cell(f"basophil/{seed}.png", seed)
        write_cell(f"EOS/{seed}.png", 10 + seed)
    return tmp_path / "source"


def test_imports_by_folder_and_says_so(source: Path, media: Path, capsys: Any) -> None:
    answer = run(source, capsys)

    assert answer == {
        "pool": "cells",
        "imported": 6,
        "existing": 0,
        "skipped": [],
        "classes": {"BAS": 3, "EOS": 3},
        "complete": True,
    }
    assert AuditEvent.objects.filter(verb="pool.imported").count() == 1
    assert ImportJob.objects.get().state == "done"


def test_a_second_run_adds_nothing(source: Path, media: Path, capsys: Any) -> None:
    run(source, capsys)
    before = sorted(path for path in media.rglob("*") if path.is_file())

    again = run(source, capsys)

    assert (again["imported"], again["existing"]) == (0, 6)
    assert sorted(path for path in media.rglob("*") if path.is_file()) == before


def test_bad_files_are_listed_and_the_rest_goes_in(
    source: Path, media: Path, write_cell: Write, capsys: Any
) -> None:
    for number, (content, _) in enumerate(REJECTED.values()):
        write_cell(f"BAS/bad{number}.png", content=content)
    write_cell("platelet/1.png", 50)
    os.symlink("/etc/passwd", source / "BAS" / "link.png")

    answer = run(source, capsys)

    reasons = {skip["file"]: skip["reason"] for skip in answer["skipped"]}
    assert answer["imported"] == 6
    assert len(reasons) == len(REJECTED) + 2
    assert "symbolic link" in reasons["BAS/link.png"]
    assert "outside domain" in reasons["platelet/1.png"]
    stored = b"".join(path.read_bytes() for path in media.rglob("*.png"))
    assert b"<script" not in stored


def test_no_byte_of_metadata_is_stored(
    source: Path, media: Path, write_cell: Write, capsys: Any
) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = "Jane Doe 1950-01-01"
    write_cell("BAS/named.jpg", content=jpeg(exif=exif, comment=b"Jane Doe"))

    run(source, capsys)

    stored = b"".join(path.read_bytes() for path in media.rglob("*.png"))
    assert b"Jane" not in stored
    assert b"Exif" not in stored


def test_one_picture_in_two_classes_is_told(
    source: Path, media: Path, write_cell: Write, capsys: Any
) -> None:
    write_cell("LYT/again.png", 0)

    answer = run(source, capsys)

    assert len(answer["skipped"]) == 1
    assert "already has these pixels, under class" in answer["skipped"][0]["reason"]


def test_a_table_gives_class_cluster_covariates_and_mask(
    tmp_path: Path, media: Path, write_cell: Write, capsys: Any
) -> None:
    write_cell("a.png", 1)
    write_cell("m.png", content=png(16, 16, 1, 0, raw=(b"\0\xff\x00") * 16))
    write_cell(
        "labels.csv",
        content=b"image,kind,patient_id,sex,licence,mask\na.png,basophil,P-1,female,CC BY,m.png\n"
        b"gone.png,basophil,P-1,,,\n../a.png,basophil,P-1,,,\n",
    )

    answer = run(tmp_path / "source", capsys, "--class-column", "kind")

    asset = ImageAsset.objects.get()
    assert (asset.image_class.code, asset.covariates["sex"]) == ("BAS", "F")
    assert asset.mask_key
    assert "P-1" not in asset.cluster_key
    assert asset.pool.origin["licences"] == ["CC BY"]
    assert [skip["reason"] for skip in answer["skipped"]] == [
        "the file is missing",
        "the path '../a.png' leads out of the folder",
    ]


def test_a_broken_mask_does_not_cost_the_image(
    tmp_path: Path, media: Path, write_cell: Write, capsys: Any
) -> None:
    write_cell("a.png", 1)
    write_cell("labels.csv", content=b"image,class,mask\na.png,BAS,none.png\n")

    answer = run(tmp_path / "source", capsys)

    assert answer["imported"] == 1
    assert "mask left out" in answer["skipped"][0]["reason"]


def test_a_pool_keeps_one_source(source: Path, media: Path, capsys: Any) -> None:
    run(source, capsys)

    with pytest.raises(CommandError, match="images of one pool share their source"):
        run(source, capsys, "--source", "synthetic")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--map", "vienna"), "no layout map 'vienna'"),
        (("--layout", "labels-csv"), "labels.csv: the file is missing"),
    ],
)
def test_a_wrong_option_is_explained(
    source: Path, media: Path, capsys: Any, options: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        run(source, capsys, *options)

    assert ImportJob.objects.get().state == "failed"


def test_an_unknown_domain_or_folder_is_explained(source: Path, capsys: Any) -> None:
    with pytest.raises(CommandError, match="known are bone_marrow, chest_xray, dermatology"):
        run(source, capsys, domain="heart")
    with pytest.raises(CommandError, match="is not a folder"):
        run(source / "nothing", capsys)


@pytest.mark.parametrize("folder", REAL_SETS)
def test_the_published_sets(folder: str, shared_data: Path, media: Path, capsys: Any) -> None:
    domain, layout_map, imported, skipped, (code, n) = REAL_SETS[folder]
    options = ("--map", layout_map) if layout_map else ()

    answer = run(shared_data / folder, capsys, *options, domain=domain)

    assert (answer["imported"], len(answer["skipped"])) == (imported, skipped)
    assert answer["classes"][code] == n
    assert answer["complete"]
    assert all("outside domain" in skip["reason"] for skip in answer["skipped"])
    EXTRAS.get(folder, lambda: None)()
