"""The form that starts a training."""

from typing import Any

from django import forms

from generation.families.registry import FAMILIES
from review.catalog.models import Pool

PRESETS = [("demo", "demo: 32 px, minutes on two cores"), ("tiny", "tiny: a smoke test"),
           ("paper", "paper: 64 px, for a GPU")]  # fmt: skip


class TrainingForm(forms.Form):
    """Ask for family, preset, pool and seed."""

    pool = forms.ModelChoiceField(
        Pool.objects.filter(source=Pool.Source.REAL, state=Pool.State.COMPLETE), empty_label=None
    )
    family = forms.ChoiceField(choices=[(f.name, f.title) for f in FAMILIES.values()])
    preset = forms.ChoiceField(choices=PRESETS)
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, initial=0)
    prototypes = forms.IntegerField(
        min_value=1, max_value=16, initial=1, label="Prototypes per class (K)"
    )
    steps = forms.IntegerField(
        min_value=1, required=False, help_text="Optimizer steps. Empty: the preset's."
    )
    early_steps = forms.CharField(
        required=False, help_text="Also keep a checkpoint at these steps, e.g. 150, 600."
    )
    guidance = forms.FloatField(
        min_value=0,
        max_value=20,
        required=False,
        help_text="How strongly drawing follows the class; 1 = not at all. Empty: the preset's.",
    )
    name = forms.CharField(max_length=100, required=False)

    def clean_early_steps(self) -> list[int]:
        parts = [p.strip() for p in self.cleaned_data["early_steps"].split(",") if p.strip()]
        if not all(part.isdecimal() for part in parts):
            raise forms.ValidationError("Write whole numbers with commas between, e.g. 150, 600.")
        return [int(part) for part in parts]

    def service_arguments(self) -> dict[str, Any]:
        """Return what start_training takes."""
        return dict(self.cleaned_data)
