"""Display rules of a part, as an allow-list: how the pools' files were made is not among them."""

import re
from typing import Any

from review.readings.seats import OpenSession

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
PERCENT = re.compile(r"(\d+) ?%")
NEUTRAL = "#777777"


def display_of(rules: dict[str, Any], native: int) -> dict[str, Any]:
    """Return what the canvas needs; `native` is the side of a rendition in pixels."""
    surround = str(rules.get("surround", NEUTRAL))
    labels = rules.get("window_presets") or []
    um_per_px = float(rules.get("um_per_px") or 0)
    return {
        "native": native,
        "scale": float(rules.get("scale", 8)),
        "width_cm": float(rules.get("width_cm") or 0),
        "nearest": rules.get("kernel") == "nearest",
        "kernel_toggle": bool(rules.get("kernel_toggle", True)),
        "surround": surround if COLOUR.fullmatch(surround) else NEUTRAL,
        "presets": [window_preset(str(label)) for label in labels],
        "invert": bool(rules.get("invert", False)),
        "allow_touch": bool(rules.get("allow_touch", True)),
        "centre_mark": bool(rules.get("centre_mark", False)),
        "um_per_px": um_per_px,
    }


def refuses_touch(rules: dict[str, Any], session: OpenSession) -> bool:
    """Say whether a tablet or telephone is no place to read: films, but for practice."""
    return rules.get("allow_touch") is False and not session.is_calibration


def window_preset(label: str) -> dict[str, Any]:
    """Turn 'narrow 70 %' into a window in percent of the shown range, e.g. (15, 85)."""
    found = PERCENT.search(label)
    share = min(100, int(found.group(1))) if found else 100
    if label.startswith("dark"):
        window = [0.0, float(share)]
    elif label.startswith("bright"):
        window = [100.0 - share, 100.0]
    else:
        window = [(100 - share) / 2, (100 + share) / 2]
    return {"label": label, "window": window}
