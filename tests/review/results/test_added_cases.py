"""Reports count cases that were added while a study ran, and say when and why."""

import hashlib

import pytest
from django.test import Client
from django.urls import reverse

from metrics.report.facts import Facts
from metrics.report.methods import methods_text
from review.results.frames import load_snapshot
from review.results.services import unblind_study
from review.studies import services
from review.studies.models import Case, Study
from tests.worlds.adding import REASON, add_cases, begin
from tests.worlds.building import make_active, make_user
from tests.worlds.reading import reader_at_work

pytestmark = [pytest.mark.django_db, pytest.mark.database]
COUNTS = {(1, "early", "BAS"): 2, (1, "late", "EOS"): 2}


@pytest.fixture
def study() -> Study:
    """Return a closed study: four cases were added, a reader read on into them, others waited."""
    editor = make_user("editor", is_staff=True)
    study = make_active(editor, pool_size=8)
    add_cases(editor, study, COUNTS)
    begin(editor, study, {(1, "late", "BAS"): 1})  # never committed
    reader_at_work(study).read_session()
    services.close_study(actor=editor, study=study)
    study.refresh_from_db()
    return study


def test_the_flow_counts_what_was_added_and_nothing_that_was_not(study: Study) -> None:
    snapshot = unblind_study(actor=study.created_by, study=study)
    flow = snapshot.exclusions["flow"]
    one, two = flow["parts"]
    assert (one["drawn"], one["cases"], one["added"], one["primary"]) == (28, 29, 4, 28)
    assert two["added"] == 0
    [addition] = flow["additions"]
    added = Case.objects.filter(candidate__case__isnull=False).order_by("code")
    codes = list(added.values_list("code", flat=True))
    assert (addition["reason"], addition["codes"]) == (REASON, {"1": codes})
    assert addition["at"][:10] == study.amendments.get().at.date().isoformat()
    frame = load_snapshot(snapshot)
    assert len(frame[(frame["case"].isin(codes)) & (frame["outcome"] == "answered")]) == 4


def test_the_report_says_when_and_why(study: Study) -> None:
    snapshot = unblind_study(actor=study.created_by, study=study)
    facts = Facts.of(hashlib.sha256(b"").hexdigest(), snapshot.exclusions)
    day = study.amendments.get().at.date().isoformat()
    said = (
        f"Added while the study ran, by amendment: 4 cases on {day}, 4 to part 1 (C0034 to C0037): "
        f"“{REASON}”."
    )
    assert said in methods_text(facts, (), "1")
    client = Client()
    client.force_login(study.created_by)
    page = client.get(reverse("results:section", args=[study.slug, "flow"])).content.decode()
    assert said in page
    assert "of which added while the study ran" in page


def test_a_study_to_which_nothing_was_added_says_nothing_of_it() -> None:
    flow = {"parts": [], "readers": {}}
    facts = Facts("0" * 64, "T", {}, (), {}, flow=flow, raw={})
    assert "Added while" not in methods_text(facts, (), "1")
