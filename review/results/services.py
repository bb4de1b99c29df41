"""Unblind a study and freeze its readings."""

import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from review.audit.services import log_event, study_chain
from review.catalog.storage import put_bytes
from review.jobs.services import enqueue
from review.results.errors import StudyChanged, StudyNotClosed
from review.results.facts import code_version, study_facts
from review.results.flow import study_flow
from review.results.models import Snapshot
from review.results.policies import check_may_unblind
from review.results.rows import Row, kept_readers, reading_rows
from review.studies.models import Study


def unblind_study(*, actor: Any, study: Study) -> Snapshot:
    """Freeze the readings of a closed study joined with the truth, once, and log it.

    A closed study takes no more readings, so its rows are read and their file is written before
    the transaction; what may still change (a reader withdrawing) is checked again inside it.
    Raises NotAllowedToUnblind, StudyNotClosed (also when it is unblinded already), StudyChanged.
    """
    check_may_unblind(actor, study)
    study.refresh_from_db()
    _check_closed(study)
    readers = _reader_codes(study)
    rows = list(reading_rows(study))
    content = snapshot_bytes(rows)
    storage_key = put_bytes("snapshots", content, ".jsonl")
    with transaction.atomic():
        locked = Study.objects.select_for_update().get(pk=study.pk)
        _check_closed(locked)
        if _reader_codes(locked) != readers:
            raise StudyChanged(
                f"A reader of study {study.slug!r} withdrew while its readings were being frozen. "
                "Nothing was unblinded; try again."
            )
        exclusions = {"flow": study_flow(locked, rows), "facts": study_facts(locked)}
        _mark_unblinded(actor, locked)
        snapshot = Snapshot.objects.create(
            study=locked,
            at=timezone.now(),
            content_sha256=_digest_of(storage_key),
            storage_key=storage_key,
            rows=len(rows),
            code_version=code_version(),
            exclusions=exclusions,
        )
        log_event(
            actor=actor,
            verb="results.unblinded",
            obj=snapshot,
            chain=study_chain(locked.pk),
            after={"sha256": snapshot.content_sha256, "rows": len(rows)},
        )
        enqueue("review.results.tasks.build_report", snapshot.pk)
    study.refresh_from_db()
    return snapshot


def snapshot_bytes(rows: list[Row]) -> bytes:
    """Return JSON lines with sorted keys: the same rows always give the same bytes."""
    lines = [
        json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        for row in rows
    ]
    return "".join(line + "\n" for line in lines).encode()


def _check_closed(study: Study) -> None:
    if study.state != Study.State.CLOSED:
        raise StudyNotClosed(
            f"Study {study.slug!r} is {study.state}; only a closed study can be unblinded. "
            "Close it first: readers then give no more answers."
            if study.unblinded_at is None
            else f"Study {study.slug!r} was unblinded already; its results are there."
        )


def _reader_codes(study: Study) -> list[str]:
    return list(kept_readers(study).order_by("code").values_list("code", flat=True))


def _mark_unblinded(actor: Any, study: Study) -> None:
    from review.studies.services import mark_unblinded

    mark_unblinded(actor=actor, study=study)


def _digest_of(storage_key: str) -> str:
    return storage_key.rsplit("/", 1)[1].removesuffix(".jsonl")
