"""A study that was frozen under an older format is still held against its protocol."""

import json

import pytest
from django.core.management import call_command

from review.accounts.models import User
from review.studies.models import Part, Study
from review.studies.protocol import FORMAT, build_protocol, canonical_sha256, verify_protocol
from review.studies.services.guards import log_study
from tests.review.studies import format_3

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def old(editor: User) -> Study:
    """Return the study as it stood when format 3 was the newest."""
    study = format_3.make_study()
    study.protocol, study.protocol_sha256 = format_3.frozen_document(), format_3.SHA256
    study.save()
    log_study(editor, study, "study.activated", after={"protocol": study.protocol_sha256})
    return study


def test_a_document_of_format_3_still_verifies(old: Study) -> None:
    assert canonical_sha256(old.protocol) == format_3.SHA256
    assert (old.protocol["format"], FORMAT) == (3, 4)
    assert "gestalt" not in json.dumps(old.protocol)
    assert verify_protocol(old) == []
    call_command("verify_protocols")


def test_what_it_knew_cannot_be_changed(old: Study) -> None:
    Part.objects.filter(study=old, order=2).update(defect_point="required", washout_days=3)

    assert verify_protocol(old) == [
        "parts[1].defect_point differs from the frozen protocol.",
        "parts[1].washout_days differs from the frozen protocol.",
    ]


def test_what_it_did_not_know_cannot_be_switched_on(old: Study) -> None:
    Part.objects.filter(study=old, order=1).update(gestalt=True)
    Part.objects.filter(study=old, order=2).update(
        display=format_3.DISPLAY | {"window_presets": ["narrow 70 %"]}
    )

    assert verify_protocol(old) == [
        "Part 1 asks an overall verdict; its protocol knew none.",
        "parts[1].display.window_presets differs from the frozen protocol.",
    ]


def test_a_study_of_today_keeps_the_overall_verdict_in_its_protocol(old: Study) -> None:
    Part.objects.filter(study=old, order=1).update(gestalt=True)
    assert [part["gestalt"] for part in build_protocol(old)["parts"]] == [True, False]
