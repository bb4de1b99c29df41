"""Who gets which page: role x address -> status. What is not yours is 404, never a hint."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from review.accounts.models import User
from review.studies import services
from review.studies.models import Study
from review.studies.urls import urlpatterns
from tests.worlds.building import make_active, make_draft, make_user

pytestmark = [pytest.mark.database, pytest.mark.django_db]

ROLES = ("anonymous", "reader", "analyst", "editor", "other_editor", "admin", "reading_admin")
GET_STUDY = (
    *("detail", "audit", "audit_json", "protocol", "protocol_json", "progress", "criteria"),
    *("addition", "addition_progress"),
)
POST_STUDY = {
    "settings": {},
    "looks": {},
    "add_arm": {},
    "remove_arm": {"code": "late"},
    "add_part": {},
    "part": {"order": 1},
    "draws": {"order": 1},
    "copy": {},
    "fork_criteria": {},
    "sign_criteria": {},
    "freeze_criteria": {},
    "pilot_criteria": {},
    "criterion": {"code": "nucleus"},
    "prepare": {},
    "discard": {},
    "override": {},
    "state": {"verb": "pause"},
    "invite": {},
    "revoke": {"pk": 1},
    "withdraw": {"code": "R01"},
    "pause_reader": {"code": "R01"},
    "resume_reader": {"code": "R01"},
    "amend": {},
    "change_addition": {"verb": "start"},
}
# Role -> (a page of the study, a change of it, the list of studies, the page of a new one)
EXPECTED = {
    "anonymous": (302, 302, 302, 302),
    "reader": (404, 404, 200, 404),
    "analyst": (200, 404, 200, 404),
    "editor": (200, None, 200, 200),
    "other_editor": (404, 404, 200, 200),
    "admin": (200, None, 200, 200),
    "reading_admin": (404, 404, 200, 200),
}


@pytest.fixture
def study(editor: User) -> Study:
    study = make_active(editor)
    other = make_user("other_editor")
    twin = services.create_study(actor=editor, title="Another", domain=study.domain)
    services.add_member(actor=editor, study=twin, user=other, role="editor")
    for name, role, staff in (
        ("analyst", "analyst", False),
        ("seated_editor", "editor", False),
        ("reading_admin", "reader", True),
    ):
        user = make_user(name, is_staff=staff)
        services.add_member(actor=editor, study=study, user=user, role=role)
    return study


def client_of(role: str) -> Client:
    client = Client()
    names = {"reader": "reader1", "editor": "seated_editor", "admin": "editor"}
    if role != "anonymous":
        client.force_login(User.objects.get(email=f"{names.get(role, role)}@example.org"))
    return client


@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_by_role(study: Study, role: str) -> None:
    client = client_of(role)
    page, change, listing, new = EXPECTED[role]
    for name in GET_STUDY:
        got = client.get(reverse(f"studies:{name}", args=[study.slug])).status_code
        assert got == page, name
    for name, kwargs in POST_STUDY.items():
        url = reverse(f"studies:{name}", kwargs={"slug": study.slug, **kwargs})
        got = client.post(url).status_code
        assert got == change if change else got in {200, 302, 404, 409, 422}, name
    assert client.get(reverse("studies:list")).status_code == listing
    assert client.get(reverse("studies:new")).status_code == new


def test_the_table_names_every_address() -> None:
    public = {"join", "list", "new"}
    own = {"leave"}
    assert {p.name for p in urlpatterns} == {*GET_STUDY, *POST_STUDY} | public | own


@pytest.mark.parametrize("role", ROLES)
def test_only_the_reader_may_leave(study: Study, role: str) -> None:
    expected = {"anonymous": 302, "reader": 200, "reading_admin": 200}.get(role, 404)
    got = client_of(role).get(reverse("studies:leave", args=[study.slug])).status_code
    assert got == expected


def test_changes_are_posts_only(study: Study) -> None:
    client = client_of("editor")
    for name, kwargs in POST_STUDY.items():
        url = reverse(f"studies:{name}", kwargs={"slug": study.slug, **kwargs})
        assert client.get(url).status_code == 405, name


def test_rows_of_another_study_are_out_of_reach(editor: User, study: Study) -> None:
    mine = make_draft(editor)
    client = client_of("editor")  # an editor of `study`, not of `mine`
    assert client.post(reverse("studies:part", args=[mine.slug, 1])).status_code == 404
    url = reverse("studies:withdraw", args=[study.slug, "R99"])
    assert client.post(url).status_code == 404


def test_no_progress_by_arm_or_class_before_unblinding(study: Study) -> None:
    client = client_of("editor")
    html: Any = client.get(reverse("studies:detail", args=[study.slug])).content.decode()
    start = html.index('id="readers"')
    table = html[start : html.index("</section>", start)]
    assert "R01" in table
    assert not re.search(r"\b(BAS|early|late|synthetic|plausib\w+)\b", table)
