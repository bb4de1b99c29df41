"""The API: who gets what, filters by allow-list, tokens, and the schema."""

import io
import uuid
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.validation import validate_schema
from knox.models import AuthToken

from review.audit.models import AuditEvent
from review.jobs.models import Outbox
from review.results.downloads import available_downloads
from review.results.models import Snapshot
from review.results.tokens import make_token
from tests.review.results.test_pages import signed_in
from tests.worlds.results import Closed, close_world, unblinded
from tests.worlds.study import make_reader

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def with_token(user: object) -> Client:
    return Client(headers={"Authorization": f"Token {make_token(actor=user, days=1)}"})


def urls(snapshot: Snapshot) -> list[str]:
    args = [snapshot.uuid]
    return [
        reverse("api:study", args=["cells"]),
        reverse("api:snapshots", args=["cells"]),
        reverse("api:snapshot", args=args),
        reverse("api:readings", args=args),
        reverse("api:readings_csv", args=args),
        reverse("api:files", args=args),
        reverse("api:file", args=[*args, "readings.xlsx"]),
        reverse("api:tables", args=args),
        reverse("api:table", args=[*args, "plausibility"]),
        reverse("api:table_csv", args=[*args, "plausibility"]),
    ]


@pytest.fixture
def world() -> tuple[Closed, Snapshot]:
    return unblinded()


def test_only_those_who_run_the_study(world: tuple[Closed, Snapshot]) -> None:
    closed, snapshot = world
    editor, admin = with_token(closed.editor), with_token(make_reader(9, is_staff=True))
    reader = with_token(closed.world.readers[0])
    stranger = with_token(close_world(slug="other").editor)
    for url in urls(snapshot):
        assert [client.get(url).status_code for client in (editor, admin)] == [200, 200], url
        assert [client.get(url).status_code for client in (reader, stranger)] == [404, 404], url
        assert Client().get(url).status_code == 401, url
    listed = editor.get(reverse("api:studies")).json()["results"]
    assert [study["slug"] for study in listed] == ["cells"]
    assert reader.get(reverse("api:studies")).json()["results"] == []


def test_nothing_before_unblinding() -> None:
    closed = close_world()
    client = with_token(closed.editor)
    response = client.get(reverse("api:snapshots", args=["cells"]))
    assert response.status_code == 409
    assert "unblinded" in response.json()["detail"]
    assert client.get(reverse("api:readings", args=[uuid.uuid4()])).status_code == 404


def test_readings_are_paged_filtered_and_ordered(world: tuple[Closed, Snapshot]) -> None:
    closed, snapshot = world
    client, url = with_token(closed.editor), reverse("api:readings", args=[snapshot.uuid])
    page = client.get(url, {"arm": "late", "part": 1, "limit": 3, "ordering": "-position"}).json()
    assert page["count"] == 8
    assert len(page["results"]) == 3
    assert {row["arm"] for row in page["results"]} == {"late"}
    positions = [row["position"] for row in page["results"]]
    assert positions == sorted(positions, reverse=True)
    rest = client.get(url, {"arm": "late", "part": 1, "limit": 3, "offset": 6}).json()
    assert len(rest["results"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"creator__password__startswith": "a"}, {"ordering": "user__email"}, {"limit": "0"},
        {"limit": "9999999"}, {"offset": "-1"}, {"part": "one"}, {"reader__user": "1"},
    ],
)  # fmt: skip
def test_what_is_not_on_the_list_is_refused(
    query: dict[str, str], world: tuple[Closed, Snapshot]
) -> None:
    closed, snapshot = world
    response = with_token(closed.editor).get(reverse("api:readings", args=[snapshot.uuid]), query)
    assert response.status_code == 400
    assert "detail" in response.json()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"arm": "nope"}, "arm is 'nope'; this study knows: early, late, real."),
        ({"arm": ""}, "arm is ''; this study knows: early, late, real."),
        ({"arm": "late,nope"}, "arm is 'nope'; this study knows: early, late, real."),
        (
            {"outcome": "weird"},
            "outcome is 'weird'; this study knows: answered, cannot_judge, missing.",
        ),
        ({"reader": "R99"}, "reader is 'R99'; this study knows: R01."),
        ({"part": "9"}, "part is '9'; this study knows: 1, 2."),
    ],
)
def test_a_value_that_the_study_does_not_know_is_refused(
    query: dict[str, str], told: str, world: tuple[Closed, Snapshot]
) -> None:
    closed, snapshot = world
    client = with_token(closed.editor)
    for name in ("api:readings", "api:readings_csv"):
        answer = client.get(reverse(name, args=[snapshot.uuid]), query)
        assert (answer.status_code, answer.json()) == (400, {"detail": told})


def test_a_value_that_no_reading_has_keeps_none(world: tuple[Closed, Snapshot]) -> None:
    closed, snapshot = world
    client, url = with_token(closed.editor), reverse("api:readings", args=[snapshot.uuid])
    for query in ({"role": "calibration"}, {"source_of_reading": "label_studio"}):
        answer = client.get(url, query)
        assert (answer.status_code, answer.json()["count"]) == (200, 0)
    unread = client.get(url, {"source_of_reading": "", "outcome": "missing"}).json()
    assert unread["count"] == client.get(url, {"outcome": "missing"}).json()["count"] > 0


def test_many_known_values_are_not_all_told(world: tuple[Closed, Snapshot]) -> None:
    closed, snapshot = world
    url = reverse("api:readings", args=[snapshot.uuid])
    told = with_token(closed.editor).get(url, {"case": "C9999"}).json()["detail"]
    assert told.startswith("case is 'C9999'; this study knows: C0001, C0002, ")
    assert told.endswith("C0020 and 4 more.")


@pytest.mark.parametrize("name", ["limit", "offset"])
def test_the_csv_has_no_pages(name: str, world: tuple[Closed, Snapshot]) -> None:
    closed, snapshot = world
    url = reverse("api:readings_csv", args=[snapshot.uuid])
    answer = with_token(closed.editor).get(url, {name: "3"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"There is no filter '{name}'.")
    assert "limit," not in answer.json()["detail"].split("There are:")[1]


@pytest.mark.parametrize("token", ["x", "0" * 64, "\xff", "é" * 30])
def test_what_is_no_token_is_refused(token: str, db: None) -> None:
    client = Client(headers={"Authorization": f"Token {token}"})
    assert client.get(reverse("api:studies")).status_code == 401


def test_a_token_is_good_only_beside_a_second_factor(
    world: tuple[Closed, Snapshot], settings: Any
) -> None:
    closed, snapshot = world
    settings.REQUIRE_MFA = True
    client, url = with_token(closed.editor), reverse("api:readings", args=[snapshot.uuid])
    without = client.get(url)
    TOTP.activate(closed.editor, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")

    assert (without.status_code, "second factor" in without.json()["detail"]) == (403, True)
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("name", ["limit", "offset"])
def test_a_number_past_any_database_is_no_page(name: str, world: tuple[Closed, Snapshot]) -> None:
    closed, _ = world
    client = with_token(closed.editor)
    for url in (reverse("api:studies"), reverse("api:snapshots", args=["cells"])):
        assert client.get(url, {name: "9" * 20}).status_code == 200


@pytest.mark.parametrize("name", ["creator__password__startswith", "ordering", "slug"])
def test_a_list_refuses_names_that_it_does_not_know(
    name: str, world: tuple[Closed, Snapshot]
) -> None:
    closed, _ = world
    client = with_token(closed.editor)
    for url in (reverse("api:studies"), reverse("api:snapshots", args=["cells"])):
        answer = client.get(url, {name: "a"})
        assert (answer.status_code, "limit, offset" in answer.json()["detail"]) == (400, True)


def test_csv_and_tables_say_the_same_as_the_page(world: tuple[Closed, Snapshot]) -> None:
    closed, snapshot = world
    client = with_token(closed.editor)
    text = client.get(reverse("api:readings_csv", args=[snapshot.uuid])).content.decode()
    frame = pd.read_csv(io.StringIO(text))
    table = client.get(reverse("api:table", args=[snapshot.uuid, "plausibility"])).json()
    every = next(
        row for row in table["records"]
        if row["class_name"] == "All images" and row["arm"] == "late"
    )  # fmt: skip
    mine = frame[(frame["part_kind"] == "plausibility") & (frame["arm"] == "late")]
    assert every["n_plausible"] == (mine["verdict"].astype(str) == "True").sum()
    assert table["snapshot"] == snapshot.content_sha256


def test_a_token_fetches_the_files_of_the_page(world: tuple[Closed, Snapshot]) -> None:
    closed, snapshot = world
    client, page = with_token(closed.editor), signed_in(closed.editor)
    listed = [
        file["name"] for file in client.get(reverse("api:files", args=[snapshot.uuid])).json()
    ]
    assert listed == [one.name for one in available_downloads(snapshot)]
    for name in ("readings.parquet", "readings.json", "tables.tex", "report.html"):
        given = client.get(reverse("api:file", args=[snapshot.uuid, name]))
        shown = page.get(reverse("results:download", args=["cells", name]))
        assert given.content == shown.content
        assert given["Content-Type"] == shown["Content-Type"]
        assert given["Content-Disposition"] == f'attachment; filename="{name}"'
    files = AuditEvent.objects.filter(verb="results.exported").values_list("after", flat=True)
    assert "api report.html" in [after["file"] for after in files]
    missing = client.get(reverse("api:file", args=[snapshot.uuid, "secrets.txt"]))
    assert missing.status_code == 404


def test_a_slow_file_is_built_by_a_worker_and_asked_for_again(
    world: tuple[Closed, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, snapshot = world
    monkeypatch.setattr("review.results.downloads.find_browser", lambda: "/usr/bin/chromium")
    answer = with_token(closed.editor).get(reverse("api:file", args=[snapshot.uuid, "report.pdf"]))
    assert answer.status_code == 503
    assert "Ask again" in answer.json()["detail"]
    assert Outbox.objects.filter(task="review.results.tasks.build_file").exists()


def test_tokens_are_hashed_expire_and_are_shown_once(world: tuple[Closed, Snapshot]) -> None:
    closed, snapshot = world
    client, page = signed_in(closed.editor), reverse("results:tokens")
    response = client.post(page, {"days": 7})
    token = response.content.decode().split("<code>", 1)[1].split("</code>", 1)[0]
    row = AuthToken.objects.get(user=closed.editor)
    assert row.digest != token
    assert token not in client.get(page).content.decode()
    caller = Client(headers={"Authorization": f"Token {token}"})
    url = reverse("api:snapshot", args=[snapshot.uuid])
    assert caller.get(url).status_code == 200
    AuthToken.objects.update(expiry=timezone.now())
    assert caller.get(url).status_code == 401


def test_only_who_holds_an_expired_token_is_told_so(world: tuple[Closed, Snapshot]) -> None:
    closed, _ = world
    old = make_token(actor=closed.editor, days=1)
    AuthToken.objects.update(expiry=timezone.now() - timedelta(days=30))
    new = make_token(actor=closed.editor, days=1)
    told = f"Token expired: make a new one under {reverse('results:tokens')}."
    url = reverse("api:studies")

    def answer(token: str) -> tuple[int, str]:
        response = Client(headers={"Authorization": f"Token {token}"}).get(url)
        return response.status_code, response.json().get("detail", "")

    for _ in range(2):
        assert answer(old) == (401, told)
        assert answer(new) == (200, "")
    assert answer(old[:-1] + ("0" if old[-1] != "0" else "1")) == (401, "Invalid token.")
    assert answer("0" * 64) == (401, "Invalid token.")


def test_tokens_that_expired_long_ago_are_deleted(world: tuple[Closed, Snapshot]) -> None:
    closed, _ = world
    old = make_token(actor=closed.editor, days=1)
    AuthToken.objects.update(expiry=timezone.now() - timedelta(days=400))
    answer = Client(headers={"Authorization": f"Token {old}"}).get(reverse("api:studies"))
    assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid token.")
    assert not AuthToken.objects.exists()


def test_a_token_can_be_revoked_by_its_owner_only(world: tuple[Closed, Snapshot]) -> None:
    closed, _ = world
    make_token(actor=closed.editor, days=1)
    key = AuthToken.objects.get().token_key
    url = reverse("results:revoke_token", args=[key])
    assert signed_in(make_reader(9, is_staff=True)).post(url).status_code == 404
    assert signed_in(closed.editor).post(url).status_code == 302
    assert not AuthToken.objects.exists()


def test_an_old_sign_in_makes_no_token(world: tuple[Closed, Snapshot]) -> None:
    closed, _ = world
    client = signed_in(closed.editor, lately=False)
    assert client.post(reverse("results:tokens"), {"days": 7}).status_code == 302
    assert not AuthToken.objects.exists()


def test_too_many_requests_are_throttled(
    world: tuple[Closed, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.cache import cache
    from rest_framework.throttling import UserRateThrottle

    closed, snapshot = world
    cache.clear()
    monkeypatch.setattr(UserRateThrottle, "get_rate", lambda self: "3/min")
    client, url = with_token(closed.editor), reverse("api:snapshot", args=[snapshot.uuid])
    codes = [client.get(url) for _ in range(5)]
    assert [response.status_code for response in codes] == [200, 200, 200, 429, 429]
    assert int(codes[-1]["Retry-After"]) > 0
    other = with_token(make_reader(9, is_staff=True))
    assert other.get(url).status_code == 200
    cache.clear()


def test_the_schema_is_served_and_valid(world: tuple[Closed, Snapshot]) -> None:
    closed, _ = world
    response = with_token(closed.editor).get(reverse("api:schema"), {"format": "json"})
    assert response.status_code == 200
    schema = response.json()
    validate_schema(schema)
    assert "knoxApiToken" in schema["components"]["securitySchemes"]
    paths = "".join(schema["paths"])
    for name in ("studies", "snapshots", "readings.csv", "tables", "files"):
        assert name in paths
