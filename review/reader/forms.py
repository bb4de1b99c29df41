"""Forms of a reader: the start of a session, and shortcuts."""

from typing import Any

from django import forms

from review.reader.shortcuts import CODES, LABELS, shortcuts_of


class StartForm(forms.Form):
    """What the check of the display found; stored with the session, never a hurdle."""

    viewport = forms.RegexField(r"^\d{1,5}x\d{1,5}$", required=False, widget=forms.HiddenInput)
    dpr = forms.FloatField(required=False, min_value=0.1, max_value=10, widget=forms.HiddenInput)
    colour_depth = forms.IntegerField(
        required=False, min_value=1, max_value=64, widget=forms.HiddenInput
    )
    px_per_cm = forms.FloatField(
        required=False, min_value=5, max_value=500, widget=forms.HiddenInput
    )
    touch = forms.BooleanField(required=False, widget=forms.HiddenInput)
    monitor = forms.CharField(
        label="Screen",
        max_length=120,
        required=False,
        help_text="Make and model if you know it, e.g. EIZO RadiForce RX350; otherwise “laptop”.",
    )
    room = forms.ChoiceField(
        label="Light in the room",
        required=False,
        choices=[
            ("", "not said"),
            ("dim", "dim"),
            ("office", "office light"),
            ("bright", "bright"),
        ],
    )


class GreyCheckForm(StartForm):
    """For films: can the darkest and the brightest steps be told apart?"""

    field_order = ("dark_patch", "bright_patch", "letters")

    dark_patch = forms.ChoiceField(
        label="A small square inside the black patch",
        required=False,
        choices=[("", "not said"), ("yes", "I see it"), ("no", "I do not see it")],
    )
    bright_patch = forms.ChoiceField(
        label="A small square inside the white patch",
        required=False,
        choices=[("", "not said"), ("yes", "I see it"), ("no", "I do not see it")],
    )
    letters = forms.CharField(label="The faint letters", max_length=8, required=False)


class ColourCheckForm(StartForm):
    """For stained cells and skin: which of four patches is another hue?"""

    field_order = ("blue_patch", "pink_patch")

    blue_patch = forms.ChoiceField(
        label="Blue to violet: the patch that differs",
        required=False,
        choices=[("", "not said"), *((str(n), str(n)) for n in range(1, 5)), ("none", "none")],
    )
    pink_patch = forms.ChoiceField(
        label="Orange to pink: the patch that differs",
        required=False,
        choices=[("", "not said"), *((str(n), str(n)) for n in range(1, 5)), ("none", "none")],
    )


LETTERS, BLUE_PATCH, PINK_PATCH = "HCKS", "3", "2"


def start_form_for(rules: dict[str, Any]) -> type[StartForm]:
    """Return the form with the checks that a part's display rules ask for."""
    if rules.get("grey_check"):
        return GreyCheckForm
    return ColourCheckForm if rules.get("colour_check") else StartForm


def checked(found: dict[str, Any]) -> dict[str, Any]:
    """Return what is stored: the answers, and whether the check was passed."""
    kept = {name: value for name, value in found.items() if value not in ("", None, False)}
    if "letters" in found:
        seen = found["dark_patch"] == found["bright_patch"] == "yes"
        kept["passed"] = seen and str(found["letters"]).strip().upper() == LETTERS
    if "blue_patch" in found:
        kept["passed"] = (found["blue_patch"], found["pink_patch"]) == (BLUE_PATCH, PINK_PATCH)
    return kept


class ShortcutsForm(forms.Form):
    """One select per action, from the allow-list of keys."""

    shortcuts = forms.BooleanField(
        label="Use single-key shortcuts",
        required=False,
        help_text="Without them everything is reached with Tab, Enter and the buttons on screen.",
    )

    def __init__(self, *args: Any, preferences: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        enabled, keys = shortcuts_of(preferences)
        self.fields["shortcuts"].initial = enabled
        for action, label in LABELS.items():
            self.fields[action] = forms.ChoiceField(
                label=label, choices=list(CODES.items()), initial=keys[action]
            )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        chosen = {action: found[action] for action in LABELS if action in found}
        codes = list(chosen.values())
        twice = sorted({code for code in codes if codes.count(code) > 1})
        for action, code in chosen.items():
            if code in twice:
                self.add_error(action, f"{CODES[code]} does something else too.")
        if twice:
            keys = ", ".join(CODES[code] for code in twice)
            raise forms.ValidationError(
                f"One key cannot do two things: {keys}. Choose another where it is marked below."
            )
        return found

    def preferences(self) -> dict[str, Any]:
        """Return what is stored with the seat."""
        found = dict(self.cleaned_data)
        return {"shortcuts": found.pop("shortcuts"), "keys": found}
