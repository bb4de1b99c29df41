"""The protocol as one JSON document with a hash: frozen at activation, checked ever after."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from review.audit.models import AuditEvent
from review.audit.services import study_chain
from review.studies.defaults import PART_FIELDS
from review.studies.models import (
    Amendment,
    Case,
    CaseFeedback,
    Draw,
    GalleryImage,
    Part,
    Rendition,
    Study,
)
from review.studies.randomise.order import VERSION as ORDER_VERSION
from review.studies.wording import criterion_words, domain_words

# 2: the words that readers see, practice cases, several sessions. 3: galleries and outlines.
# 4: the overall verdict beside the derived one.
# A study that was frozen under an older format is held against what that format knew.
FORMAT = GESTALT_FORMAT = 4


def canonical_sha256(document: Any) -> str:
    """Return SHA-256 over JSON with sorted keys and no spaces."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def build_protocol(study: Study) -> dict[str, Any]:
    """Return everything that decides what is asked of whom, from the live rows.

    What comes from the domain file is taken once: a file edited while the study runs changes
    neither its words nor, through an amendment, its protocol.
    """
    frozen = study.protocol if study.is_frozen else {}
    return {
        "format": FORMAT,
        "study": _study(study) | _domain(study, frozen),
        "words": frozen.get("words") or domain_words(study.domain_id),
        "criteria": _criteria(study, frozen),
        "arms": [_arm(arm) for arm in study.arms.select_related("pool").order_by("code")],
        "parts": [_part(part) for part in study.parts.order_by("order")],
        "cases_sha256": _cases_sha256(study),
        "feedback_sha256": _feedback_sha256(study),
        "gallery_sha256": _gallery_sha256(study),
        "outlines_sha256": _outlines_sha256(study),
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
    if not _is_in_the_trail(study):
        faults.append("The hash differs from the one that the audit trail recorded last.")
    faults += _amended_otherwise(study)
    live = build_protocol(study)
    if study.protocol.get("format") != FORMAT:
        live = _known_to(study.protocol, live)
        faults += _asked_too_late(study)
    faults += [
        f"{path} differs from the frozen protocol." for path in differences(study.protocol, live)
    ]
    return faults


def _asked_too_late(study: Study) -> list[str]:
    """Name what was switched on, past the services, in a study whose format did not know it."""
    if study.protocol.get("format", 1) >= GESTALT_FORMAT:
        return []
    late = study.parts.filter(gestalt=True).order_by("order").values_list("order", flat=True)
    return [f"Part {order} asks an overall verdict; its protocol knew none." for order in late]


def _amended_otherwise(study: Study) -> list[str]:
    """Name the amendments whose values before and after are not those that the trail recorded."""
    events = AuditEvent.objects.filter(chain=study_chain(study.pk), verb__startswith="amended: ")
    recorded = {
        name: tuple((side or {}).get("value", "") for side in sides)
        for name, *sides in events.values_list("object", "before", "after")
    }
    return [
        f"Amendment {number}, {one.kind}: what it was and is now differs from the audit trail."
        for number, one in enumerate(study.amendments.order_by("pk"), start=1)
        if recorded.get(f"{one._meta.label_lower}:{one.pk}") not in (None, (one.before, one.after))
    ]


def _is_in_the_trail(study: Study) -> bool:
    """Say whether the last event that froze or amended the protocol recorded this hash.

    Whoever writes a protocol together with its hash, past the services, leaves the chain as it was.
    """
    events = AuditEvent.objects.filter(chain=study_chain(study.pk))
    frozen = events.filter(Q(verb="study.activated") | Q(verb__startswith="amended: "))
    last = frozen.order_by("-number").values_list("after", flat=True).first()
    return last is not None and last.get("protocol") == study.protocol_sha256


def _known_to(old: Any, new: Any) -> Any:
    """Return `new` without the keys that an older format did not have, under its number.

    Display rules are whole in every format: a rule that came later was written past the services.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        kept = {
            key: value if key == "display" else _known_to(old[key], value)
            for key, value in new.items()
            if key in old
        }
        return kept | ({"format": old["format"]} if "format" in old else {})
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_known_to(one, other) for one, other in zip(old, new, strict=True)]
    return new


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
        "intro": study.intro,
        "consent_text": study.consent_text,
        "consent_version": study.consent_version,
        "min_readers": study.min_readers,
        "analysis_plan": study.analysis_plan,
        "draw_seed": study.draw_seed,
        "deadline": study.deadline.isoformat() if study.deadline else None,
    }


def _domain(study: Study, frozen: dict[str, Any]) -> dict[str, Any]:
    """Return which domain file the words are from."""
    live = {
        "domain_version": study.domain.version,
        "domain_sha256": study.domain.content_sha256,
    }
    return {name: frozen.get("study", {}).get(name, value) for name, value in live.items()}


def _criteria(study: Study, frozen: dict[str, Any]) -> dict[str, Any]:
    """Return the criteria; whoever signs them later, for another study, changes no word of them."""
    live = "in pilot" if study.pilot_of_id else study.criterion_set.status
    return {
        "set": str(study.criterion_set),
        "status": frozen.get("criteria", {}).get("status", live),
        "criteria": criterion_words(study.criterion_set_id),
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
    # An empty list is left out: protocols that were frozen before findings keep their hash.
    names = sorted(PART_FIELDS if part.findings else PART_FIELDS - {"findings"})
    return {
        "order": part.order,
        "kind": part.kind,
        **{name: getattr(part, name) for name in names},
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
            "findings",
        )
    )
    return canonical_sha256([_case(*row) for row in rows.iterator()])


def _case(part: int, code: str, image: Any, *rest: Any) -> list[Any]:
    """Return one case; the last column is its further findings, left out where there are none."""
    *others, findings = rest
    return [part, code, str(image), *others, *([findings] if findings else [])]


def _feedback_sha256(study: Study) -> str:
    """Return one hash over what readers are told of the practice cases."""
    told = CaseFeedback.objects.filter(case__part__study=study).order_by("case__code")
    return canonical_sha256([list(row) for row in told.values_list("case__code", "text")])


def _gallery_sha256(study: Study) -> str:
    """Return one hash over the references; a storage key holds the hash of the bytes."""
    images = GalleryImage.objects.filter(part__study=study)
    rows = images.order_by("part__order", "image_class__code", "place").values_list(
        "part__order", "image_class__code", "place", "image__pixel_sha256", "storage_key"
    )
    return canonical_sha256([list(row) for row in rows])


def _outlines_sha256(study: Study) -> str:
    """Return one hash over the outlines beside cases; a storage key holds the bytes' hash."""
    outlined = Rendition.objects.filter(case__part__study=study).exclude(outline_key="")
    rows = outlined.order_by("case__code").values_list("case__code", "outline_key")
    return canonical_sha256([list(row) for row in rows])
