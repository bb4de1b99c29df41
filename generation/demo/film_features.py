"""What the drawing rules of a chest film look like from outside: numbers per criterion.

Image in, (64, 64) in 0..1, white is dense. Zones are fractions of the frame; where a finding may
lie on either side, the two sides are sorted, so the side itself says nothing.
"""

import numpy as np

from generation.demo.measures import Floats, fine, steepness

SIZE = 64
Zone = tuple[float, float, float, float]  # top, bottom, inner, outer; from the midline, 0..0.5

APEX: Zone = (0.17, 0.34, 0.10, 0.34)
MIDDLE: Zone = (0.34, 0.55, 0.16, 0.36)
BASE: Zone = (0.57, 0.72, 0.16, 0.36)
BELOW: Zone = (0.74, 0.88, 0.12, 0.36)
LATERAL: Zone = (0.24, 0.62, 0.30, 0.37)


def film_features(image: Floats) -> dict[str, Floats]:
    """Measure a film; returns criterion -> feature vector."""
    fine_image = fine(image, 1.2)
    means = {name: _sides(image, zone) for name, zone in _ZONES.items()}
    marks = {name: _marks(fine_image, zone) for name, zone in _ZONES.items()}
    width, steep = _heart(image)
    heart = np.array([width, steep])
    finding = np.concatenate([heart, means["base"], means["apex"], means["lateral"]])
    rows, columns = image.mean(axis=1), image.mean(axis=0)
    return {
        "anatomy": np.concatenate([_blocks(rows, 12), _blocks(_folded(columns), 8)]),
        "lungs": np.concatenate([marks["middle"], marks["apex"][:1], means["middle"]]),
        "heart": np.array([width, steep, image[40:48, 28:40].mean()]),
        "thorax": np.concatenate(
            [means["below"], _edges(image), [float(np.abs(fine_image[:, 4:60]).mean())]]
        ),
        "physics": np.concatenate(
            [np.quantile(image, [0.02, 0.25, 0.75, 0.99]), [_noise(image), _sharpness(image)]]
        ),
        "finding_present": finding,
        "finding_form": np.concatenate([marks["lateral"], marks["base"], _profile(image)]),
        "consequences": np.concatenate([means["below"] - means["base"], marks["apex"], heart]),
        "clear": np.concatenate([finding, marks["lateral"]]),
    }


_ZONES: dict[str, Zone] = {
    "apex": APEX,
    "middle": MIDDLE,
    "base": BASE,
    "below": BELOW,
    "lateral": LATERAL,
}


def _cut(image: Floats, zone: Zone, side: int) -> Floats:
    top, bottom, inner, outer = (round(edge * SIZE) for edge in zone)
    half = SIZE // 2
    columns = slice(half + inner, half + outer) if side > 0 else slice(half - outer, half - inner)
    return image[top:bottom, columns]


def _sides(image: Floats, zone: Zone) -> Floats:
    """Return the mean brightness of the darker and of the brighter side."""
    return np.sort([_cut(image, zone, side).mean() for side in (-1, 1)])


def _marks(fine_image: Floats, zone: Zone) -> Floats:
    """Return log texture of the smoother and of the busier side."""
    return np.sort([np.log(_cut(fine_image, zone, side).std() + 0.004) for side in (-1, 1)])


def _heart(image: Floats) -> tuple[float, float]:
    """Return the half width of the heart on the patient's left and the step at its border."""
    row = image[38:45].mean(axis=0)[32:58]
    middle = (row[:4].max() + row.min()) / 2
    below = np.flatnonzero(row < middle)
    return float(below[0] if below.size else len(row)), float(np.abs(np.diff(row)).max())


def _blocks(profile: Floats, count: int) -> Floats:
    return np.array([part.mean() for part in np.array_split(profile, count)])


def _folded(columns: Floats) -> Floats:
    return np.asarray((columns[: SIZE // 2][::-1] + columns[SIZE // 2 :]) / 2)


def _edges(image: Floats) -> Floats:
    """Return the body's border: where the outer air ends on each side, sorted."""
    row = image[28:52].mean(axis=0)
    inside = np.flatnonzero(row > 0.25)
    return np.sort([inside[0], SIZE - 1 - inside[-1]]) if inside.size else np.zeros(2)


def _noise(image: Floats) -> float:
    return float(np.log(np.median(np.abs(fine(image, 0.8))) + 0.002))


def _sharpness(image: Floats) -> float:
    return float(np.quantile(steepness(image), 0.97))


def _profile(image: Floats) -> Floats:
    """Return the steepest vertical step of each lung, weaker first, and their heights."""
    steps = []
    for side in (-1, 1):
        column = _cut(image, (0.2, 0.85, 0.2, 0.33), side).mean(axis=1)
        steps.append((float(np.diff(column).max()), float(np.diff(column).argmax())))
    steps.sort(key=lambda step: step[1])
    return np.array([value for step in steps for value in step])
