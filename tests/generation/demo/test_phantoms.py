"""Phantoms: one picture per seed, four classes per domain, in the domain's shape."""

import numpy as np
import pytest

from generation.demo.phantoms import PHANTOM_CLASSES, draw_phantom, draw_phantoms

SHAPES = {
    "bone_marrow": (64, 64, 3),
    "dermatology": (64, 64, 3),
    "chest_xray": (256, 256),
}
CELLS = [(domain, code) for domain, codes in PHANTOM_CLASSES.items() for code in codes]


@pytest.mark.parametrize(("domain", "code"), CELLS)
def test_a_seed_is_a_picture(domain, code):
    one, again = draw_phantom(domain, code, 7), draw_phantom(domain, code, 7)

    assert one.pixels.shape == SHAPES[domain]
    assert one.pixels.dtype == np.uint8
    assert (one.pixels == again.pixels).all()
    assert one.drawn == again.drawn
    assert (one.pixels != draw_phantom(domain, code, 8).pixels).any()


def test_every_domain_has_four_classes_in_order():
    drawn = list(draw_phantoms("bone_marrow", per_class=2, seed=1))

    assert [phantom.code for phantom in drawn] == [c for c in ("BAS", "EOS", "LYT", "NGS")
                                                   for _ in range(2)]  # fmt: skip
    assert {len(codes) for codes in PHANTOM_CLASSES.values()} == {4}


def test_classes_share_no_picture_of_one_seed():
    pictures = {draw_phantom("bone_marrow", code, 3).pixels.tobytes() for code in ("BAS", "EOS")}

    assert len(pictures) == 2


def test_an_unknown_class_is_refused_by_name():
    with pytest.raises(KeyError, match="no phantom for 'PEB'"):
        draw_phantom("bone_marrow", "PEB", 1)
