"""Names of folders and labels find their class, and never a neighbour's."""

import pytest

from review.catalog.domain_files import SHIPPED, read_domain_file
from review.catalog.matching import ClassMatcher


def matcher(domain: str, layout_map: str | None = None) -> ClassMatcher:
    return ClassMatcher(read_domain_file(SHIPPED / f"{domain}.toml").content, layout_map)


@pytest.mark.parametrize(
    ("domain", "layout_map", "name", "code"),
    [
        ("bone_marrow", None, "basophil", "BAS"),
        ("bone_marrow", None, "band_neutrophil", "NGB"),
        ("bone_marrow", None, "Band Neutrophil", "NGB"),
        ("bone_marrow", None, "ngb", "NGB"),
        ("dermatology", None, "Melanocytic Nevi", "nv"),
        ("chest_xray", None, "No Finding", "No_Finding"),
        ("chest_xray", None, "no_finding_adult", "No_Finding"),
        ("chest_xray", None, "Pneumonia", "Pneumonia"),
        ("chest_xray", "kermany", "PNEUMONIA", "PED_PNEUMONIA"),
        ("chest_xray", "kermany", "normal", "PED_NORMAL"),
        ("chest_xray", "nih", "Infiltrate", "Infiltration"),
    ],
)
def test_finds_the_class(domain: str, layout_map: str | None, name: str, code: str) -> None:
    assert matcher(domain, layout_map).match(name).code == code


@pytest.mark.parametrize(
    ("domain", "layout_map", "name", "reason"),
    [
        ("bone_marrow", None, "ABE", "outside domain bone_marrow"),
        ("bone_marrow", None, "Platelet", "outside domain bone_marrow"),
        ("bone_marrow", None, "neutrophil", "pool several stages"),
        ("bone_marrow", None, "spaceship", "not known in domain bone_marrow"),
        ("chest_xray", None, "covid19", "outside domain chest_xray"),
        ("chest_xray", None, "pneumonia", "outside domain chest_xray"),
        ("chest_xray", "kermany", "pneumonia", "outside domain chest_xray"),
        ("chest_xray", None, "PNEUMONIA", "--map kermany"),
        ("chest_xray", None, "normal", "--map kermany"),
    ],
)
def test_gives_the_reason_instead_of_a_guess(
    domain: str, layout_map: str | None, name: str, reason: str
) -> None:
    found = matcher(domain, layout_map).match(name)

    assert found.code is None
    assert reason in found.reason


def test_an_unknown_map_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match="kermany, nih"):
        matcher("chest_xray", "vienna")
