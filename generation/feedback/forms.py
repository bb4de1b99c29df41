"""Forms of the loop pages."""

from typing import Any

from django import forms

from generation.feedback.inputs import MAX_IMAGES, Policy
from generation.feedback.models import Loop
from generation.training.models import Checkpoint
from review.catalog.models import ImageClass
from review.studies.models import Study

POLICY_WORDS = {
    Policy.QUOTA_FILL: "Quota and fill (recommended)",
    Policy.NATURAL_MIX: "Natural mix: accepted images keep the prototypes' natural shares",
    Policy.UNIFORM: "Uniform: no feedback, every class alike",
    Policy.INVERSE: "Inverse: classes by the inverse of their rate",
    Policy.DEFICIT: "Deficit: classes by what they miss, prototypes by natural share",
    Policy.YIELD: "Yield: most plausible images, loses the mix of prototypes",
    Policy.THOMPSON: "Thompson: explore many prototypes",
}


class LoopForm(forms.Form):
    """Start a loop with one target for every class that the generator draws."""

    name = forms.CharField(max_length=120, help_text="For example the domain and the year.")
    checkpoint = forms.ModelChoiceField(
        queryset=Checkpoint.objects.filter(state=Checkpoint.State.READY), label="Generator"
    )
    target = forms.IntegerField(
        min_value=1, max_value=MAX_IMAGES, initial=100, label="Accepted images wanted per class"
    )
    budget = forms.IntegerField(
        min_value=1, max_value=MAX_IMAGES, initial=200, label="Images to show per round",
        help_text="Expert readings a round can have, divided by readings per image.",
    )  # fmt: skip
    policy = forms.ChoiceField(
        choices=[(policy.value, words) for policy, words in POLICY_WORDS.items()]
    )

    def clean_name(self) -> str:
        """Keep names unique."""
        name: str = self.cleaned_data["name"]
        if Loop.objects.filter(name=name).exists():
            raise forms.ValidationError("A loop of this name exists. Choose another.")
        return name

    def service_arguments(self) -> dict[str, Any]:
        """Return what `create_loop` takes; excluded classes get no target."""
        checkpoint: Checkpoint = self.cleaned_data["checkpoint"]
        evaluated = checkpoint.domain.classes.filter(
            role=ImageClass.Role.EVALUATED, code__in=checkpoint.classes
        )
        return {
            "domain": checkpoint.domain,
            "name": self.cleaned_data["name"],
            "checkpoint": checkpoint,
            "targets": {c.code: self.cleaned_data["target"] for c in evaluated},
            "budget": self.cleaned_data["budget"],
            "config": {"policy": self.cleaned_data["policy"]},
        }


class OverrideForm(forms.Form):
    """Change one cell of a draft plan."""

    delta = forms.IntegerField(label="Images more or fewer")
    reason = forms.CharField(max_length=300, required=False)


class AttachForm(forms.Form):
    """Choose the study that judges a round."""

    study = forms.ModelChoiceField(queryset=Study.objects.none())

    def __init__(self, studies: list[Study], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["study"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        field.queryset = Study.objects.filter(pk__in=[study.pk for study in studies])
