"""The display fields of a part's form: text as typed, rules as stored. Empty = as the domain."""

import re
from collections.abc import Mapping
from typing import Any

from review.studies.errors import BadProtocol

WHOLE = ("px", "jpeg_quality", "scale")
SWITCHES = ("kernel_toggle", "invert")
FIELDS = (*WHOLE, "width_cm", "kernel", *SWITCHES, "window_presets")
CENTIMETRES = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?")
YES_NO = {"yes": True, "no": False}


def sent_rules(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules of the fields that were filled in. Raises BadProtocol for what is no value.

    Whether a screen can follow them, the service says.
    """
    typed = {name: " ".join(str(given.get(name, "")).split()) for name in FIELDS}
    return {name: _rule(name, text) for name, text in typed.items() if text}


def _rule(name: str, text: str) -> Any:
    if name in WHOLE:
        return _whole(name, text)
    if name == "width_cm":
        return _centimetres(text)
    if name in SWITCHES:
        return _yes_no(name, text)
    if name == "window_presets":
        return [label for label in map(str.strip, text.lower().split(",")) if label]
    return text


def _whole(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise BadProtocol(f"{name.replace('_', ' ')}: {text[:20]!r} is no whole number.")
    return int(text)


def _centimetres(text: str) -> float:
    if not CENTIMETRES.fullmatch(text):
        raise BadProtocol(f"Width in cm: {text[:20]!r} is no number such as 10 or 12.5.")
    return float(text.replace(",", "."))


def _yes_no(name: str, text: str) -> bool:
    if text not in YES_NO:
        raise BadProtocol(f"{name.replace('_', ' ')}: {text[:20]!r}; take yes or no.")
    return YES_NO[text]


def shown_rules(rules: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of every field, for rules as they are stored."""
    return {name: _text(rules.get(name)) for name in FIELDS}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
