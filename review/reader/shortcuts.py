"""Shortcuts: an action enum and an allow-list of KeyboardEvent.code, never free text."""

from collections.abc import Mapping
from enum import StrEnum
from string import ascii_uppercase
from typing import Any


class Action(StrEnum):
    """What a remappable key does."""

    PLAUSIBLE = "plausible"
    COMMIT = "commit"
    REOPEN = "reopen"
    CANNOT_JUDGE = "cannot_judge"
    NOTE = "note"
    FLAG = "flag"
    PRESET = "preset"
    INVERT = "invert"
    RESET = "reset"
    KERNEL = "kernel"
    BREAK = "break"
    ABSENT = "absent"
    FINDINGS = "findings"
    GALLERY = "gallery"
    OUTLINE = "outline"
    DEFECT = "defect"
    OVERALL_YES = "overall_yes"
    OVERALL_NO = "overall_no"


LABELS = {
    Action.PLAUSIBLE: "Plausible: no criterion fails",
    Action.COMMIT: "Commit, next case",
    Action.REOPEN: "Reopen the previous case",
    Action.CANNOT_JUDGE: "Cannot judge",
    Action.NOTE: "Note",
    Action.FLAG: "Flag",
    Action.PRESET: "Next window preset",
    Action.INVERT: "Invert",
    Action.RESET: "Reset the view",
    Action.KERNEL: "Raw pixels, or smooth",
    Action.BREAK: "Break",
    Action.ABSENT: "The other findings are absent",
    Action.FINDINGS: "Digits to the findings, or back to the criteria",
    Action.GALLERY: "Reference gallery",
    Action.OUTLINE: "Outline of the lesion",
    Action.DEFECT: "Mark the defect",
    Action.OVERALL_YES: "All in all: could be real",
    Action.OVERALL_NO: "All in all: could not be real",
}
DEFAULTS = {
    Action.PLAUSIBLE: "KeyJ",
    Action.COMMIT: "Enter",
    Action.REOPEN: "Backspace",
    Action.CANNOT_JUDGE: "KeyC",
    Action.NOTE: "KeyM",
    Action.FLAG: "KeyF",
    Action.PRESET: "KeyW",
    Action.INVERT: "KeyI",
    Action.RESET: "KeyR",
    Action.KERNEL: "KeyN",
    Action.BREAK: "KeyB",
    Action.ABSENT: "KeyA",
    Action.FINDINGS: "KeyD",
    Action.GALLERY: "KeyG",
    Action.OUTLINE: "KeyO",
    Action.DEFECT: "KeyX",
    Action.OVERALL_YES: "KeyK",
    Action.OVERALL_NO: "KeyL",
}
CODES = {
    **{f"Key{letter}": letter for letter in ascii_uppercase},
    "Enter": "Enter",
    "Backspace": "Backspace",
    "Space": "Space",
    "Comma": ",",
    "Semicolon": ";",
    "Quote": "'",
    "BracketLeft": "[",
    "BracketRight": "]",
    "Delete": "Delete",
    "Home": "Home",
    "End": "End",
    "PageUp": "Page up",
    "PageDown": "Page down",
}


def name_of(code: str) -> str:
    """Return what stands on the key."""
    return {"Enter": "↵", "Backspace": "⌫"}.get(code, CODES[code])


def shortcuts_of(preferences: Mapping[str, Any]) -> tuple[bool, dict[str, str]]:
    """Return (enabled, action -> code); anything not on the lists falls back to the default.

    An action that came after the reader chose keys takes a free one if its own is taken.
    """
    stored = preferences.get("keys")
    kept = stored if isinstance(stored, dict) else {}
    own = {action: code for action, code in kept.items() if action in LABELS and code in CODES}
    chosen: dict[str, str] = {}
    for action, code in DEFAULTS.items():
        taken = {*own.values(), *chosen.values()}
        free = code if code not in taken else next(key for key in CODES if key not in taken)
        chosen[str(action)] = own.get(str(action), free)
    return bool(preferences.get("shortcuts", True)), chosen
