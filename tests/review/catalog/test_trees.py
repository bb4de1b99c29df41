"""A folder is read by name and never left, not even through a link on the way."""

from collections.abc import Callable
from pathlib import Path

import pytest

from review.catalog.errors import ImageRejected
from review.catalog.trees import FolderTree

Write = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path, write_cell: Write) -> FolderTree:
    write_cell("BAS/1.png")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(b"secret")
    (tmp_path / "source" / "linked").symlink_to(outside)
    (tmp_path / "source" / "BAS" / "link.png").symlink_to(outside / "secret.png")
    return FolderTree(tmp_path / "source")


@pytest.mark.parametrize("name", ["linked/secret.png", "BAS/link.png", "linked"])
def test_links_are_refused_wherever_they_stand(tree: FolderTree, name: str) -> None:
    with pytest.raises(ImageRejected, match="a symbolic link; copy the file itself"):
        tree.read(name)


@pytest.mark.parametrize("name", ["../outside/secret.png", "/etc/passwd", "BAS/../../x", "a\0b"])
def test_names_that_lead_elsewhere_are_refused(tree: FolderTree, name: str) -> None:
    with pytest.raises(ImageRejected, match="path"):
        tree.read(name)


def test_lists_links_so_that_they_are_reported(tree: FolderTree) -> None:
    assert tree.names() == ["BAS/1.png", "BAS/link.png", "linked"]


def test_missing_files_folders_and_sizes_are_told(tree: FolderTree) -> None:
    with pytest.raises(ImageRejected, match="the file is missing"):
        tree.read("BAS/2.png")
    with pytest.raises(ImageRejected, match="not a plain file"):
        tree.read("BAS")
    with pytest.raises(ImageRejected, match="the limit is 10"):
        tree.read("BAS/1.png", limit=10)
