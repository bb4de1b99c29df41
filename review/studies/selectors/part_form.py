"""What the protocol form of a part shows: what is stored, or what was typed and refused."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from review.studies.display_form import FIELDS, shown_rules
from review.studies.models import Part
from review.studies.services.render import asked_display

NUMBERS = (
    "readings_per_case",
    "min_repeat_gap",
    "washout_days",
    "revise_window",
    "calibration_count",
    "session_count",
)
SHARES = {
    "repeats": "repeat_fraction",
    "full_forms": "full_form_fraction",
    "controls": "control_fraction",
    "anchors": "anchor_fraction",
}
SWITCHES = ("show_intended_class", "preset_below_min_px", "gallery", "outline", "gestalt")
WORDS = ("stated_purpose", "defect_point")


@dataclass(frozen=True)
class Refused:
    """A form that was refused: the name of its address, whose it is, and what was typed.

    `at` is the order of a part, the code of a reader, or None.
    """

    name: str
    at: int | str | None
    typed: QueryDict

    def given(self, name: str, at: int | str | None = None) -> QueryDict | None:
        """Return what was typed, if it was this form."""
        return self.typed if (self.name, self.at) == (name, at) else None


def part_form(part: Part, typed: QueryDict | None = None) -> dict[str, Any]:
    """Return the value of every field of the form, by its name."""
    if typed is None:
        return _stored(part)
    return {
        "is_typed": True,
        **{name: typed.get(name, "") for name in (*NUMBERS, *SHARES, *FIELDS, *WORDS)},
        **{name: name in typed for name in SWITCHES},
        "findings": typed.getlist("findings"),
    }


def _stored(part: Part) -> dict[str, Any]:
    return {
        "is_typed": False,
        **{name: getattr(part, name) for name in (*NUMBERS, *SWITCHES, *WORDS, "findings")},
        **{name: round(100 * getattr(part, field)) for name, field in SHARES.items()},
        **shown_rules(asked_display(part)),
    }
