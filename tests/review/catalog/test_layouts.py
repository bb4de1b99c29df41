"""What a layout says about each file before it is opened."""

from collections.abc import Callable
from pathlib import Path

import pytest

from review.catalog.domain_files import SHIPPED, read_domain_file
from review.catalog.errors import ImportRefused
from review.catalog.layouts import Skip, SourceImage, read_folder, read_labels_csv
from review.catalog.layouts.labels_csv import age_group, read_covariates
from review.catalog.matching import ClassMatcher
from review.catalog.trees import FolderTree

Write = Callable[..., Path]


def matcher(domain: str, layout_map: str | None = None) -> ClassMatcher:
    return ClassMatcher(read_domain_file(SHIPPED / f"{domain}.toml").content, layout_map)


def table(tmp_path: Path, text: str) -> FolderTree:
    folder = tmp_path / "source"
    folder.mkdir(exist_ok=True)
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return FolderTree(folder)


def test_folders_name_the_class_at_any_depth(tmp_path: Path, write_cell: Write) -> None:
    for name in ("MON/0001-1000/a.png", "train/basophil/b.png", "ABE/c.png", "d.png", "x/e.png"):
        write_cell(name)

    found = {
        f.file: f for f in read_folder(FolderTree(tmp_path / "source"), matcher("bone_marrow"))
    }

    assert found["MON/0001-1000/a.png"] == SourceImage("MON/0001-1000/a.png", "MON")
    assert found["train/basophil/b.png"] == SourceImage("train/basophil/b.png", "BAS")
    assert "outside domain" in found["ABE/c.png"].reason  # type: ignore[union-attr]
    assert found["d.png"] == Skip("d.png", "lies outside any class folder")
    assert "class 'x' is not known" in found["x/e.png"].reason  # type: ignore[union-attr]


def test_a_row_gives_findings_cluster_and_covariates(tmp_path: Path) -> None:
    tree = table(
        tmp_path,
        "image,class,finding_labels,patient_id,age,sex,view\n"
        "a.png,Edema,Edema|Effusion|No Finding,nih_7,060Y,M,AP Supine\n",
    )

    (found,) = read_labels_csv(tree, matcher("chest_xray"))

    assert isinstance(found, SourceImage)
    assert found.class_code == "Edema"
    assert found.findings == ("Effusion", "No_Finding")
    assert found.cluster == "patient_id:nih_7"
    assert found.covariates == {"projection": "AP", "sex": "M", "age_group": "adult"}


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "a/../../b.png", "..\\b.png", "", "C:/b.png"]
)
def test_a_row_cannot_lead_out_of_the_folder(tmp_path: Path, path: str) -> None:
    (found,) = read_labels_csv(
        table(tmp_path, f"image,class\n{path},BAS\n"), matcher("bone_marrow")
    )

    assert isinstance(found, Skip)
    assert "path" in found.reason


def test_a_missing_column_is_named_with_those_present(tmp_path: Path) -> None:
    tree = table(tmp_path, "image,label\na.png,BAS\n")

    with pytest.raises(ImportRefused, match="no column 'class'; it has image, label"):
        read_labels_csv(tree, matcher("bone_marrow"))

    assert len(read_labels_csv(tree, matcher("bone_marrow"), "label")) == 1


def test_an_unknown_finding_is_not_dropped_silently(tmp_path: Path) -> None:
    tree = table(tmp_path, "image,class,finding_labels\na.png,Edema,Edema|Dragon\n")

    (found,) = read_labels_csv(tree, matcher("chest_xray"))

    assert isinstance(found, Skip)
    assert "'Dragon' is not known" in found.reason


@pytest.mark.parametrize(
    ("age", "group"),
    [("80.0", "adult"), ("060Y", "adult"), ("011M", "<6"), ("1-5y (cohort)", "<6"), ("17", "6-17"),
     ("6", "6-17"), ("", ""), ("unknown", "")],
)  # fmt: skip
def test_ages_of_the_published_tables(age: str, group: str) -> None:
    assert age_group(age) == group


def test_unknown_covariates_are_left_out() -> None:
    assert read_covariates({"sex": "unknown", "age": "", "localization": "face"}) == {
        "site": "face"
    }
