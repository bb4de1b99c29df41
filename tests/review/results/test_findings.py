"""Findings from the reader's answer to the page, the files and the dictionary."""

import csv
import io
import json

import pytest
from django.urls import reverse

from review.studies.models import Assignment, Case
from tests.review.results.test_pages import signed_in
from tests.worlds.results import unblinded
from tests.worlds.study import PartPlan

pytestmark = [pytest.mark.django_db, pytest.mark.database]
ASKED = ["BAS", "EOS"]
PLANS = (PartPlan("identify", 4, {"findings": ASKED}),)


def answer(assignment: Assignment, index: int) -> dict[str, object]:
    """Call the class right; every second image of EOS also shows BAS, and is said to."""
    code = assignment.case.intended_class.code
    if index == 0:
        Case.objects.filter(part=assignment.case.part).update(findings=["BAS"])
    return {"finding:BAS": "present", "finding:EOS": "present" if code == "EOS" else "absent"}


def test_findings_reach_page_csv_json_and_dictionary() -> None:
    closed, _ = unblinded(plans=PLANS, answer=answer, readers=2)
    client = signed_in(closed.editor)
    slug = closed.study.slug

    page = client.get(reverse("results:section", args=[slug, "findings"])).content.decode()
    text = client.get(reverse("results:download", args=[slug, "readings.csv"])).content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    sent = client.get(reverse("results:download", args=[slug, "readings.json"])).content
    table = client.get(reverse("results:table", args=[slug, "findings"])).content.decode()

    assert "(the ceiling)" in page
    assert {row["finding_BAS"] for row in rows} == {"present"}
    assert {row["image_findings"] for row in rows} == {"BAS", "EOS;BAS"}
    meanings = {row["column"]: row["meaning"] for row in json.loads(sent)["dictionary"]}
    assert meanings["finding_EOS"].startswith("Finding EOS: present")
    scores = {
        (row["arm"], row["finding"], row["score"]): row
        for row in csv.DictReader(io.StringIO(table))
    }
    assert float(scores["late", "EOS", "specificity"]["estimate"]) == 1.0
    assert ("late", "BAS", "specificity") not in scores
    assert scores["real", "BAS", "sensitivity"]["n_readers"] == "2"
