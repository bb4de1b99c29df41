import pytest

from review.catalog.models import ImageAsset
from review.studies.services.render import pool_depths


def film(pool: int, highest: int | None, mode: str = "I;16") -> ImageAsset:
    profile = {} if highest is None else {"highest": highest}
    return ImageAsset(pool_id=pool, mode=mode, intake_profile=profile)


@pytest.mark.parametrize(("highest", "bits"), [(255, 8), (1023, 10), (4095, 12), (65535, 16)])
def test_a_pools_depth_is_what_its_brightest_film_uses(highest: int, bits: int) -> None:
    assert pool_depths([film(1, 200), film(1, highest)]) == {"1": bits}


def test_eight_bit_images_and_unknown_profiles() -> None:
    found = pool_depths([film(1, None, mode="L"), film(2, None)])
    assert found == {"1": 8, "2": 16}
