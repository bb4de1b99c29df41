"""Untrusted bytes become canonical pixels or a reason, and nothing worse happens."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from review.catalog.decode import Decoder, ImageRejected, IntakeProfile
from tests.review.catalog.hostile_images import (
    CLEANED,
    REJECTED,
    chunk,
    interlaced_png,
    jpeg,
    noise,
    png,
    saved,
)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as one:
        yield one


@pytest.mark.parametrize("name", REJECTED)
def test_rejects_with_a_reason(decoder: Decoder, name: str) -> None:
    blob, reason = REJECTED[name]

    with pytest.raises(ImageRejected, match=r".") as caught:
        decoder.decode(blob)

    assert reason in str(caught.value)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_returns_the_pixels_and_what_the_file_was(decoder: Decoder, form: str) -> None:
    pixels = noise(20, 30)

    decoded = decoder.decode(saved(Image.fromarray(pixels), form))

    assert decoded.pixels.shape == (20, 30, 3)
    assert decoded.pixels.dtype == np.uint8
    assert form == "JPEG" or (decoded.pixels == pixels).all()
    assert (decoded.profile.width, decoded.profile.height) == (30, 20)
    assert decoded.profile.container == form.lower()
    assert IntakeProfile.from_json(decoded.profile.to_json()) == decoded.profile


def test_keeps_grey_of_16_bits(decoder: Decoder) -> None:
    film = np.arange(4096, dtype=np.uint16).reshape(64, 64) * 16

    decoded = decoder.decode(saved(Image.fromarray(film), "PNG"))

    assert decoded.pixels.dtype == np.uint16
    assert (decoded.pixels == film).all()
    assert decoded.profile.highest == 4095 * 16


@pytest.mark.parametrize(("depth", "scale"), [(1, 255), (2, 85), (4, 17)])
def test_spreads_shallow_grey_over_the_whole_range(
    decoder: Decoder, depth: int, scale: int
) -> None:
    blob = png(8, 8, depth, 0, raw=(b"\0" + b"\xff" * depth) * 8)

    assert (decoder.decode(blob).pixels == (2**depth - 1) * scale).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_the_image_upright_like_a_camera_viewer(decoder: Decoder, orientation: int) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(noise(12, 20))
    blob = saved(image, "PNG", exif=exif)
    image.getexif()[0x0112] = orientation

    decoded = decoder.decode(blob)

    assert (decoded.pixels == np.asarray(ImageOps.exif_transpose(image))).all()
    assert decoded.profile.orientation == orientation


def test_reads_the_orientation_of_a_jpeg(decoder: Decoder) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    decoded = decoder.decode(jpeg(exif=exif))

    assert decoded.pixels.shape == (32, 40, 3)
    assert "EXIF orientation 6 applied" in decoded.profile.changes


def test_ignores_gamma_and_colour_profiles_but_remembers_them(decoder: Decoder) -> None:
    plain = png()
    dressed = png(extra=chunk(b"gAMA", b"\0\0\x40\0") + chunk(b"iCCP", b"x\0\0junk"))

    before, after = decoder.decode(plain), decoder.decode(dressed)

    assert (before.pixels == after.pixels).all()
    assert after.profile.has_gamma
    assert after.profile.has_icc
    assert not before.profile.has_gamma


def test_a_compressed_text_bomb_is_never_inflated(decoder: Decoder) -> None:
    import zlib

    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 100_000_000))

    decoded = decoder.decode(png(extra=bomb))

    assert decoded.profile.has_text
    assert "text dropped" in decoded.profile.changes


def test_expands_a_palette_and_composites_its_alpha_on_black(decoder: Decoder) -> None:
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    image.putpalette([200, 100, 50, 10, 20, 30])

    decoded = decoder.decode(saved(image, "PNG", transparency=b"\x80\xff"))

    assert decoded.pixels.tolist() == [[[100, 50, 25], [10, 20, 30]]]
    assert {"palette expanded", "alpha composited on black"} <= set(decoded.profile.changes)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_an_opaque_alpha_just_falls_away(decoder: Decoder, mode: str) -> None:
    pixels = noise(channels=4)
    pixels[..., 3] = 255
    image = Image.fromarray(pixels).convert(mode)

    decoded = decoder.decode(saved(image, "PNG"))

    assert (decoded.pixels == np.asarray(image)[..., :-1].squeeze()).all()
    assert "opaque alpha dropped" in decoded.profile.changes


@pytest.mark.parametrize("size", [(16, 16), (3, 5), (1, 1)])
def test_reads_interlaced_pixels(decoder: Decoder, size: tuple[int, int]) -> None:
    decoded = decoder.decode(interlaced_png(noise(*size)))

    assert (decoded.pixels == noise(*size)).all()
    assert decoded.profile.progressive


@pytest.mark.parametrize("cut", [1, 4, 30, 200])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_cut_short_and_ended_by_hand_is_noticed(
    decoder: Decoder, cut: int, progressive: bool
) -> None:
    """libjpeg paints what is missing grey and says nothing."""
    whole = saved(Image.fromarray(noise(48, 40)), "JPEG", progressive=progressive, quality=80)
    decoder.decode(whole)

    with pytest.raises(ImageRejected, match="truncated"):
        decoder.decode(whole[: -2 - cut] + b"\xff\xd9")


def test_reads_cmyk_as_colour(decoder: Decoder) -> None:
    decoded = decoder.decode(jpeg("CMYK"))

    assert decoded.pixels.shape == (40, 32, 3)
    assert np.abs(decoded.pixels.astype(int) - decoder.decode(jpeg()).pixels).mean() < 4
    assert decoded.profile.mode == "cmyk"


def test_padding_behind_the_image_is_dropped_and_named(decoder: Decoder) -> None:
    decoded = decoder.decode(jpeg() + b"\0" * 12)

    assert "12 padding bytes after EOI dropped" in decoded.profile.changes


def test_keeps_quantisation_tables_as_evidence(decoder: Decoder) -> None:
    coarse = decoder.decode(jpeg(quality=30)).profile.quantisation
    fine = decoder.decode(jpeg(quality=95)).profile.quantisation

    assert len(coarse) == len(fine) == 2
    assert sum(coarse[0]) > sum(fine[0])


def test_memory_stays_bounded_at_the_largest_legal_image(decoder: Decoder) -> None:
    blob = png(4000, 4000, colour=6, raw=(b"\0" + b"\x55" * 16_000) * 4000)

    decoded = decoder.decode(blob)

    assert decoded.pixels.shape == (4000, 4000, 3)
    assert _peak_kb(decoder) < 300 * 1024


def _peak_kb(decoder: Decoder) -> int:
    status = Path(f"/proc/{decoder.child_pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def test_memory_stays_bounded_through_the_whole_hostile_set() -> None:
    with Decoder() as decoder:
        for blob in [*(blob for blob, _ in REJECTED.values()), *CLEANED.values()]:
            try:
                decoder.decode(blob)
            except ImageRejected:
                continue
        assert _peak_kb(decoder) < 300 * 1024


def test_a_dead_child_costs_one_file(decoder: Decoder) -> None:
    decoder.decode(png())
    os.kill(decoder.child_pid or 0, signal.SIGKILL)

    with pytest.raises(ImageRejected, match="gave up on this file"):
        decoder.decode(png())

    assert decoder.decode(png()).pixels.shape == (8, 8, 3)


def test_a_hanging_child_is_replaced() -> None:
    with Decoder(wall_seconds=1.0) as decoder:
        decoder.decode(png())
        hung = decoder.child_pid or 0
        os.kill(hung, signal.SIGSTOP)
        started = time.monotonic()

        with pytest.raises(ImageRejected, match="no answer in time"):
            decoder.decode(png())

        assert time.monotonic() - started < 5
        assert decoder.decode(png()).pixels.shape == (8, 8, 3)
        assert decoder.child_pid != hung


def test_the_child_sees_no_secret_and_may_write_no_file(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "not-for-children")
    with Decoder() as fresh:
        fresh.decode(png())
        environment = Path(f"/proc/{fresh.child_pid}/environ").read_text()
        limits = Path(f"/proc/{fresh.child_pid}/limits").read_text()

    assert "not-for-children" not in environment
    assert "Max file size             0                    0" in limits
    assert "Max core file size        0                    0" in limits


def test_two_threads_use_two_decoders(decoder: Decoder) -> None:
    seen: list[tuple[int, ...]] = []

    def work() -> None:
        with Decoder() as own:
            seen.extend(own.decode(png()).pixels.shape for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 40
