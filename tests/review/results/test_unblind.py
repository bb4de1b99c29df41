"""Unblinding freezes every reading, once, and logs it."""

import hashlib
import json

import pytest

from review.audit.models import AuditEvent
from review.catalog.storage import read_bytes
from review.results.errors import NotAllowedToUnblind, SnapshotBroken, StudyNotClosed
from review.results.frames import load_snapshot
from review.results.services import unblind_study
from review.studies.models import Assignment, Membership, Study
from tests.worlds.results import close_world, give, seat, unblinded

pytestmark = [pytest.mark.django_db, pytest.mark.database]

COLUMNS = {
    "reader", "reader_simulated", "part", "part_kind", "session", "position", "replicate", "case",
    "image", "arm", "source", "is_phantom", "class", "truth_class", "role", "full_form",
    "prototype", "round", "model_version", "cluster_key", "stratum", "inclusion_probability",
    "covariates", "revision", "outcome", "reason", "verdict", "gestalt", "criteria", "counting",
    "turing", "rating", "perceived_class", "findings", "image_findings", "flags", "active_ms",
    "visible_ms", "idle_ms", "wall_ms",
    "issued_at", "shown_at", "committed_at", "received_at", "rendition_sha256", "pixel_sha256",
    "protocol_sha256", "source_of_reading",
}  # fmt: skip


def test_every_assignment_has_a_row_with_every_column() -> None:
    closed, snapshot = unblinded(readers=2)
    lines = read_bytes(snapshot.storage_key).splitlines()
    assigned = Assignment.objects.filter(session__part__study=closed.study).count()
    assert len(lines) == snapshot.rows == assigned
    assert all(set(json.loads(line)) == COLUMNS for line in lines)


def test_the_file_is_named_by_its_content_and_read_back() -> None:
    _, snapshot = unblinded()
    content = read_bytes(snapshot.storage_key)
    assert hashlib.sha256(content).hexdigest() == snapshot.content_sha256
    frame = load_snapshot(snapshot)
    assert len(frame) == snapshot.rows
    assert set(frame["outcome"]) == {"answered", "cannot_judge", "missing"}
    assert set(frame["arm"]) == {"real", "early", "late"}


def test_a_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _, snapshot = unblinded()
    changed = read_bytes(snapshot.storage_key).replace(b"late", b"fake", 1)
    monkeypatch.setattr("review.results.frames.read_bytes", lambda key: changed)
    with pytest.raises(SnapshotBroken, match="Restore"):
        load_snapshot(snapshot)


def test_the_highest_revision_counts() -> None:
    closed = close_world()
    first = closed.world.assignments()[0]
    give(first, {"verdict": False, "criterion:nucleus": "fails"}, revision=2)
    snapshot = unblind_study(actor=closed.editor, study=closed.study)
    frame = load_snapshot(snapshot)
    row = frame[(frame["part"] == 1) & (frame["position"] == 1)].iloc[0]
    assert (row["revision"], row["verdict"]) == (2, False)
    assert row["criteria"] == {"nucleus": "fails"}


def test_what_is_left_out_is_counted() -> None:
    closed = close_world(readers=2)
    Membership.objects.filter(study=closed.study, code="R02").update(
        state="withdrawn", keep_data=False, withdrawn_at=closed.study.closed_at
    )
    void = closed.world.assignments()[3]
    Assignment.objects.filter(pk=void.pk).update(state="void")
    answered = Assignment.objects.filter(session__membership__code="R02", state="answered").count()
    snapshot = unblind_study(actor=closed.editor, study=closed.study)
    flow = snapshot.exclusions["flow"]
    assert set(load_snapshot(snapshot)["reader"]) == {"R01"}
    assert flow["readers"]["withdrawn_removed"] == 1
    assert flow["withdrawn_without_consent"] == answered > 0
    assert flow["parts"][0]["void"] == 1
    part = flow["parts"][0]
    assert part["primary"] == part["answered"] + part["cannot_judge"] + part["missing"]


def test_the_same_readings_give_the_same_bytes() -> None:
    from review.results.rows import reading_rows
    from review.results.services import snapshot_bytes

    closed = close_world(readers=2)
    first, second = (snapshot_bytes(list(reading_rows(closed.study))) for _ in range(2))
    assert first == second


def test_only_a_closed_study_and_only_once() -> None:
    closed = close_world()
    Study.objects.filter(pk=closed.study.pk).update(state="active", closed_at=None)
    with pytest.raises(StudyNotClosed, match="Close it first"):
        unblind_study(actor=closed.editor, study=closed.study)
    Study.objects.filter(pk=closed.study.pk).update(
        state="closed", closed_at=closed.study.activated_at
    )
    unblind_study(actor=closed.editor, study=closed.study)
    with pytest.raises(StudyNotClosed, match="already"):
        unblind_study(actor=closed.editor, study=closed.study)
    assert closed.study.snapshots.count() == 1


def test_readers_and_analysts_may_not() -> None:
    closed = close_world()
    for user in (closed.world.readers[0], seat(closed.study, "analyst", "a@example.org")):
        with pytest.raises(NotAllowedToUnblind):
            unblind_study(actor=user, study=closed.study)


def test_it_is_in_the_audit_trail_of_the_study() -> None:
    closed, snapshot = unblinded()
    event = AuditEvent.objects.get(verb="results.unblinded")
    assert event.chain == f"study:{closed.study.pk}"
    assert event.actor == closed.editor
    assert event.after["sha256"] == snapshot.content_sha256


def test_a_failure_leaves_the_study_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = close_world()

    def broken(**_: object) -> None:
        raise RuntimeError("disk gone")

    monkeypatch.setattr("review.results.services.log_event", broken)
    with pytest.raises(RuntimeError):
        unblind_study(actor=closed.editor, study=closed.study)
    closed.study.refresh_from_db()
    assert closed.study.state == "closed"
    assert not closed.study.snapshots.exists()
