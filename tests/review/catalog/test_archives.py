"""Archives that would fill a disk or write beside their folder are refused before reading."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest

from review.catalog.errors import ImageRejected, ImportRefused
from review.catalog.trees import ZipTree

Fill = Callable[[zipfile.ZipFile], None]


def packed(fill: Fill, method: int = zipfile.ZIP_STORED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        fill(archive)
    return file


def put(name: str, content: bytes = b"x") -> Fill:
    return lambda archive: archive.writestr(name, content)


def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("BAS/link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def many(archive: zipfile.ZipFile) -> None:
    for number in range(20_001):
        archive.writestr(f"{number}", b"")


def twice(archive: zipfile.ZipFile) -> None:
    archive.writestr("a.png", b"1")
    with pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a.png", b"2")


@pytest.mark.parametrize(
    ("fill", "reason"),
    [
        (put("../../etc/cron.d/x"), "leads out of the folder"),
        (put("/etc/passwd"), "not a plain relative path"),
        (put("C:/windows/x.png"), "not a plain relative path"),
        (put("a\\..\\b.png"), "not a plain relative path"),
        (put("inner.zip"), "holds another archive"),
        (link, "symbolic link"),
        (many, "20,001 files"),
        (twice, "twice"),
    ],
    ids=["..", "absolute", "drive", "backslash", "nested", "link", "many", "duplicate"],
)
def test_refuses_unsafe_archives(fill: Fill, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        ZipTree(packed(fill))


def test_refuses_a_bomb_before_unpacking_it() -> None:
    bomb = packed(put("BAS/zeros.png", b"\0" * 50_000_000), zipfile.ZIP_DEFLATED)

    with pytest.raises(ImportRefused, match="times its packed size; the limit is 200"):
        ZipTree(bomb)


def test_refuses_an_end_record_that_announces_a_huge_directory() -> None:
    file = packed(put("a.png"))
    blob = bytearray(file.getvalue())
    at = blob.rfind(b"PK\x05\x06")
    struct.pack_into("<I", blob, at + 12, 1 << 30)

    with pytest.raises(ImportRefused, match="1,073,741,824 bytes"):
        ZipTree(io.BytesIO(bytes(blob)))


def test_a_lying_checksum_costs_one_file() -> None:
    file = packed(put("BAS/a.png", b"hello world"))
    blob = file.getvalue().replace(b"hello world", b"hello there")

    with (
        ZipTree(io.BytesIO(blob)) as tree,
        pytest.raises(ImageRejected, match="damaged inside the archive"),
    ):
        tree.read("BAS/a.png")


def test_a_lying_size_is_cut_off() -> None:
    """The directory says 10 bytes, the data inflate to 20 MB: at most 10 are ever made."""
    file = packed(put("BAS/a.png", b"\0" * 900_000), zipfile.ZIP_DEFLATED)
    blob = file.getvalue().replace(struct.pack("<I", 900_000), struct.pack("<I", 10))

    with ZipTree(io.BytesIO(blob)) as tree, pytest.raises(ImageRejected, match="damaged"):
        tree.read("BAS/a.png")


def test_a_file_that_is_no_zip_is_told() -> None:
    with pytest.raises(ImportRefused, match="not a zip archive"):
        ZipTree(io.BytesIO(b"hello"))


def test_lists_what_is_visible() -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        for name in ("BAS/1.png", "__MACOSX/BAS/._1.png", "BAS/.DS_Store", "_masks/1.png"):
            archive.writestr(name, b"x")

    with ZipTree(packed(fill)) as tree:
        assert tree.names() == ["BAS/1.png"]
        assert tree.read("_masks/1.png") == b"x"
