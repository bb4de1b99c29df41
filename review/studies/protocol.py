"""The protocol as one JSON document with a hash: frozen at activation, checked ever after."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from review.studies.defaults import PART_FIELDS
from review.studies.models import Amendment, Case, Draw, Part, Study
from review.studies.randomise.order import VERSION as ORDER_VERSION

FORMAT = 1


def canonical_sha256(document: Any) -> str:
    """Return SHA-256 over JSON with sorted keys and no spaces."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def build_protocol(study: Study) -> dict[str, Any]:
    """Return everything that decides what is asked of whom, from the live rows."""
    return {
        "format": FORMAT,
        "study": _study(study),
        "criteria": _criteria(study),
        "arms": [_arm(arm) for arm in study.arms.select_related("pool").order_by("code")],
        "parts": [_part(part) for part in study.parts.order_by("order")],
        "cases_sha256": _cases_sha256(study),
        "order": {
            "version": ORDER_VERSION,
            "secret_sha256": hashlib.sha256(bytes(study.secret)).hexdigest(),
        },
        "blinding_audit": {
            "state": study.audit_report.get("state"),
            "sha256": canonical_sha256(study.audit_report),
            "override": study.audit_override,
        },
        "amendments": list(study.amendments.order_by("pk").values("kind", "reason")),
    }


def verify_protocol(study: Study) -> list[str]:
    """Compare the frozen protocol with its hash and with the live rows; return what differs.

    Finds a change made past the services, by SQL. Empty = nothing was changed.
    """
    if not study.protocol_sha256:
        return ["The protocol is not frozen yet; that happens when the study is activated."]
    faults = []
    if canonical_sha256(study.protocol) != study.protocol_sha256:
        faults.append("The stored protocol does not have the hash that was frozen.")
    last = Amendment.objects.filter(study=study).order_by("-pk").first()
    if last is not None and last.sha256_after != study.protocol_sha256:
        faults.append("The hash differs from the one that the last amendment recorded.")
    faults += [
        f"{path} differs from the frozen protocol."
        for path in differences(study.protocol, build_protocol(study))
    ]
    return faults


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yield the paths at which two JSON documents differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{path}[{at}]")
    elif old != new:
        yield path


def _study(study: Study) -> dict[str, Any]:
    return {
        "uuid": str(study.uuid),
        "title": study.title,
        "purpose": study.purpose,
        "domain": study.domain.code,
        "domain_version": study.domain.version,
        "domain_sha256": study.domain.content_sha256,
        "intro": study.intro,
        "consent_text": study.consent_text,
        "consent_version": study.consent_version,
        "min_readers": study.min_readers,
        "analysis_plan": study.analysis_plan,
        "draw_seed": study.draw_seed,
        "deadline": study.deadline.isoformat() if study.deadline else None,
    }


def _criteria(study: Study) -> dict[str, Any]:
    fields = ("code", "label", "help", "counts", "min_px", "applies_to", "opens")
    return {
        "set": str(study.criterion_set),
        "status": study.criterion_set.status,
        "criteria": list(study.criterion_set.criteria.order_by("order").values(*fields)),
    }


def _arm(arm: Any) -> dict[str, Any]:
    return {
        "code": arm.code,
        "label": arm.label,
        "pool": str(arm.pool.uuid),
        "source": arm.pool.source,
        "is_phantom": arm.pool.is_phantom,
        "centre_crop": arm.centre_crop,
    }


def _part(part: Part) -> dict[str, Any]:
    draws = Draw.objects.filter(part=part).order_by("arm__code", "image_class__code")
    columns = ("arm__code", "image_class__code", "count", "seed", "matching")
    return {
        "order": part.order,
        "kind": part.kind,
        **{name: getattr(part, name) for name in sorted(PART_FIELDS)},
        "draws": [list(row) for row in draws.values_list(*columns)],
    }


def _cases_sha256(study: Study) -> str:
    """Return one hash over every case with its image, class, role and rendition."""
    rows = (
        Case.objects.filter(part__study=study)
        .order_by("code")
        .values_list(
            "part__order",
            "code",
            "image__uuid",
            "image__pixel_sha256",
            "arm__code",
            "intended_class__code",
            "role",
            "expected",
            "full_form",
            "is_void",
            "rendition__sha256",
        )
    )
    return canonical_sha256([[*row[:2], str(row[2]), *row[3:]] for row in rows.iterator()])
