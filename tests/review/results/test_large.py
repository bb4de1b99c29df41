"""Large snapshots: pages wait for a worker, the same work is asked for once."""

import pytest
from django.urls import reverse

from review.jobs.models import Outbox
from review.results import reports, tasks
from review.results.models import Snapshot
from tests.review.results.test_pages import signed_in
from tests.worlds.results import Closed, unblinded

pytestmark = [pytest.mark.django_db, pytest.mark.database]
PAGE = "/results/cells/plausibility/"


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> tuple[Closed, Snapshot]:
    monkeypatch.setattr(reports, "SMALL_ROWS", 1)
    monkeypatch.setattr("review.results.downloads.SMALL_ROWS", 1)
    return unblinded()


def test_unblinding_has_the_report_built_and_pages_ask_no_second_time(
    large: tuple[Closed, Snapshot],
) -> None:
    closed, snapshot = large
    client = signed_in(closed.editor)
    for _ in range(3):
        response = client.get(PAGE)
        assert response.status_code == 202
        assert "being computed" in response.content.decode()
    waiting = Outbox.objects.filter(task="review.results.tasks.build_report")
    assert [row.args for row in waiting] == [[snapshot.pk]]


def test_the_page_refreshes_itself_once_the_worker_is_done(
    large: tuple[Closed, Snapshot],
) -> None:
    closed, snapshot = large
    client = signed_in(closed.editor)
    assert client.get(PAGE, headers={"HX-Request": "true"}).status_code == 204
    tasks.build_report(snapshot.pk)
    answer = client.get(PAGE, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    assert client.get(PAGE).status_code == 200


def test_a_repeated_delivery_builds_nothing_twice(
    large: tuple[Closed, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, snapshot = large
    tasks.build_report(snapshot.pk)
    built: list[Snapshot] = []
    monkeypatch.setattr(reports, "compute_report", built.append)
    tasks.build_report(snapshot.pk)
    assert built == []


def test_a_large_file_is_built_by_the_worker(large: tuple[Closed, Snapshot]) -> None:
    closed, _ = large
    client = signed_in(closed.editor)
    url = reverse("results:download", args=["cells", "readings.csv"])
    assert client.get(url).status_code == 202
    row = Outbox.objects.get(task="review.results.tasks.build_file")
    tasks.build_file(*row.args)
    assert client.get(url).status_code == 200


def test_new_code_computes_anew(
    large: tuple[Closed, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, snapshot = large
    tasks.build_report(snapshot.pk)
    assert reports.find_export(snapshot, reports.REPORT)
    monkeypatch.setattr(reports, "code_version", lambda: "0.2.0+new")
    assert reports.find_export(snapshot, reports.REPORT) is None


def test_the_api_says_try_again(large: tuple[Closed, Snapshot]) -> None:
    closed, snapshot = large
    url = reverse("api:tables", args=[snapshot.uuid])
    response = signed_in(closed.editor).get(url)
    assert response.status_code == 503
    assert "Ask again" in response.json()["detail"]


def test_the_list_of_studies_costs_the_same_for_many(
    large: tuple[Closed, Snapshot], django_assert_max_num_queries: object
) -> None:
    client = signed_in(large[0].editor)
    with django_assert_max_num_queries(8):
        assert client.get(reverse("results:list")).status_code == 200
