"""A NUL in an address, a query or a form is refused with 400 on both databases."""

import pytest
from django.test import Client

from tests.worlds.building import make_draft, make_user

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_user("admin", is_staff=True))
    return client


def test_forms_with_a_nul_are_refused_and_change_nothing(client: Client) -> None:
    study = make_draft(make_user("boss", is_staff=True))
    page = f"/studies/{study.slug}"
    for path, sent in (
        ("settings/", {"title": "a\0b"}),
        ("settings/", {"title": "c", "intro": ["d", "e\0"]}),
        ("copy/", {"title": "a\0b"}),
        ("arms/", {"code": "a\0b"}),
        ("invite/", {"email": "a@example.org", "experience": "\0"}),
        ("settings/", {"a\0": "b"}),
    ):
        assert client.post(f"{page}/{path}", sent).status_code == 400, (path, sent)
    before = study.title
    study.refresh_from_db()
    assert study.title == before


@pytest.mark.parametrize(
    "path", ["/results/tools/tokens/%00/revoke/", "/studies/join/%00/", "/catalog/?page=%00"]
)
def test_addresses_with_a_nul_are_refused(client: Client, path: str) -> None:
    assert client.get(path).status_code == 400
    assert client.post(path).status_code == 400
