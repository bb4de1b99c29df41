"""Limits on one untrusted image file, and the sentences that quote them."""

from review.catalog.errors import ImageRejected

MAX_BYTES = 25 * 1024 * 1024
MAX_SIDE = 4096
MAX_PIXELS = 16_000_000
MAX_SEGMENTS = 4096
MAX_SCANS = 100  # an encoder writes about 10; thousands of scans cost hours of decoding

# What cameras and downloads leave behind an image without meaning anything by it.
PADDING = b"\x00\xff\r\n\t "


def check_bytes(n_bytes: int) -> None:
    """Raise ImageRejected for an empty or too large file."""
    if n_bytes == 0:
        raise ImageRejected("the file is empty")
    if n_bytes > MAX_BYTES:
        raise ImageRejected(f"{n_bytes:,} bytes; the limit is {MAX_BYTES:,} (25 MB)")


def check_size(width: int, height: int) -> None:
    """Raise ImageRejected for a size that no study could need or no memory could hold."""
    if width < 1 or height < 1:
        raise ImageRejected(f"the header says {width} x {height} pixels; both must be at least 1")
    if max(width, height) > MAX_SIDE:
        raise ImageRejected(f"{width} x {height} pixels; the longest side may have {MAX_SIDE}")
    if width * height > MAX_PIXELS:
        raise ImageRejected(
            f"{width} x {height} = {width * height:,} pixels; the limit is {MAX_PIXELS:,}"
        )


def check_tail(tail: bytes, end: str) -> str | None:
    """Return a note on harmless padding behind the end marker, or raise for anything else."""
    if not tail:
        return None
    if tail.strip(PADDING):
        raise ImageRejected(
            f"{len(tail):,} bytes follow the end of the image ({end}); none may, "
            "a second file could hide there. Save the image anew"
        )
    return f"{len(tail):,} padding bytes after {end} dropped"
