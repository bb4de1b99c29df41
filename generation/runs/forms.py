"""The launch form."""

import secrets
from typing import Any

from django import forms

from generation.runs.counts import parse_counts
from generation.runs.errors import RunRefused
from generation.training.models import Checkpoint


class LaunchForm(forms.Form):
    """Ask for a checkpoint, counts per class and a seed."""

    checkpoint = forms.ModelChoiceField(
        Checkpoint.objects.filter(state=Checkpoint.State.READY), empty_label=None
    )
    counts = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Images per class, e.g. BAS=20, EOS=20. One number, e.g. 20, means every class.",
    )
    name = forms.CharField(max_length=100, required=False, help_text="Empty: made from the seed.")
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**53,
        required=False,
        help_text="The same seed draws the same images. Empty: a fresh one.",
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        checkpoint, text = found.get("checkpoint"), found.get("counts", "").strip()
        if found.get("seed") is None:
            found["seed"] = secrets.randbits(32)
        if checkpoint is None or not text:
            return found
        if text.isdecimal():
            found["counts"] = dict.fromkeys(checkpoint.classes, int(text))
            return found
        if text.endswith(".json"):
            raise forms.ValidationError("Type the counts here, e.g. BAS=20, EOS=20.")
        try:
            found["counts"] = parse_counts(text.replace("\n", ","))
        except RunRefused as error:
            self.add_error("counts", str(error))
        return found
