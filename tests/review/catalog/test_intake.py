"""The one way into a pool: stored once, the same for every caller."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from review.catalog.containers.profile import IntakeProfile
from review.catalog.errors import ImageRejected, IntakeConflict, MediaFull
from review.catalog.models import ImageAsset, ImageClass, Pool
from review.catalog.services import Provenance, hash_cluster, intake_pixels, read_mask, read_pixels
from tests.worlds.domains import make_domain

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DEEP = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257


def take(pixels: np.ndarray, key: str = "0", **facts: Any) -> ImageAsset:
    domain = make_domain()
    pool, _ = Pool.objects.get_or_create(domain=domain, name="run 1", source="synthetic")
    return intake_pixels(
        pool=pool,
        source_key=key,
        image_class=ImageClass.objects.get(domain=domain, code=facts.pop("code", "BAS")),
        pixels=pixels,
        provenance=facts.pop("provenance", Provenance()),
        intake_profile=IntakeProfile.of_array(pixels),
        **facts,
    )


@pytest.mark.parametrize(
    ("pixels", "mode"),
    [(np.full((8, 9, 3), 7, np.uint8), "RGB"), (np.eye(8, dtype=np.uint8), "L"), (DEEP, "I;16")],
    ids=["rgb", "grey", "deep"],
)
def test_pixels_come_back_as_they_went_in(media: Path, pixels: np.ndarray, mode: str) -> None:
    asset = take(pixels)

    assert asset.mode == mode
    assert (asset.height, asset.width) == pixels.shape[:2]
    assert (read_pixels(asset) == pixels).all()
    assert read_pixels(asset).dtype == pixels.dtype


def test_the_same_key_again_is_the_same_image(media: Path) -> None:
    first, again = take(DEEP), take(DEEP)

    assert first.pk == again.pk
    assert len([path for path in media.rglob("*") if path.is_file()]) == 1


def test_two_identical_samples_are_two_images_in_one_file(media: Path) -> None:
    one, two = take(DEEP, "1"), take(DEEP, "2")

    assert one.pk != two.pk
    assert one.storage_key == two.storage_key


def test_other_pixels_under_a_taken_key_are_a_conflict(media: Path) -> None:
    take(DEEP)

    with pytest.raises(IntakeConflict, match="already has other pixels under key '0'"):
        take(DEEP + 1)


def test_a_lost_file_is_written_again(media: Path) -> None:
    asset = take(DEEP)
    (media / asset.storage_key).unlink()

    take(DEEP)

    assert (read_pixels(asset) == DEEP).all()


def test_provenance_lands_in_typed_columns(media: Path) -> None:
    facts = Provenance(
        prototype=3, round=2, model_version="ab12", cluster_key="7", stratum="audit",
        inclusion_probability=0.25, covariates={"projection": "AP"},
    )  # fmt: skip

    asset = ImageAsset.objects.get(pk=take(DEEP, provenance=facts, findings=("EOS",)).pk)

    assert (asset.prototype, asset.round, asset.model_version) == (3, 2, "ab12")
    assert (asset.stratum, asset.inclusion_probability) == ("audit", 0.25)
    assert asset.findings == ["EOS"]
    assert asset.intake_profile["container"] == "array"


def test_a_mask_is_kept_beside_the_image(media: Path) -> None:
    mask = np.eye(16, dtype=bool)

    asset = take(DEEP, mask=mask)
    kept = read_mask(asset)

    assert kept is not None
    assert (kept == mask * 255).all()


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [(np.zeros((8, 8, 4), np.uint8), "are taken"), (np.zeros((8, 8), np.float32), "float32"),
     (np.zeros((2, 5000), np.uint8), "longest side")],
)  # fmt: skip
def test_strange_arrays_are_refused(media: Path, pixels: np.ndarray, reason: str) -> None:
    with pytest.raises(ImageRejected, match=reason):
        take(pixels)


def test_a_class_of_another_domain_is_refused(media: Path) -> None:
    make_domain("dermatology")
    pool = Pool.objects.create(domain=make_domain(), name="cells", source="real")

    with pytest.raises(ImageRejected, match="class mel is of another domain"):
        intake_pixels(
            pool=pool, source_key="0", image_class=ImageClass.objects.get(code="mel"),
            pixels=DEEP, provenance=Provenance(), intake_profile=IntakeProfile.of_array(DEEP),
        )  # fmt: skip


def test_a_full_disk_stores_nothing(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("review.catalog.storage.os.fsync", full)

    with pytest.raises(MediaFull, match="No space left"):
        take(DEEP)

    assert not ImageAsset.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_identifiers_are_hashed_with_the_sites_key(settings: Any) -> None:
    here = hash_cluster("patient_id:7")
    settings.SECRET_KEY = "another site's key, long enough for a test"

    assert len(here) == 32
    assert "7" != here != hash_cluster("patient_id:7")
    assert hash_cluster("") == ""
