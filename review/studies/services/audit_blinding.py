"""Run the blinding audit over the stored renditions of a study, part by part."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from review.blinding.audit import audit_renditions
from review.blinding.errors import BlindingError
from review.blinding.features import RenditionFeatures, measure_rendition
from review.blinding.outline import measure_outline
from review.catalog.models import Pool
from review.catalog.storage import read_bytes
from review.studies.models import Case, Part, Rendition, Study
from review.studies.randomise.keys import keyed_rank

SAMPLE_PER_SOURCE = 800  # at 800 a side the interval of an AUC of .5 is about .5 +- .04
ORDER = ("passed", "not compared", "warnings", "blocked", "stopped")
LISTS = ("hard_stops", "blocked", "warnings")


def audit_study(study: Study) -> dict[str, Any]:
    """Return the report of all parts; its state is that of the worst part."""
    return merge_reports([audit_part(part) for part in study.parts.order_by("order")])


def merge_reports(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one report of the parts' reports; its state is that of the worst part."""
    worst = max((part["state"] for part in parts), key=ORDER.index, default="not compared")
    merged = {
        name: [f"part {part['part']}: {found}" for part in parts for found in part[name]]
        for name in LISTS
    }
    return {"state": worst, "at": timezone.now().isoformat(), **merged, "parts": parts}


def audit_part(part: Part, added: Sequence[Case] = ()) -> dict[str, Any]:
    """Return the report of a part; `added` are unsaved cases that are to join it, all measured."""
    head = {"part": part.order, "kind": part.kind, "cases": part.cases.count() + len(added)}
    lengths = sorted({*_lengths(part), *(case.rendition.byte_length for case in added)})
    sample = _sample(part, added)
    sides = [case.arm.pool.source == Pool.Source.SYNTHETIC for case in sample]
    features = [_measure(case.rendition) for case in sample]
    try:
        report = audit_renditions(
            features,
            sides,
            strata=[case.image.image_class_id for case in sample],
            profiles=[case.image.intake_profile for case in sample],
        ).to_json()
    except BlindingError as error:
        report = {"state": "not compared", "note": str(error)} | {name: [] for name in LISTS}
    if len(lengths) > 1:
        report["state"] = "stopped"
        report["hard_stops"] = [*report["hard_stops"], f"byte length differs: {lengths}"]
    return head | {"sampled": len(sample), "byte_lengths": lengths} | report


def _measure(rendition: Rendition) -> RenditionFeatures:
    """Measure what a reader gets of a case: the image, and its outline where there is one."""
    found = measure_rendition(read_bytes(rendition.storage_key))
    if not rendition.outline_key:
        return found
    outline = measure_outline(read_bytes(rendition.outline_key), rendition.width)
    return replace(found, cues=found.cues | outline)


def _lengths(part: Part) -> set[int]:
    """Return the distinct byte lengths of the part, over all cases."""
    lengths = Rendition.objects.filter(case__part=part).values_list("byte_length", flat=True)
    return set(lengths.distinct().order_by())


def _sample(part: Part, added: Sequence[Case]) -> list[Case]:
    """Take what is added, and a random sample of each source; small parts are audited whole."""
    secret = bytes(part.study.secret)
    counted = part.cases.exclude(role=Case.Role.CALIBRATION)  # practice is all real
    cases = list(counted.select_related("image", "arm__pool", "rendition"))
    cases.sort(key=lambda case: keyed_rank(secret, "audit", part.order, case.code))
    cases = [*added, *cases]
    real = [case for case in cases if case.arm.pool.source == Pool.Source.REAL]
    synthetic = [case for case in cases if case.arm.pool.source == Pool.Source.SYNTHETIC]
    return real[:SAMPLE_PER_SOURCE] + synthetic[:SAMPLE_PER_SOURCE]
