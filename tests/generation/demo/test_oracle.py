"""The judge made of the drawing rules: clean passes, wrong fails, damage fails where it should."""

import numpy as np
import pytest
from scipy import ndimage

from generation.demo.oracle import Judgement, judge, simulate_answer
from generation.demo.phantoms import PHANTOM_CLASSES, draw_phantom
from generation.feedback.reads import Mark

CELLS = [(domain, code) for domain, codes in PHANTOM_CLASSES.items() for code in codes]
SEEDS = range(500, 525)


def plausible_share(domain, code, asked=None, damage=lambda pixels: pixels):
    verdicts = [
        judge(
            damage(draw_phantom(domain, code, seed).pixels), domain=domain, code=asked or code
        ).is_plausible
        for seed in SEEDS
    ]
    return np.mean(verdicts)


def failing(domain, code, damage):
    """Return criterion -> share of damaged phantoms that fail it."""
    found = [
        judge(damage(draw_phantom(domain, code, seed).pixels), domain=domain, code=code).criteria
        for seed in SEEDS
    ]
    return {c: np.mean([marks[c] == Mark.FAILS for marks in found]) for c in found[0]}


def blurred(pixels, sigma=3.0):
    return ndimage.gaussian_filter(pixels, (sigma, sigma, 0)[: pixels.ndim])


def noisy(pixels):
    noise = np.random.default_rng(1).normal(0, 55, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def without_nucleus(pixels):
    """Paint dark purple with the colour that the cytoplasm has."""
    dark = ndimage.binary_dilation(pixels[..., 0] < 130, iterations=2)
    cell = np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 14
    return np.where((dark & cell)[..., None], np.array([235, 190, 165], np.uint8), pixels)


def ragged(pixels):
    """Shift rows about by a few pixels: borders lose their smoothness."""
    shifts = np.random.default_rng(2).integers(-5, 6, len(pixels))
    return np.stack([np.roll(row, s, axis=0) for row, s in zip(pixels, shifts, strict=True)])


def shrunk(pixels):
    """Put the picture at half size on empty glass."""
    empty = np.full_like(pixels, np.quantile(pixels, 0.75, axis=(0, 1)).astype(np.uint8))
    empty[16:48, 16:48] = pixels[::2, ::2]
    return empty


@pytest.mark.parametrize(("domain", "code"), CELLS)
def test_clean_phantoms_pass(domain, code):
    assert plausible_share(domain, code) >= 0.9


@pytest.mark.parametrize("domain", PHANTOM_CLASSES)
def test_images_of_another_class_fail(domain):
    codes = PHANTOM_CLASSES[domain]
    for code, asked in zip(codes, codes[1:] + codes[:1], strict=True):
        assert plausible_share(domain, code, asked) <= 0.1


@pytest.mark.parametrize("damage", [blurred, noisy])
@pytest.mark.parametrize(("domain", "code"), CELLS)
def test_damaged_images_fail(domain, code, damage):
    assert plausible_share(domain, code, damage=damage) <= 0.15


@pytest.mark.parametrize(
    ("domain", "code"),
    [("bone_marrow", "EOS"), ("bone_marrow", "LYT"), ("dermatology", "nv"),
     ("chest_xray", "No_Finding")],
)  # fmt: skip
def test_ragged_borders_fail_where_the_class_has_smooth_ones(domain, code):
    assert plausible_share(domain, code, damage=ragged) <= 0.15


def test_the_right_criterion_fails():
    assert failing("bone_marrow", "EOS", without_nucleus)["nucleus"] >= 0.9
    assert failing("bone_marrow", "LYT", without_nucleus)["chromatin"] >= 0.9
    assert failing("bone_marrow", "LYT", shrunk)["nucleus"] >= 0.9
    turned = failing("chest_xray", "No_Finding", lambda p: p[:, ::-1])
    assert turned["heart"] >= 0.9  # the apex points to the wrong side


def test_small_samples_are_judged_like_large_phantoms():
    from generation.families.pixels import prepare_image

    verdicts = [
        judge(
            prepare_image(
                draw_phantom("bone_marrow", "EOS", seed).pixels, size=32, crop=0.75, channels=3
            ),
            domain="bone_marrow",
            code="EOS",
            view=0.75,
        ).is_plausible
        for seed in SEEDS
    ]

    assert np.mean(verdicts) >= 0.9


def test_only_the_class_s_own_criteria_are_answered():
    lymphocyte = draw_phantom("bone_marrow", "LYT", 1).pixels

    assert "granules" not in judge(lymphocyte, domain="bone_marrow", code="LYT").criteria
    with pytest.raises(KeyError, match="no drawing rules for 'PEB'"):
        judge(lymphocyte, domain="bone_marrow", code="PEB")


def test_a_simulated_reader_errs_as_often_as_told():
    rng = np.random.default_rng(0)
    good = Judgement({"a": Mark.PASSES, "b": Mark.PASSES}, {"a": 0.2, "b": 0.8})
    bad = Judgement({"a": Mark.FAILS, "b": Mark.PASSES}, {"a": 2.0, "b": 0.8})

    rejects = [Mark.FAILS in simulate_answer(good, rng).values() for _ in range(2000)]
    accepts = [Mark.FAILS not in simulate_answer(bad, rng).values() for _ in range(2000)]

    assert np.mean(rejects) == pytest.approx(0.1, abs=0.02)
    assert np.mean(accepts) == pytest.approx(0.1, abs=0.02)
