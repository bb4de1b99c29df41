"""What the form of the analysis plan and its interim looks shows."""

from collections.abc import Mapping
from typing import Any

from review.studies.models import Study

CHOICES = ("boundary", "endpoint", "arm", "reference")
NUMBERS = ("margin", "alpha")
WORDS = "primary_endpoint"


def looks_form(study: Study, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed into this form and refused, else the stored plan; and the choices."""
    from metrics.report.look_plan import BOUNDARY_LABELS, ENDPOINTS

    is_typed = "percents" in typed
    values = {name: typed.get(name, "") for name in ("percents", *CHOICES, *NUMBERS, WORDS)}
    return {
        "is_typed": is_typed,
        "boundaries": list(BOUNDARY_LABELS.items()),
        "endpoints": list(ENDPOINTS.items()),
        **(values if is_typed else _stored(study)),
    }


def _stored(study: Study) -> dict[str, Any]:
    """Return the stored plan; without looks the percents are empty."""
    stored = study.analysis_plan.get("looks")
    looks = stored if isinstance(stored, dict) else {}
    interim = looks.get("fractions", [])[:-1]
    arms = list(study.arms.values_list("code", flat=True)) or [""]
    looks = {"arm": arms[-1], "reference": arms[0], **looks}
    return {
        "percents": ", ".join(f"{100 * part:.0f}" for part in interim),
        **{name: looks.get(name, "") for name in CHOICES},
        **{name: _plain(study.analysis_plan.get(name)) for name in NUMBERS},
        WORDS: study.analysis_plan.get(WORDS, ""),
    }


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:g}"
