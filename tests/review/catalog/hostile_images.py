"""Build the hostile-image set byte by byte: what trust.md 23 and 27 name."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width: int, height: int, depth: int = 8, colour: int = 2, lacing: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, lacing))


def png(
    width: int = 8,
    height: int = 8,
    depth: int = 8,
    colour: int = 2,
    *,
    raw: bytes | None = None,
    extra: bytes = b"",
    tail: bytes = b"",
) -> bytes:
    """Write a PNG by hand; `extra` chunks stand before the image data."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = b"\0" + bytes(range(256))[: max(1, width * samples * depth // 8)].ljust(
        (width * samples * depth + 7) // 8, b"\x07"
    )
    packed = zlib.compress(row * height if raw is None else raw)
    body = header(width, height, depth, colour) + extra + chunk(b"IDAT", packed)
    return PNG_SIGNATURE + body + chunk(b"IEND", b"") + tail


def noise(height: int = 16, width: int = 16, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (height, width, channels), dtype=np.uint8)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    ramp = Image.fromarray(np.add.outer(np.arange(40) * 3, np.arange(32) * 4).astype(np.uint8))
    return saved(ramp.convert(mode), "JPEG", **options)


def animated_png() -> bytes:
    frames = [Image.fromarray(noise() // (n + 1)) for n in range(3)]
    return saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


def inflating_png() -> bytes:
    """8 x 8 pixels by its header, 200 MB when inflated."""
    return png(raw=b"\0" * 200_000_000)


REJECTED = {
    "empty": (b"", "empty"),
    "too many bytes": (b"\0" * (25 * 1024 * 1024 + 1), "26,214,401 bytes; the limit is 26,214,400"),
    "svg with a png name": (b"<svg onload='alert(1)'/>", "not a PNG or JPEG"),
    "eps with a png name": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a PNG or JPEG"),
    "html": (b"<!doctype html><script>1</script>", "not a PNG or JPEG"),
    "pdf": (b"%PDF-1.7\n", "not a PNG or JPEG"),
    "gif": (saved(Image.new("L", (4, 4)), "GIF"), "not a PNG or JPEG"),
    "tiff": (saved(Image.new("L", (4, 4)), "TIFF"), "not a PNG or JPEG"),
    "header bomb": (
        PNG_SIGNATURE + header(60_000, 60_000) + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
        "60000 x 60000 pixels; the longest side may have 4096",
    ),
    "4096 x 4096": (png(4096, 4096, colour=0, raw=b""), "16,777,216 pixels; the limit is 16,000"),
    "no width": (png(0, 8, raw=b""), "both must be at least 1"),
    "inflating png": (inflating_png(), "inflates to more than the 200 bytes"),
    "png cut in the middle": (saved(Image.fromarray(noise()), "PNG")[:-100], "truncated"),
    "png with half its rows": (png(raw=b"\0" * 100), "end after 100 of 200 bytes: truncated"),
    "png without data": (
        PNG_SIGNATURE + header(8, 8) + chunk(b"IEND", b""),
        "no image data",
    ),
    "png with a lying checksum": (png()[:-4] + b"\0\0\0\0", "checksum"),
    "png with a zip behind it": (png(tail=b"PK\x03\x04" + b"x" * 40), "44 bytes follow the end"),
    "png with an unknown critical chunk": (png(extra=chunk(b"EVIL", b"")), "critical chunk EVIL"),
    "png with two headers": (png(extra=header(8, 8)), "2 IHDR chunks"),
    "palette png without palette": (png(colour=3), "uses a palette and has none"),
    "impossible colour type": (png(depth=4), "does not exist"),
    "animated png": (animated_png(), "an animated PNG with 3 frames"),
    "jpeg cut in the middle": (jpeg()[:-20], "truncated"),
    "jpeg of one marker": (b"\xff\xd8\xff\xd9", "no image data"),
    "jpeg with a script behind it": (jpeg() + b"<script>1</script>", "18 bytes follow the end"),
    "two jpegs in one file": (jpeg() + jpeg(), "bytes follow the end of the image (EOI)"),
    "jpeg with a huge frame": (
        jpeg().replace(struct.pack(">HH", 40, 32), struct.pack(">HH", 65_000, 65_000)),
        "65000 x 65000 pixels",
    ),
    "arithmetic jpeg": (jpeg().replace(b"\xff\xc0\x00\x11", b"\xff\xc9\x00\x11"), "FFC9"),
    "12-bit jpeg": (jpeg().replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"), "12 bits"),
}
