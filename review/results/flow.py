"""Where every case and reading went: what is counted, what is left out and why."""

from collections import Counter
from typing import Any

from django.db.models import Count, QuerySet

from review.results.rows import Row, kept_readers
from review.studies.models import Addition, Assignment, Case, Draw, Membership, Study


def study_flow(study: Study, rows: list[Row]) -> dict[str, Any]:
    """Return the flow of cases and readings; every count is of this study alone."""
    return {
        "parts": [_part_flow(study, part.order, rows) for part in study.parts.order_by("order")],
        "additions": [_addition(one) for one in _added(study)],
        "readers": _reader_flow(study),
        "withdrawn_without_consent": _withdrawn_readings(study),
        "simulated_readers": sorted({row["reader"] for row in rows if row["reader_simulated"]}),
    }


def _part_flow(study: Study, order: int, rows: list[Row]) -> dict[str, Any]:
    mine = [row for row in rows if row["part"] == order]
    part = study.parts.get(order=order)
    drawn = Draw.objects.filter(part=part).values_list("count", flat=True)
    listed = Assignment.objects.filter(
        session__part=part, session__membership__in=kept_readers(study)
    )
    practice = listed.filter(session__is_calibration=True, state=Assignment.State.ANSWERED)
    n_void = listed.filter(session__is_calibration=False, state=Assignment.State.VOID).count()
    counted = part.cases.exclude(role=Case.Role.CALIBRATION)
    first = [row for row in mine if row["replicate"] == 0]
    primary = [row for row in first if row["role"] == Case.Role.MAIN]
    outcomes = Counter(row["outcome"] for row in primary)
    return {
        "part": order,
        "kind": part.kind,
        "drawn": sum(drawn),
        "cases": counted.count(),
        "added": counted.filter(candidate__isnull=False).count(),
        "assigned": len(mine) + n_void,
        "void": n_void,
        "repeats": len(mine) - len(first),
        "calibration": practice.count(),
        "controls": sum(row["role"] == Case.Role.CONTROL for row in first),
        "primary": len(primary),
        "answered": outcomes["answered"],
        "cannot_judge": outcomes["cannot_judge"],
        "missing": outcomes["missing"],
        "recognised": sum(
            "recognised" in row["flags"] and row["outcome"] == "answered" for row in primary
        ),
    }


def _added(study: Study) -> QuerySet[Addition]:
    added = study.additions.filter(amendment__isnull=False)
    return added.select_related("amendment").order_by("pk")


def _addition(addition: Addition) -> dict[str, Any]:
    """Return when, why and where cases were added while the study ran, with their codes."""
    cases = Case.objects.filter(candidate__addition=addition).order_by("part__order", "code")
    codes: dict[str, list[str]] = {}
    for order, code in cases.values_list("part__order", "code"):
        codes.setdefault(str(order), []).append(code)
    assert addition.amendment is not None  # noqa: S101  _added asks for it
    at = addition.amendment.at.isoformat()
    return {"at": at, "reason": addition.reason, "codes": codes}


def _reader_flow(study: Study) -> dict[str, int]:
    seats = Membership.objects.filter(study=study, role=Membership.Role.READER)
    withdrawn = seats.filter(withdrawn_at__isnull=False)
    return {
        "seats": seats.count(),
        "withdrawn_kept": withdrawn.filter(keep_data=True).count(),
        "withdrawn_removed": withdrawn.filter(keep_data=False).count(),
    }


def _withdrawn_readings(study: Study) -> int:
    """Count assignments with an answer that their reader withdrew."""
    gone = Membership.objects.filter(study=study, withdrawn_at__isnull=False, keep_data=False)
    answered = Assignment.objects.filter(
        session__membership__in=gone, session__is_calibration=False, readings__isnull=False
    ).aggregate(n=Count("pk", distinct=True))
    return int(answered["n"])
