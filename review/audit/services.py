"""Write and check the audit trail."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from review.audit.models import GLOBAL, AuditEvent, ChainHead


def study_chain(study_pk: int) -> str:
    """Return the key of a study's chain."""
    return f"study:{study_pk}"


def _digest(event: AuditEvent) -> str:
    """Return SHA-256 over the event's fields and the hash before it."""
    body = [
        event.chain,
        event.number,
        event.actor_id,
        event.verb,
        event.object,
        event.before,
        event.after,
        event.at.isoformat(),
        event.prev_hash,
    ]
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def log_event(
    *,
    actor: Any,
    verb: str,
    obj: Model | str,
    chain: str = GLOBAL,
    before: Any = None,
    after: Any = None,
) -> AuditEvent:
    """Append one event to a chain (`global`, or study_chain(pk)); locks the chain's head."""
    ChainHead.objects.bulk_create([ChainHead(key=chain)], ignore_conflicts=True)
    head = ChainHead.objects.select_for_update().get(key=chain)
    name = obj if isinstance(obj, str) else f"{obj._meta.label_lower}:{obj.pk}"
    signed_in = actor if getattr(actor, "pk", None) else None
    event = AuditEvent(
        chain=chain,
        number=head.length + 1,
        actor=signed_in,
        verb=verb,
        object=name[:160],
        before=before,
        after=after,
        at=timezone.now(),
        prev_hash=head.hash,
    )
    event.hash = _digest(event)
    event.save(force_insert=True)
    head.length, head.hash = event.number, event.hash
    head.save(update_fields=["length", "hash"])
    return event


@dataclass(frozen=True)
class Fault:
    """One broken place of a chain."""

    chain: str
    number: int
    reason: str


def find_faults(anchors: dict[str, tuple[int, str]] | None = None) -> Iterator[Fault]:
    """Walk every chain; `anchors` maps chain -> (length, hash) of an earlier export."""
    for head in ChainHead.objects.order_by("key"):
        yield from _walk(head, (anchors or {}).get(head.key))
    known = set(ChainHead.objects.values_list("key", flat=True))
    for chain, (length, _) in (anchors or {}).items():
        if chain not in known:
            yield Fault(chain, length, "the whole chain is gone")
    headless = AuditEvent.objects.exclude(chain__in=known).order_by("chain")
    for chain in headless.values_list("chain", flat=True).distinct():
        yield Fault(chain, 0, "the head of the chain is gone; its rows are not checked")


def _walk(head: ChainHead, anchor: tuple[int, str] | None) -> Iterator[Fault]:
    previous, number = "0" * 64, 0
    hashes: dict[int, str] = {}
    for event in AuditEvent.objects.filter(chain=head.key).order_by("number").iterator():
        number += 1
        if event.number != number:
            yield Fault(head.key, number, f"row missing; the next one is #{event.number}")
            number = event.number
        elif event.prev_hash != previous:
            yield Fault(head.key, event.number, "does not follow the row before it")
        if _digest(event) != event.hash:
            yield Fault(head.key, event.number, f"edited ({event.verb} {event.object})")
        previous = hashes[event.number] = event.hash
    if (head.length, head.hash) != (number, previous):
        yield Fault(head.key, number, f"the tail is cut: the head says {head.length} rows")
    if anchor and hashes.get(anchor[0]) != anchor[1]:
        yield Fault(head.key, anchor[0], "differs from the exported anchor")
