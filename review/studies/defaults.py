"""What a new study starts with. Plain values; everything can be changed while it is a draft."""

from typing import Any

from review.studies.models import Part

Kind = Part.Kind

# The default order: who hunts fakes turns strict, so turing comes last, on other images.
PART_ORDER = (Kind.IDENTIFY, Kind.PLAUSIBILITY, Kind.ACCEPTABILITY, Kind.LESION, Kind.TURING)

TURING_SCALE = (
    "definitely synthetic",
    "probably synthetic",
    "possibly synthetic",
    "possibly real",
    "probably real",
    "definitely real",
)
ACCEPTABILITY_SCALE = (
    "definitely unacceptable",
    "probably unacceptable",
    "undecided",
    "probably acceptable",
    "definitely acceptable",
)
SCALES: dict[str, tuple[str, ...]] = {
    Kind.TURING: TURING_SCALE,
    Kind.ACCEPTABILITY: ACCEPTABILITY_SCALE,
}
# What an editor may set; the services refuse other names.
STUDY_FIELDS = {
    "title",
    "purpose",
    "intro",
    "consent_text",
    "min_readers",
    "analysis_plan",
    "deadline",
}
PART_FIELDS = {
    "readings_per_case",
    "repeat_fraction",
    "min_repeat_gap",
    "washout_days",
    "revise_window",
    "full_form_fraction",
    "control_fraction",
    "anchor_fraction",
    "calibration_count",
    "session_count",
    "preset_below_min_px",
    "show_intended_class",
    "display",
    "scale",
    "stated_purpose",
    "findings",
    "gallery",
    "outline",
    "defect_point",
    "gestalt",
}
# Kinds of part that may ask several findings of one image; digits 1 to 9 reach them.
FINDINGS_KINDS = (Kind.IDENTIFY, Kind.PLAUSIBILITY, Kind.LESION)
MOST_FINDINGS = 9

MIN_REAL_SHARE = 0.2
CONTROL_FRACTION = 0.05

CONSENT_TEXT = """You are asked to judge medical images for a study. Some of them may have been \
made by a computer; which ones, you learn only after the study.

We store your answers, how long each image was on your screen, and the size of your window. \
Reports name you by a code such as R01. The people who run the study see how far you have come, \
not what you answered, until the study is closed.

You may stop at any time. You then choose whether the answers you gave may still be used."""

ANALYSIS_PLAN: dict[str, Any] = {
    "primary_endpoint": "share of plausible images per arm, mean over classes",
    "margin": 0.1,
    "alpha": 0.05,
    "looks": 1,
}


def part_defaults(kind: str) -> dict[str, Any]:
    """Return the protocol of a part of this kind."""
    return {
        "scale": list(SCALES.get(kind, ())),
        "show_intended_class": kind not in {Kind.TURING, Kind.IDENTIFY},
        "control_fraction": CONTROL_FRACTION if kind == Kind.PLAUSIBILITY else 0,
        "full_form_fraction": 0.15 if kind in {Kind.PLAUSIBILITY, Kind.LESION} else 0,
        "gallery": kind not in {Kind.TURING, Kind.IDENTIFY},
        "stated_purpose": "training material" if kind == Kind.ACCEPTABILITY else "",
    }
