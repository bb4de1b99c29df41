"""Which findings a part may ask of one image."""

from collections.abc import Sequence

from review.catalog.models import ImageClass
from review.studies.defaults import FINDINGS_KINDS, MOST_FINDINGS
from review.studies.errors import BadProtocol
from review.studies.models import Study


def check_findings(study: Study, kind: str, codes: Sequence[str]) -> None:
    """Raise BadProtocol unless a part of this kind may ask for these classes of the domain."""
    if not codes:
        return
    if kind not in FINDINGS_KINDS:
        raise BadProtocol(
            f"A part of kind {kind} is answered with one key and asks no findings. "
            f"Ask them in {', '.join(FINDINGS_KINDS)}."
        )
    if len(codes) > MOST_FINDINGS or len(set(codes)) < len(codes):
        raise BadProtocol(
            f"{len(codes)} findings were chosen; take at most {MOST_FINDINGS}, each of them once."
        )
    evaluated = study.domain.classes.filter(role=ImageClass.Role.EVALUATED, code__in=codes)
    unknown = sorted(set(codes) - set(evaluated.values_list("code", flat=True)))
    if unknown:
        raise BadProtocol(
            f"{', '.join(unknown)}: no evaluated class of the domain {study.domain.code}. "
            "Choose findings from its list."
        )
