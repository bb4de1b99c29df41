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


def inflating_interlaced_png() -> bytes:
    """8 x 8 interlaced pixels by its header, 50 MB when inflated."""
    packed = chunk(b"IDAT", zlib.compress(b"\0" * 50_000_000))
    return PNG_SIGNATURE + header(8, 8, lacing=1) + packed + chunk(b"IEND", b"")


def interlaced_png(pixels: np.ndarray) -> bytes:
    """Write (h, w, 3) pixels in the seven passes of Adam7."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
              (0, 1, 1, 2)]  # fmt: skip
    parts = (pixels[row::down, column::across] for column, row, across, down in passes)
    raw = b"".join(b"\0" + line.tobytes() for part in parts if part.size for line in part)
    head = header(pixels.shape[1], pixels.shape[0], lacing=1)
    packed = chunk(b"IDAT", zlib.compress(raw))
    return PNG_SIGNATURE + head + packed + chunk(b"IEND", b"")


def mpo() -> bytes:
    """A camera's two pictures in one file: the second hides behind the first."""
    first, second = (Image.fromarray(noise() // n) for n in (1, 2))
    return saved(first, "MPO", save_all=True, append_images=[second])


def jpeg_of_many_scans(count: int = 200) -> bytes:
    """A progressive JPEG whose last scan is there `count` times: hours of decoding if larger."""
    blob = jpeg(progressive=True)
    last = blob.rindex(b"\xff\xda")
    return blob[:last] + blob[last:-2] * count + blob[-2:]


def resized_jpeg(height: int, width: int) -> bytes:
    """A JPEG whose frame header lies about its size."""
    return jpeg().replace(struct.pack(">HH", 40, 32), struct.pack(">HH", height, width))


def promising_png() -> bytes:
    """A chunk that promises 2 GB."""
    return PNG_SIGNATURE + header(8, 8) + struct.pack(">I", 0x7FFFFFFF) + b"IDAT" + b"\0" * 64


SCRIPT = b"<script>alert(1)</script>"
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
    "bmp": (saved(Image.new("L", (4, 4)), "BMP"), "not a PNG or JPEG"),
    "webp": (saved(Image.new("RGB", (4, 4)), "WEBP"), "not a PNG or JPEG"),
    "jpeg 2000": (saved(Image.new("RGB", (32, 32)), "JPEG2000"), "not a PNG or JPEG"),
    "ico": (saved(Image.new("RGB", (16, 16)), "ICO"), "not a PNG or JPEG"),
    "psd": (b"8BPS\0\1" + b"\0" * 40, "not a PNG or JPEG"),
    "fits": (b"SIMPLE  =                    T" + b" " * 50, "not a PNG or JPEG"),
    "heic": (b"\0\0\0\x18ftypheic" + b"\0" * 40, "not a PNG or JPEG"),
    "png behind a script": (SCRIPT + png(), "not a PNG or JPEG"),
    "png with a page behind it": (png(tail=SCRIPT), "bytes follow the end"),
    "png that is a pdf behind its end": (png(tail=b"%PDF-1.7\n"), "bytes follow the end"),
    "inflating interlaced png": (inflating_interlaced_png(), "inflates to more than"),
    "png of no height": (png(8, 0, raw=b""), "both must be at least 1"),
    "png with a chunk of 2 GB": (promising_png(), "promises 2,147,483,647 bytes"),
    "png of 5,000 chunks": (
        PNG_SIGNATURE + header(8, 8) + chunk(b"tEXt", b"k\0v") * 5000 + chunk(b"IEND", b""),
        "more than 4096 chunks",
    ),
    "png with a wrong header checksum": (
        png().replace(header(8, 8), header(8, 8)[:-4] + b"\0\0\0\0"),
        "checksum of PNG chunk IHDR is wrong",
    ),
    "png with damaged pixels": (
        PNG_SIGNATURE
        + header(8, 8)
        + chunk(b"IDAT", b"\x78\x9c" + b"\xff" * 40)
        + chunk(b"IEND", b""),
        "damaged",
    ),
    "png with an unknown filter": (png(raw=(b"\x09" + b"\0" * 24) * 8), "damaged"),
    "png with an odd chunk name": (png(extra=chunk(b"\0\1\2\3", b"")), "no chunk name"),
    "mpo": (mpo(), "bytes follow the end of the image (EOI)"),
    "jpeg of 65535 x 65535": (resized_jpeg(65_535, 65_535), "65535 x 65535 pixels"),
    "jpeg of no height": (resized_jpeg(0, 32), "both must be at least 1"),
    "jpeg of no width": (resized_jpeg(40, 0), "both must be at least 1"),
    "jpeg taller than its data": (resized_jpeg(4000, 4000), "truncated"),
    "jpeg cut short and ended by hand": (jpeg()[:-60] + b"\xff\xd9", "truncated"),
    "jpeg of 200 scans": (jpeg_of_many_scans(), "scans; the limit is 100"),
    "jpeg with a page behind it": (jpeg() + b"<!doctype html>", "bytes follow the end"),
    "12-bit jpeg": (jpeg().replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"), "12 bits"),
}


# Taken, and what must not be in the stored file any more.
CLEANED = {
    "png with a script in its text": png(extra=chunk(b"tEXt", b"Comment\0" + SCRIPT)),
    "png with 10 MB of text": png(extra=chunk(b"tEXt", b"Comment\0" + b"x" * 10_000_000)),
    "png that is a pdf in its text": png(extra=chunk(b"tEXt", b"k\0%PDF-1.7 1 0 obj")),
    "png with XMP": png(extra=chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SCRIPT)),
    "png with Exif": png(extra=chunk(b"eXIf", b"II*\0\x08\0\0\0\0\0GPS 52.5 N")),
    "png with gamma": png(extra=chunk(b"gAMA", b"\0\0\x40\0")),
    "png with a provenance manifest": png(extra=chunk(b"caBX", b"jumb" + SCRIPT)),
    "jpeg with a script in a comment": jpeg(comment=SCRIPT),
    "jpeg with a thumbnail in Exif": jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\0\0" + SCRIPT),
    "jpeg with a profile": jpeg(icc_profile=SCRIPT * 4),
    "interlaced png": interlaced_png(noise()),
    "16-bit grey": saved(Image.fromarray(np.arange(256, dtype=np.uint16).reshape(16, 16)), "PNG"),
    "16-bit colour": png(4, 4, depth=16, raw=(b"\0" + bytes(range(24))) * 4),
    "transparent palette": saved(
        Image.fromarray(noise()).quantize(8), "PNG", transparency=bytes(range(0, 240, 30))
    ),
    "transparent colour key": png(extra=chunk(b"tRNS", b"\0\1\0\2\0\3")),
    "cmyk jpeg": jpeg("CMYK"),
    "progressive jpeg": jpeg(progressive=True),
    "jpeg with restart markers": jpeg(restart_marker_blocks=1),
    "one pixel": png(1, 1, raw=b"\0\1\2\3"),
}
TRACES = (b"<script", b"Exif", b"eXIf", b"tEXt", b"iTXt", b"iCCP", b"gAMA", b"%PDF", b"caBX")
