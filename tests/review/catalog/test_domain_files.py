"""Every broken rule of a domain file is named with file, key and rule."""

import copy
from pathlib import Path
from typing import Any

import pytest

from review.catalog.domain_files import SHIPPED, read_domain_file
from review.catalog.errors import DomainFileInvalid

SMALL = """
[domain]
code = "cells"
name = "Cells"
version = "1"
status = "expert to confirm"
modality = "light"
reader = "pathologist"
pixel_size = 64
question = "Could this be a real {class_name}?"
preamble = "Judge the cell."
colour = "rgb"
augment_hflip = true
augment_vflip = true
augment_rotate = "any"
augment_hue = false
cluster_key = "patient"
[domain.display]
scale = 8
width_cm = 10
kernel = "bicubic"
kernel_toggle = true
surround = "#777777"
allow_touch = true
min_screen_px = 700
[[sources]]
key = "atlas"
ref = "An atlas"
[[criteria]]
code = "size"
label = "Size"
help = "Too large."
counts = true
min_px = 64
applies_to = ["AA", "BB"]
source = ["atlas"]
[[classes]]
code = "AA"
name = "First"
aliases = ["one cell"]
role = "evaluated"
note = ""
confusable = ["BB"]
subtypes = []
label_certainty = "high"
source = ["atlas"]
status = "draft"
[[classes]]
code = "BB"
name = "Second"
aliases = []
role = "evaluated"
note = ""
confusable = ["AA"]
subtypes = []
label_certainty = "low"
source = ["expert to confirm"]
status = "draft"
[[outside]]
codes = ["CC"]
reason = "another organ"
"""

BREAKS = {
    'code = "cells"': ('code = "two words"', "domain.code: must be letters"),
    'colour = "rgb"': ('colour = "blue"', "domain.colour: 'blue' is not one of rgb, grey"),
    "pixel_size = 64": ('pixel_size = "64"', "domain.pixel_size: must be int"),
    '"Could this be a real {class_name}?"': ('"{user.password}"', "domain.question: must hold"),
    'preamble = "Judge the cell."': ("", "domain.preamble: is missing"),
    'kernel = "bicubic"': ('kernel = "lanczos"', "domain.display.kernel: 'lanczos'"),
    'surround = "#777777"': ('surround = "red;x"', "domain.display.surround: must be a colour"),
    'label = "Size"': ('label = "Size"\nmust = 1', "criteria[size].must: unknown key"),
    'applies_to = ["AA", "BB"]': (
        'applies_to = ["AA", "XX"]', "criteria[size].applies_to: 'XX' is no class"),
    "counts = true": ("counts = false", "criteria: no criterion counts"),
    'confusable = ["BB"]': ('confusable = ["AA"]', "classes[AA].confusable: names the class"),
    'confusable = ["AA"]': ("confusable = []", "classes[AA].confusable: BB does not name AA"),
    'aliases = ["one cell"]': (
        'aliases = ["se_cond"]', "'second' already means AA (case, spaces and underscores"),
    'role = "evaluated"': ('role = "maybe"', "classes[AA].role: 'maybe' is not one of"),
    'label_certainty = "high"': ('label_certainty = "sure"', "classes[AA].label_certainty: 'sure'"),
    'source = ["expert to confirm"]': ('source = ["memory"]', "classes[BB].source: 'memory' is no"),
    'codes = ["CC"]': ('codes = ["BB"]', "outside.codes: 'BB' is spelled exactly like a class"),
    'code = "BB"': ('code = "AA"', "classes[AA].code: occurs twice"),
    "[domain]": ("[domain", "not readable as TOML"),
}  # fmt: skip


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cells.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_files_keep_every_rule(path: Path) -> None:
    assert read_domain_file(path).code == path.stem


@pytest.mark.parametrize("line", BREAKS)
def test_a_broken_rule_is_named_with_file_and_key(tmp_path: Path, line: str) -> None:
    replacement, complaint = BREAKS[line]
    assert line in SMALL

    with pytest.raises(DomainFileInvalid) as caught:
        read_domain_file(write(tmp_path, SMALL.replace(line, replacement, 1)))

    assert "cells.toml: " in str(caught.value)
    assert complaint in str(caught.value)


def test_comments_and_order_of_keys_do_not_change_the_hash(tmp_path: Path) -> None:
    one = read_domain_file(write(tmp_path, SMALL))
    moved = SMALL.replace('name = "Cells"\nversion = "1"', 'version = "1"\nname = "Cells"')
    two = read_domain_file(write(tmp_path, "# draft\n" + moved))

    assert one.sha256 == two.sha256


def test_only_criteria_change_the_criteria_hash(tmp_path: Path) -> None:
    one = read_domain_file(write(tmp_path, SMALL))
    content: dict[str, Any] = copy.deepcopy(one.content)
    renamed = read_domain_file(write(tmp_path, SMALL.replace("Cells", "Cell")))
    harder = read_domain_file(write(tmp_path, SMALL.replace("Too large.", "Too small.")))

    assert content == one.content
    assert renamed.sha256 != one.sha256
    assert renamed.criteria_sha256 == one.criteria_sha256
    assert harder.criteria_sha256 != one.criteria_sha256
