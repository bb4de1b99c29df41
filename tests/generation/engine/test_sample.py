"""An image's pixels depend on its own request: not on neighbours, order, chunk or restart."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from generation.engine.checkpoint import Origin, load_checkpoint, save_checkpoint
from generation.engine.sample import draw_images, fault_of
from generation.engine.seeds import image_seed
from generation.families.interface import FitContext, Sample, SampleContext, SampleRequest
from generation.families.prototype_ddpm import PrototypeDDPM
from tests.generation.families.worlds import coloured_squares, tiny_config

REQUESTS = [SampleRequest(i, image_seed(5, i), class_index=i % 3) for i in range(11)]


@pytest.fixture(scope="module")
def family() -> PrototypeDDPM:
    family = PrototypeDDPM.build(tiny_config(steps=12), seed=1)
    for _ in family.fit(coloured_squares(), FitContext(seed=2)):
        pass
    return family


def _hashes(family: PrototypeDDPM, requests: list[SampleRequest]) -> dict[int, str]:
    drawn = draw_images(family, requests, SampleContext())
    return {image.request.index: image.pixel_sha256 for image in drawn}


def test_pixels_do_not_depend_on_neighbours_or_order(family: PrototypeDDPM) -> None:
    whole = _hashes(family, REQUESTS)
    pieces = _hashes(family, REQUESTS[9:]) | _hashes(family, REQUESTS[:1])
    reverse = _hashes(family, REQUESTS[::-1])

    assert len(set(whole.values())) == len(REQUESTS)
    assert pieces.items() <= whole.items()
    assert reverse == whole


def test_a_reloaded_checkpoint_draws_the_same_pixels(family: PrototypeDDPM, tmp_path: Path) -> None:
    origin = Origin("prototype_ddpm", "tiny", ("A", "B", "C"), "m" * 64, seed=1)
    digest = save_checkpoint(family, tmp_path / "c", origin)

    loaded = load_checkpoint(tmp_path / "c", expected=digest)

    assert isinstance(loaded.family, PrototypeDDPM)
    assert _hashes(loaded.family, REQUESTS) == _hashes(family, REQUESTS)


def test_every_chunk_is_padded_to_the_fixed_batch(
    family: PrototypeDDPM, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    original = family.sample

    def sample(requests: list[SampleRequest], context: SampleContext) -> Iterator[Sample]:
        sizes.append(len(requests))
        return original(requests, context)

    monkeypatch.setattr(family, "sample", sample)
    drawn = _hashes(family, REQUESTS)

    assert sizes == [8, 8]
    assert len(drawn) == 11


def test_stops_between_chunks_when_told(family: PrototypeDDPM) -> None:
    answers = iter([True, False])

    drawn = list(draw_images(family, REQUESTS, SampleContext(), keep_on=lambda: next(answers)))

    assert len(drawn) == family.config.sampler.batch


@pytest.mark.parametrize(
    ("pixels", "fault"),
    [
        (np.full((8, 8, 3), 255, np.uint8), "constant"),
        (np.tile(np.array([127, 128], np.uint8), 96).reshape(8, 8, 3), "blank"),
        (np.arange(192, dtype=np.uint8).reshape(8, 8, 3), ""),
    ],
)
def test_blank_and_constant_images_are_named(pixels: np.ndarray, fault: str) -> None:
    assert fault_of(pixels) == fault


def test_seed_is_63_bits_of_the_hash_and_known_for_ever() -> None:
    assert image_seed(1, 2) == 0x339D7758467DD805
    assert len({image_seed(s, i) for s in range(3) for i in range(100)}) == 300
