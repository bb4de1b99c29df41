"""What reports say about a study beside its readings, frozen with the snapshot."""

import hashlib
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from django.db.models import Count, Q

from review.studies.models import Membership, Study

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("metrics/stats", "metrics/report", "review/results")


PASSES = Q(sessions__finished_at__isnull=False, sessions__is_calibration=False)


def study_facts(study: Study) -> dict[str, Any]:
    """Return labels, protocol facts and the analysis plan, as plain JSON."""
    return {
        "title": study.title,
        "slug": study.slug,
        "purpose": study.purpose,
        "domain": study.domain.code,
        "domain_name": study.domain.name,
        "domain_version": study.domain.version,
        "domain_status": study.domain.status,
        "criterion_set": str(study.criterion_set),
        "criterion_status": study.criterion_set.get_status_display(),
        "protocol_sha256": study.protocol_sha256,
        "analysis_plan": study.analysis_plan,
        "activated_at": _iso(study.activated_at),
        "closed_at": _iso(study.closed_at),
        "classes": [
            {"code": c.code, "name": c.name, "certainty": c.label_certainty}
            for c in study.domain.classes.order_by("order")
        ],
        "criteria": list(
            study.criterion_set.criteria.order_by("order").values("code", "label", "counts")
        ),
        "arms": [_arm(arm) for arm in study.arms.select_related("pool").order_by("pk")],
        "parts": [_part(part) for part in study.parts.order_by("order")],
        "readers": _readers(study),
        "amendments": list(study.amendments.order_by("pk").values("kind", "reason")),
        "blinding_audit": bool(study.audit_report),
        "blinding_override": study.audit_override.get("reason", ""),
        "looks": [_look(look) for look in study.looks.order_by("number")],
    }


def _iso(moment: Any) -> str:
    return moment.isoformat() if moment else ""


def _arm(arm: Any) -> dict[str, Any]:
    return {
        "code": arm.code,
        "label": arm.label,
        "source": arm.pool.source,
        "is_phantom": arm.pool.is_phantom,
        "pool": arm.pool.name,
    }


def _look(look: Any) -> dict[str, Any]:
    from metrics.report.looks import CROSSED, GO_ON

    return {
        "number": look.number,
        "at": _iso(look.at),
        "reason": look.reason,
        "fraction": look.fraction,
        "n_readings": look.readings,
        "statistic": look.statistic,
        "bound": look.bound,
        "decision": CROSSED if look.crossed else GO_ON,
        "method": look.method,
        "snapshot_sha256": look.content_sha256,
    }


def _part(part: Any) -> dict[str, Any]:
    fields = (
        "order",
        "kind",
        "readings_per_case",
        "repeat_fraction",
        "min_repeat_gap",
        "washout_days",
        "calibration_count",
        "session_count",
        "full_form_fraction",
        "show_intended_class",
        "scale",
        "stated_purpose",
        "findings",
        "gestalt",
        "display",
    )
    return {name: getattr(part, name) for name in fields}


def _readers(study: Study) -> list[dict[str, Any]]:
    """Return readers by code, without names or addresses."""
    seats = Membership.objects.filter(study=study, role=Membership.Role.READER).annotate(
        done=Count("sessions", filter=PASSES)
    )
    return [
        {
            "code": seat.code,
            "experience": seat.experience,
            "simulated": seat.user.is_simulated,
            "withdrawn": seat.withdrawn_at is not None,
            "sessions_finished": seat.done,
        }
        for seat in seats.select_related("user").order_by("code")
    ]


@lru_cache(maxsize=1)
def code_version() -> str:
    """Return the package version and a hash over the sources that make the numbers."""
    try:
        release = version("semblance")
    except PackageNotFoundError:
        release = "unreleased"
    digest = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return f"{release}+{digest.hexdigest()[:12]}"
