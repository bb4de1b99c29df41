"""Walk the reference values of the image metrics: every expected number is computed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrics import images

CASES = json.loads((Path(__file__).parent / "cases_images.json").read_text(encoding="utf-8"))


def closed_form(inputs: dict) -> dict[str, float]:
    diagonal = inputs["diag_check"]
    shift = np.array([np.sqrt(diagonal["mu_diff2"]), 0.0])
    spreads = [np.diag(np.square(diagonal[name])) for name in ("sd1", "sd2")]
    moments = [inputs[name] for name in ("mu1", "sigma1", "mu2", "sigma2")]
    return {
        "fid": images.frechet_distance(*moments),
        "fid_diag": images.frechet_distance(np.zeros(2), spreads[0], shift, spreads[1]),
    }


def infinity(inputs: dict) -> dict[str, float]:
    line = images.extrapolate(inputs["N"], inputs["fid"])
    return {"fid_inf": line.estimate, "slope": line.slope}


def neighbours(inputs: dict) -> dict[str, float]:
    found = images.prdc(inputs["real"], inputs["fake"], inputs["k"])
    names = ("precision", "recall", "density", "coverage")
    return {name: getattr(found, name).estimate for name in names}


def inception(inputs: dict) -> dict[str, float]:
    return {"IS": images.inception_score(inputs["p"], inputs["splits"]).estimate}


def stripes(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    i, j = np.mgrid[0:side, 0:side]
    return i, j, (7 * i + 13 * j) % 256


def small_pair(inputs: dict) -> dict[str, float]:
    i, j, x = stripes(24)
    y = np.clip(x + ((3 * i + 5 * j) % 17) - 8, 0, 255)
    assert (x.sum(), y.sum()) == tuple(inputs["checksum"].values())
    pair = (x.astype(np.uint8), y.astype(np.uint8))
    return {"ssim": images.ssim(*pair), "psnr": images.psnr(*pair)}


def large_pair(inputs: dict) -> dict[str, float]:
    i, j, a = stripes(192)
    waves = 127.5 + 100 * np.sin(i / 9) * np.cos(j / 13) + 0.1 * (a - 128)
    x = np.clip(np.round(waves), 0, 255)
    y = np.clip(np.round(x + ((3 * i + 5 * j) % 17) - 8), 0, 255)
    assert (x.sum(), y.sum()) == tuple(inputs["checksum"].values())
    span = inputs["data_range"]
    return {
        "ms_ssim": images.ms_ssim(x, y, data_range=span),
        "ssim_single": images.ssim(x, y, data_range=span),
    }


def squares(inputs: dict) -> dict[str, float]:
    a, b = np.zeros((8, 8), dtype=bool), np.zeros((8, 8), dtype=bool)
    a[1:5, 1:5] = True
    b[3:7, 2:6] = True
    found = images.overlap(a, b)
    return {name: getattr(found, name) for name in ("intersection", "union", "iou", "dice")}


COMPUTE: dict[str, Callable[[dict], dict[str, Any]]] = {
    "fid-closed-form": closed_form,
    "fid-infinity": infinity,
    "prdc-small": neighbours,
    "inception-score": inception,
    "ssim-psnr": small_pair,
    "ms-ssim": large_pair,
    "lesion-iou-dice": squares,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_reference_value(case: dict) -> None:
    found = COMPUTE[case["id"]](case["inputs"])
    assert found == pytest.approx(case["expected"], abs=case["tolerance"], rel=0)
