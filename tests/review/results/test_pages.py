"""Who sees results, when, and what the pages and downloads hold."""

import csv
import io
import json
import time

import pytest
from django.test import Client
from django.urls import reverse

from review.audit.models import AuditEvent
from review.results.policies import RECORDS
from review.studies.models import Study
from tests.worlds.results import close_world, seat, unblinded
from tests.worlds.study import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def signed_in(user: object, *, lately: bool = True) -> Client:
    client = Client()
    assert client.login(username=user.email, password=PASSWORD)
    session = client.session
    age = 0 if lately else 3600
    session[RECORDS] = [{"method": "password", "at": time.time() - age}]
    session.save()
    return client


def pages(slug: str) -> list[str]:
    sections = ["plausibility", "turing", "criteria", "flow"]
    return [
        reverse("results:overview", args=[slug]),
        *(reverse("results:section", args=[slug, key]) for key in sections),
        reverse("results:downloads", args=[slug]),
        reverse("results:download", args=[slug, "readings.csv"]),
        reverse("results:table", args=[slug, "plausibility"]),
    ]


def test_readers_and_strangers_find_nothing() -> None:
    closed, _ = unblinded()
    stranger = close_world(slug="other").editor
    for user in (closed.world.readers[0], stranger):
        client = signed_in(user)
        for url in pages("cells"):
            assert client.get(url).status_code == 404, (user, url)


def test_editors_and_analysts_see_every_page() -> None:
    closed, snapshot = unblinded()
    for user in (closed.editor, seat(closed.study, "analyst", "analyst@example.org")):
        client = signed_in(user)
        for url in pages("cells"):
            assert client.get(url).status_code == 200, (user, url)
    page = client.get(pages("cells")[1]).content.decode()
    assert snapshot.content_sha256[:12] in page
    assert "conditional on this reader" in page


def test_before_unblinding_there_is_progress_and_no_truth() -> None:
    closed = close_world()
    client = signed_in(closed.editor)
    for url in pages("cells"):
        response = client.get(url)
        page = response.content.decode()
        assert response.status_code == 409, url
        assert "Results appear once it is closed and unblinded" in page
        assert "R01" in page
        for word in ("Arm early", "Arm late", "synthetic"):
            assert word not in page


def test_unblinding_from_the_page() -> None:
    closed = close_world()
    client, url = signed_in(closed.editor), reverse("results:unblind", args=["cells"])
    assert "cannot be undone" in client.get(url).content.decode()
    response = client.post(url)
    assert response.status_code == 302
    closed.study.refresh_from_db()
    assert closed.study.state == "unblinded"
    assert client.get(url).status_code == 302  # nothing left to do here


def test_an_old_sign_in_is_asked_for_the_password_first() -> None:
    closed = close_world()
    client = signed_in(closed.editor, lately=False)
    response = client.post(reverse("results:unblind", args=["cells"]))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_reauthenticate"))
    closed.study.refresh_from_db()
    assert closed.study.state == "closed"
    resumed = client.post(response["Location"], {"password": PASSWORD}, follow=True)
    assert resumed.status_code == 200
    closed.study.refresh_from_db()
    assert closed.study.state == "unblinded"


def test_an_open_study_is_not_unblinded() -> None:
    closed = close_world()
    Study.objects.filter(pk=closed.study.pk).update(state="active", closed_at=None)
    response = signed_in(closed.editor).post(reverse("results:unblind", args=["cells"]))
    assert response.status_code == 409
    assert "Close it first" in response.content.decode()


def test_analysts_cannot_unblind() -> None:
    closed = close_world()
    client = signed_in(seat(closed.study, "analyst", "analyst@example.org"))
    assert client.get(reverse("results:unblind", args=["cells"])).status_code == 404


def test_downloads_are_logged_and_repeat_byte_for_byte() -> None:
    closed, snapshot = unblinded()
    client = signed_in(closed.editor)
    for name in ("readings.csv", "readings.json", "readings.xlsx", "readings.parquet"):
        url = reverse("results:download", args=["cells", name])
        first = client.get(url).content
        snapshot.exports.filter(name=name).delete()
        assert client.get(url).content == first, name
    logged = AuditEvent.objects.filter(verb="results.exported")
    assert logged.count() == 8
    assert logged.first().after["snapshot"] == snapshot.content_sha256


def test_csv_and_json_hold_every_reading() -> None:
    closed, snapshot = unblinded()
    client = signed_in(closed.editor)
    text = client.get(reverse("results:download", args=["cells", "readings.csv"])).content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    document = json.loads(
        client.get(reverse("results:download", args=["cells", "readings.json"])).content
    )
    assert len(rows) == len(document["readings"]) == snapshot.rows
    assert [entry["column"] for entry in document["dictionary"]] == list(rows[0])
    assert all(entry["meaning"] for entry in document["dictionary"])
    assert {row["criterion_nucleus"] for row in rows} == {"", "passes", "fails"}


def test_the_result_list_names_my_studies_only() -> None:
    closed, _ = unblinded()
    close_world(slug="other")
    page = signed_in(closed.editor).get(reverse("results:list")).content.decode()
    assert reverse("results:overview", args=["cells"]) in page
    assert reverse("results:overview", args=["other"]) not in page
