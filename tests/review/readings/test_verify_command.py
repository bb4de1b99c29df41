import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from review.audit import triggers
from tests.review.readings.answers import submit
from tests.worlds.study import make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_whole_sessions_pass_and_an_edited_reading_is_named(capsys: pytest.CaptureFixture) -> None:
    world = make_study()
    for assignment in world.assignments()[:2]:
        submit(assignment)
    call_command("verify_readings", study="cells")
    assert "are whole" in capsys.readouterr().out
    triggers.remove("default")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE readings_reading SET active_ms = 1")
    triggers.install("default")
    with pytest.raises(CommandError, match="broken"):
        call_command("verify_readings")
    assert "cells R01" in capsys.readouterr().err


def test_an_unknown_study_is_said() -> None:
    with pytest.raises(CommandError, match="'nope'"):
        call_command("verify_readings", study="nope")
