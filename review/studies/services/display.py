"""How a part is shown: the editor's rules over the domain's, held against what the screen can do.

They belong to the part, so that every arm is shown alike.
"""

import re
from typing import Any

from review.catalog.models import Domain
from review.studies.errors import BadProtocol

KERNELS = {"bicubic": "Catmull-Rom", "nearest": "nearest pixel"}
LIMITS = {
    "px": (8, 4096, "Display size", " px"),
    "jpeg_quality": (1, 100, "JPEG quality", ""),
    "scale": (1, 32, "Magnification", ""),
    "width_cm": (2, 60, "Width on a calibrated screen", " cm"),
}
SWITCHES = ("kernel_toggle", "invert")
PRESET = re.compile(r"full range|(?:narrow|dark|bright) (\d{1,3}) ?%(?: \([\w -]{1,30}\))?")
LEAST_WINDOW, WIDEST_WINDOW, MOST_PRESETS = 5, 99, 9
KNOWN = {*LIMITS, *SWITCHES, "kernel", "window_presets"}
FILM_RULES = ("window_presets", "invert")


def is_film(domain: Domain) -> bool:
    """Say whether images of the domain are grey values that a reader windows."""
    is_grey = domain.header.get("colour", "rgb") != "rgb"
    return is_grey and bool(domain.display.get("window_presets"))


def check_display(domain: Domain, rules: dict[str, Any]) -> None:
    """Raise BadProtocol, which names value and limit, for a rule that no screen could follow."""
    unknown = sorted(set(rules) - KNOWN)
    if unknown:
        raise BadProtocol(
            f"Unknown display rules: {', '.join(unknown)}. Known: {', '.join(sorted(KNOWN))}."
        )
    _check_numbers(rules)
    for name in SWITCHES:
        if not isinstance(rules.get(name, False), bool):
            raise BadProtocol(f"{name} is {rules[name]!r}; take yes or no.")
    if rules.get("kernel", "bicubic") not in KERNELS:
        raise BadProtocol(f"Kernel {rules['kernel']!r} is unknown; take {' or '.join(KERNELS)}.")
    given = [name for name in FILM_RULES if name in rules]
    if given and not is_film(domain):
        raise BadProtocol(
            f"{given[0].replace('_', ' ').capitalize()}: only films have windows and inversion, "
            f"and images of {domain.name} are none. Leave it empty."
        )
    _check_presets(rules.get("window_presets"))


def _check_numbers(rules: dict[str, Any]) -> None:
    for name, (least, most, words, unit) in LIMITS.items():
        value = rules.get(name, least)
        if type(value) not in (int, float) or not least <= value <= most:
            said = f"{value:g}" if isinstance(value, float) else value
            raise BadProtocol(f"{words} {said}{unit}; take {least} to {most}{unit}.")


def _check_presets(presets: list[str] | None) -> None:
    if presets is None:
        return
    if not 1 <= len(presets) <= MOST_PRESETS:
        raise BadProtocol(f"{len(presets)} window presets; take 1 to {MOST_PRESETS}.")
    for label in presets:
        found = PRESET.fullmatch(label)
        if not found:
            raise BadProtocol(
                f"Window preset {label[:40]!r}: write full range, or narrow, dark or bright with a "
                "percent, such as narrow 70 % or dark 30 % (lungs)."
            )
        share = int(found[1] or WIDEST_WINDOW)
        if not LEAST_WINDOW <= share <= WIDEST_WINDOW:
            raise BadProtocol(
                f"Window preset {label!r}; take {LEAST_WINDOW} to {WIDEST_WINDOW} %, or full range."
            )
    if len(set(presets)) < len(presets):
        twice = next(label for label in presets if presets.count(label) > 1)
        raise BadProtocol(f"Window preset {twice!r} stands twice. Leave one out.")
