"""The form that starts a measurement."""

from typing import Any

from django import forms

from generation.quality.extractor import best_extractor
from generation.quality.models import Measurement
from generation.quality.services.start import MAX_SEED
from generation.training.models import Checkpoint


class MeasureForm(forms.Form):
    """Ask for an extractor that the checkpoint offers, and a seed."""

    extractor = forms.ChoiceField(label="Features")
    seed = forms.IntegerField(
        min_value=0, max_value=MAX_SEED, initial=0, help_text="Of the samples that are drawn."
    )

    def __init__(self, checkpoint: Checkpoint, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = Measurement.Extractor
        offered = [kinds.UNTRAINED] if checkpoint.bank is None else list(kinds)
        field = self.fields["extractor"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = [(kind.value, kind.label) for kind in offered]
        field.initial = best_extractor(checkpoint)
