"""Build files from a snapshot once, keep them, and find them again."""

import hashlib
import json
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from review.catalog.storage import media_exists, put_bytes, read_bytes
from review.jobs.models import Outbox
from review.jobs.services import enqueue
from review.results.facts import code_version
from review.results.models import Export, Snapshot

Json = dict[str, Any]

REPORT = "report.json"
PATIENCE = timedelta(minutes=10)
SMALL_ROWS = 4000  # up to here a page may wait for the computation (two seconds or so)


def find_export(snapshot: Snapshot, name: str) -> Export | None:
    """Return the file built by this version of the code, if it is still stored."""
    found = Export.objects.filter(snapshot=snapshot, name=name, code_version=code_version()).first()
    return found if found and media_exists(found.storage_key) else None


def keep_export(snapshot: Snapshot, name: str, content: bytes, suffix: str) -> Export:
    """Store a built file; a second build of the same snapshot and code changes nothing."""
    key = put_bytes("exports", content, suffix)
    row, _ = Export.objects.update_or_create(
        snapshot=snapshot,
        name=name,
        code_version=code_version(),
        defaults={
            "sha256": hashlib.sha256(content).hexdigest(),
            "storage_key": key,
            "size": len(content),
        },
    )
    return row


def compute_report(snapshot: Snapshot) -> Json:
    """Return the whole report of a snapshot as plain JSON data. Takes seconds for many rows."""
    from metrics.report.build import build_report
    from metrics.report.facts import Facts
    from review.results.frames import load_snapshot

    facts = Facts.of(snapshot.content_sha256, snapshot.exclusions)
    return build_report(load_snapshot(snapshot), facts, code_version()).plain()


def build_report(snapshot: Snapshot) -> Export:
    """Compute the report and keep it."""
    content = json.dumps(compute_report(snapshot), ensure_ascii=False, allow_nan=False)
    return keep_export(snapshot, REPORT, content.encode(), ".json")


def ready_report(snapshot: Snapshot) -> Json | None:
    """Return the report; None while a worker builds it for a large study."""
    found = find_export(snapshot, REPORT)
    if found is None and snapshot.rows <= SMALL_ROWS:
        found = build_report(snapshot)
    if found is None:
        ask_for_report(snapshot)
        return None
    return _parsed(found.storage_key)


def ask_for_report(snapshot: Snapshot) -> None:
    """Have a worker build the report."""
    ask_worker("review.results.tasks.build_report", snapshot.pk)


def ask_worker(task: str, *args: Any) -> None:
    """Enqueue a build unless the same one is waiting or was sent in the last ten minutes."""
    with transaction.atomic():
        same = Outbox.objects.filter(task=task, args=list(args))
        recent = Q(sent_at=None) | Q(sent_at__gte=timezone.now() - PATIENCE)
        if not same.filter(recent).exists():
            enqueue(task, *args)


@lru_cache(maxsize=4)
def _parsed(storage_key: str) -> Json:
    document: Json = json.loads(read_bytes(storage_key))
    return document
