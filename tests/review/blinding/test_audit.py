"""Leaks planted on either side are found and named; a clean set passes."""

import io
import json
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from review.blinding.audit import LeakReport, audit_renditions
from review.blinding.canonical import jpeg_round_trip
from review.blinding.container import pack_film, pack_png
from review.blinding.errors import BlindingError
from review.blinding.features import measure_rendition

N = 60


def cells(seed: int, n: int = N, size: int = 64) -> list[np.ndarray]:
    """Draw blurred noise with a spectrum like a photograph's, (size, size, 3) uint8."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None, :])
    falloff = 1 / (frequency + 1 / size)
    images = []
    for _ in range(n):
        spectrum = np.fft.fft2(random.normal(size=(size, size, 3)), axes=(0, 1))
        image = np.fft.ifft2(spectrum * falloff[..., None], axes=(0, 1)).real
        image = 128 + 30 * image / image.std() + random.normal(0, 8)
        images.append(np.clip(image, 0, 255).astype(np.uint8))
    return images


def framed(image: np.ndarray) -> np.ndarray:
    image = image.copy()
    image[:2], image[-2:], image[:, :2], image[:, -2:] = 0, 0, 0, 0
    return image


def blurred(image: np.ndarray) -> np.ndarray:
    padded = np.pad(image.astype(int), ((1, 1), (1, 1), (0, 0)), mode="edge")
    total = sum(padded[y : y + 64, x : x + 64] for y in range(3) for x in range(3))
    return (total // 9).astype(np.uint8)


def with_info(image: np.ndarray, add: Callable[[PngImagePlugin.PngInfo], None]) -> bytes:
    info, out = PngImagePlugin.PngInfo(), io.BytesIO()
    add(info)
    Image.fromarray(image).save(out, "PNG", compress_level=0, pnginfo=info)
    return out.getvalue()


Plant = Callable[[np.ndarray], bytes]
CONTAINER_LEAKS: dict[str, Plant] = {
    "size": lambda image: pack_png(image[:60, :60]),
    "bit depth": lambda image: pack_film(image[..., 0].astype(np.uint16) * 16, 12),
    "colour type": lambda image: pack_png(image[..., 0]),
    "colour profile": lambda image: with_info(image, lambda i: i.add(b"gAMA", b"\0\0\xb1\x8f")),
    "text": lambda image: with_info(image, lambda i: i.add_text("Software", "generator")),
    "byte length": lambda image: pack_png(image) + b"\0",
}
CUE_LEAKS: dict[str, Plant] = {
    "border": lambda image: pack_png(framed(image)),
    "mean brightness": lambda image: pack_png(np.clip(image.astype(int) + 40, 0, 255).astype("u1")),
    "unique levels": lambda image: pack_png(image // 8 * 8 + 4),
    "blockiness": lambda image: pack_png(jpeg_round_trip(image, 20)),
    "spectrum slope": lambda image: pack_png(blurred(image)),
}


def audit(real: list[bytes], synthetic: list[bytes], **options: object) -> LeakReport:
    features = [measure_rendition(content) for content in [*real, *synthetic]]
    sides = [False] * len(real) + [True] * len(synthetic)
    return audit_renditions(features, sides, **options)  # type: ignore[arg-type]


def test_a_clean_set_passes() -> None:
    report = audit([pack_png(i) for i in cells(1)], [pack_png(i) for i in cells(2)])

    assert report.state == "passed"
    assert all(finding.auc == 0.5 for finding in report.containers)
    assert (report.n_real, report.n_synthetic) == (N, N)


@pytest.mark.parametrize("planted_in", ["real", "synthetic"])
@pytest.mark.parametrize("leak", CONTAINER_LEAKS)
def test_one_leaking_file_in_the_container_stops(leak: str, planted_in: str) -> None:
    clean = [pack_png(image) for image in cells(1, 4)]
    leaky = [*clean[:3], CONTAINER_LEAKS[leak](cells(2, 1)[0])]

    report = audit(*((leaky, clean) if planted_in == "real" else (clean, leaky)))

    assert leak in report.hard_stops
    assert report.state == "stopped"
    assert next(f for f in report.containers if f.feature == leak).auc > 0.5


@pytest.mark.parametrize("planted_in", ["real", "synthetic"])
@pytest.mark.parametrize("leak", CUE_LEAKS)
def test_a_leak_in_the_pixels_is_named_and_blocks(leak: str, planted_in: str) -> None:
    clean = [pack_png(image) for image in cells(1)]
    leaky = [CUE_LEAKS[leak](image) for image in cells(2)]

    report = audit(*((leaky, clean) if planted_in == "real" else (clean, leaky)))

    assert leak in report.blocked
    assert report.state == "blocked"
    assert next(f for f in report.cues if f.cue == leak).advice


def test_a_weak_cue_warns_and_does_not_block() -> None:
    brighter = [np.clip(image.astype(int) + 6, 0, 255).astype(np.uint8) for image in cells(2)]

    report = audit([pack_png(i) for i in cells(1)], [pack_png(i) for i in brighter])

    assert report.warnings == ("mean brightness",)
    assert report.state == "warnings"


def test_shallow_values_in_a_deep_film_are_a_cue() -> None:
    random = np.random.default_rng(6)
    deep = [random.integers(0, 4096, (64, 64), dtype=np.uint16) for _ in range(20)]

    report = audit([pack_film(f, 12) for f in deep], [pack_film(f // 16 * 16, 12) for f in deep])

    assert not report.hard_stops
    assert "unique levels" in report.blocked


def test_sources_tell_what_the_pipeline_removed() -> None:
    jpeg = {"container": "jpeg", "width": 250, "height": 250, "bytes": 9000, "bit_depth": 8,
            "mode": "rgb", "quantisation": [[2] * 64], "segments": ["APP0", "DQT"]}  # fmt: skip
    array = {"container": "array", "width": 64, "height": 64, "bytes": 12288, "bit_depth": 8,
             "mode": "rgb"}  # fmt: skip
    clean = [pack_png(image) for image in cells(1, 8)]

    report = audit(clean[:4], clean[4:], profiles=[jpeg] * 4 + [array] * 4)

    found = {finding.feature: finding for finding in report.sources}
    assert found["container"].auc == 1.0
    assert found["container"].status == "neutralised by the pipeline"
    assert found["bit depth"].status == "the same in both"
    assert "JPEG round trip" in found["JPEG tables"].advice


def test_the_report_is_plain_json() -> None:
    clean = [pack_png(image) for image in cells(1, 6)]

    stored = json.loads(json.dumps(audit(clean[:3], clean[3:]).to_json()))

    assert stored["state"] in {"passed", "warnings"}
    assert {f["feature"] for f in stored["containers"]} >= {"byte length", "text", "size"}
    assert stored["cues"][0]["verdict"] in {"pass", "warn", "block"}


def test_one_side_alone_cannot_be_audited() -> None:
    with pytest.raises(BlindingError, match="of real and of synthetic"):
        audit([pack_png(image) for image in cells(1, 2)], [])
