"""Which keys a domain file may and must have, and of which type. Pure data."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Table:
    """The keys of one kind of table: name -> type; `closed` values are the only ones allowed."""

    required: dict[str, type]
    optional: dict[str, type] = field(default_factory=dict)
    closed: dict[str, tuple[Any, ...]] = field(default_factory=dict)


DOMAIN = Table(
    required={
        "code": str, "name": str, "version": str, "status": str, "modality": str, "reader": str,
        "pixel_size": int, "question": str, "preamble": str, "colour": str, "augment_hflip": bool,
        "augment_vflip": bool, "augment_rotate": str, "augment_hue": bool, "cluster_key": str,
        "display": dict,
    },
    optional={
        "note_rule": str, "confusable_rule": str, "native_px": int, "um_per_px_native": float,
        "mm_per_px": float, "never_mix": list, "match_on": list, "strata": list,
        "multi_label": str, "context_shown": list,
    },
    closed={"colour": ("rgb", "grey")},
)  # fmt: skip

DISPLAY = Table(
    required={
        "scale": int, "width_cm": float, "kernel": str, "kernel_toggle": bool, "surround": str,
        "allow_touch": bool, "min_screen_px": int,
    },
    optional={
        "colour_check": bool, "grey_check": bool, "scale_bar": str, "centre_mark": bool,
        "window_presets": list, "invert": bool, "luminance_note": str, "marker_side": bool,
    },
    closed={"kernel": ("bicubic", "nearest")},
)  # fmt: skip

SOURCE = Table(required={"key": str, "ref": str})

CRITERION = Table(
    required={
        "code": str, "label": str, "help": str, "counts": bool, "min_px": int, "applies_to": list,
        "source": list,
    },
    optional={"needs": str, "opens": str},
    closed={"opens": ("class_picker",)},
)  # fmt: skip

CLASS = Table(
    required={
        "code": str, "name": str, "aliases": list, "role": str, "note": str, "confusable": list,
        "subtypes": list, "label_certainty": str, "source": list, "status": str,
    },
    optional={"group": str, "expect": dict, "single_label_images": int, "ap_share": float},
    closed={"role": ("evaluated", "excluded"), "label_certainty": ("high", "medium", "low")},
)  # fmt: skip

SUBSET = Table(required={"code": str, "classes": list}, optional={"tail": list})
OUTSIDE = Table(required={"codes": list, "reason": str})

TOP = Table(
    required={"domain": dict, "criteria": list, "classes": list},
    optional={"sources": list, "subsets": list, "outside": list, "layouts": dict},
)
