"""What a frozen protocol shows and asks in each part, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from review.studies.models import Part
from review.studies.services.display import KERNELS


@dataclass(frozen=True)
class ShownPart:
    """One part as its readers meet it; `facts` are (name, words)."""

    order: int
    name: str
    facts: list[tuple[str, str]]


def shown_parts(protocol: dict[str, Any]) -> list[ShownPart]:
    """Return the parts of a frozen protocol of any format."""
    return [
        ShownPart(part["order"], Part.Kind(part["kind"]).label.capitalize(), list(_facts(part)))
        for part in protocol.get("parts", [])
    ]


def _facts(part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rules = part.get("display", {})
    yield "Size", _size(rules)
    law = KERNELS.get(rules.get("kernel", "bicubic"), "Catmull-Rom")
    fixed = "readers may switch to the other" if rules.get("kernel_toggle", True) else "fixed"
    yield "Enlarged by", f"{law}; {fixed}"
    if rules.get("window_presets"):
        inverted = "allowed" if rules.get("invert") else "off"
        yield "Windows", f"{', '.join(rules['window_presets'])}; inversion {inverted}"
    if part.get("gestalt"):
        yield "Overall verdict", "asked after the criteria, kept apart from the derived one"


def _size(rules: dict[str, Any]) -> str:
    px, width = rules.get("px"), rules.get("width_cm")
    said = f"{px} × {px} px, " if px else ""
    wide = f"; {width:g} cm wide on a calibrated screen" if width else ""
    return f"{said}magnified {rules.get('scale', 8):g} times{wide}"
