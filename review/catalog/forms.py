"""The upload form."""

from typing import Any

from django import forms

from review.catalog.models import Domain, Pool
from review.catalog.services.uploads import UploadForm as Answers


class ManyFilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """One or more uploaded files."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(file, initial) for file in files]


class UploadForm(forms.Form):
    """Images for a pool: one zip, or loose files of one class."""

    domain = forms.ModelChoiceField(Domain.objects.all(), empty_label="Choose a domain")
    pool = forms.CharField(
        max_length=120, label="Pool", help_text="An existing pool of this domain, or a new name."
    )
    source = forms.ChoiceField(choices=Pool.Source.choices, initial=Pool.Source.REAL)
    origin = forms.CharField(
        max_length=300, label="Origin and licence", help_text="E.g. HAM10000, CC BY-NC 4.0."
    )
    images = ManyFilesField(
        label="Files",
        help_text="One zip (a folder per class, or images with a labels.csv), or up to 500 loose "
        "PNG and JPEG files. At most 25 MB, 16 megapixels and 4096 pixels a side each.",
    )
    class_name = forms.CharField(
        required=False,
        max_length=120,
        label="Class of loose files",
        help_text="Code, name or alias. Leave empty for a zip or with a labels.csv.",
    )
    class_column = forms.CharField(
        required=False, max_length=60, initial="class", label="Class column of labels.csv"
    )
    layout_map = forms.CharField(
        required=False, max_length=40, label="Layout map", help_text="E.g. kermany; usually empty."
    )

    def answers(self) -> Answers:
        """Return the cleaned fields for the service."""
        cleaned = {key: value for key, value in self.cleaned_data.items() if key != "images"}
        cleaned["class_column"] = cleaned["class_column"] or "class"
        return Answers(**cleaned)
