"""Limits of what an editor sets, in the words of the page that asks for it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from django.utils import timezone

from review.studies.errors import BadProtocol

SHARES: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "repeat_fraction": ("Unannounced repeats", 0.5),
        "control_fraction": ("Wrong-class controls", 0.2),
        "full_form_fraction": ("Full form", 1),
        "anchor_fraction": ("Anchors", 0.5),
    }
)
# A pause of more than a year is a slip of the keyboard, and very long ones end after the calendar.
COUNTS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "min_readers": ("Readers needed to start", 99),
        "readings_per_case": ("Readings per case", 99),
        "min_repeat_gap": ("Places between repeats", 10_000),
        "washout_days": ("Days of pause", 366),
        "revise_window": ("Cases that stay revisable", 10_000),
    }
)
MAX_INTRO = 10_000


def check_numbers(values: Mapping[str, Any]) -> None:
    """Raise BadProtocol, with field, value and limits, for a number that makes no study."""
    for name, (words, share) in SHARES.items():
        if not 0 <= values.get(name, 0) <= share:
            percent = 100 * values[name]
            raise BadProtocol(f"{words}: {percent:g} %; take 0 to {100 * share:g} %.")
    for name, (words, most) in COUNTS.items():
        if not 0 <= values.get(name, 0) <= most:
            raise BadProtocol(f"{words}: {values[name]}; at most {most}.")


def check_intro(intro: str) -> None:
    """Raise BadProtocol for an introduction that no reader would read to its end."""
    length = len(intro.replace("\r\n", "\n"))
    if length > MAX_INTRO:
        raise BadProtocol(
            f"What readers are told first: {length} characters; at most {MAX_INTRO}. Shorten it."
        )


def check_deadline(deadline: datetime | None) -> None:
    """Raise BadProtocol for a deadline that has passed."""
    now = timezone.now()
    if deadline is not None and deadline <= now:
        raise BadProtocol(
            f"Deadline: {in_words(deadline)} has passed; it is {in_words(now)}. Take a later date."
        )


def in_words(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %b %Y, %H:%M} UTC"
