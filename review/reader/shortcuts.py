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
    Action.KERNEL: "Nearest pixel or Catmull-Rom",
    Action.BREAK: "Break",
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
    """Return (enabled, action -> code); anything not on the lists falls back to the default."""
    stored = preferences.get("keys")
    chosen = {str(action): code for action, code in DEFAULTS.items()}
    if isinstance(stored, dict):
        chosen |= {
            action: code for action, code in stored.items() if action in chosen and code in CODES
        }
    return bool(preferences.get("shortcuts", True)), chosen
