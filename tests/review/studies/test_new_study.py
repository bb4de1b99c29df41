"""The page of a new study: what was typed by hand stays while the rest is filled anew."""

import re
from typing import Any

import pytest
from django.test import Client

from review.accounts.models import User
from review.catalog.models import Domain
from review.studies.models import Study
from tests.review.studies.test_pages import new_form, url
from tests.worlds.building import make_pool

pytestmark = [pytest.mark.database, pytest.mark.django_db]
FIELD = re.compile(
    r'<input type="(?:number|hidden)"[^>]*? name="((?:count|filled)_[^"]+)"'
    r'[^>]*? value="([^"]*)"'
)


@pytest.fixture
def client(editor: User) -> Client:
    client = Client()
    client.force_login(editor)
    return client


def refill(client: Client, sent: dict[str, Any], **changed: Any) -> tuple[dict[str, Any], str]:
    """Refresh the form as the page does; return what it then holds, and the page."""
    bare = {name: value for name, value in sent.items() if not name.startswith("_")}
    page = client.post(url("new"), {**bare, **changed, "fill": "1"}).content.decode()
    base = {k: v for k, v in (sent | changed).items() if not k.startswith(("count_", "filled_"))}
    return base | dict(FIELD.findall(page)), page


def test_a_count_typed_by_hand_stays_while_others_are_filled(client: Client) -> None:
    form, _ = refill(client, new_form())
    assert form["count_plausibility_early_BAS"] == "4"
    form, _ = refill(client, form, count_plausibility_early_BAS="7", per_class_plausibility=3)
    assert form["count_plausibility_early_BAS"] == "7"
    assert form["count_plausibility_early_EOS"] == "3"
    assert form["count_turing_early_BAS"] == "1"

    form, _ = refill(client, form, parts=["identify", "plausibility", "turing"])
    assert form["count_plausibility_early_BAS"] == "7", "another part takes images"
    assert form["count_identify_early_BAS"] == "1", "what the typed count leaves"
    assert form["count_identify_early_EOS"] == "8"
    form, _ = refill(client, form, per_class_plausibility=7, parts=["plausibility", "turing"])
    form, _ = refill(client, form, per_class_plausibility=2)
    assert form["count_plausibility_early_BAS"] == "7", "also where the fill gave the same once"

    form, _ = refill(client, form, count_plausibility_early_BAS="")
    assert form["count_plausibility_early_BAS"] == "2", "an emptied count is filled again"


def test_a_typed_count_stays_after_a_refused_form(client: Client) -> None:
    form, _ = refill(client, new_form())
    typed = form | {"count_plausibility_early_BAS": "7", "title": " "}
    page = client.post(url("new"), typed).content.decode()
    form, _ = refill(client, typed | dict(FIELD.findall(page)), per_class_plausibility=3)
    assert form["count_plausibility_early_BAS"] == "7"
    assert form["count_plausibility_early_EOS"] == "3"


def test_a_typed_count_that_is_cut_is_told(client: Client) -> None:
    form, page = refill(client, new_form())
    assert "; set to" not in page
    form, page = refill(client, form, count_plausibility_early_BAS="30", per_class_turing=1)
    assert form["count_plausibility_early_BAS"] == "8"
    assert "BAS from early in plausibility: 30 asked, 8 left; set to 8." in page


def test_a_fill_that_gives_less_than_asked_is_told(client: Client) -> None:
    form, page = refill(client, new_form())
    assert "Some counts are below" not in page
    form, page = refill(client, form, per_class_plausibility=20)
    assert form["count_plausibility_real_EOS"] == "8"
    assert form["count_turing_real_EOS"] == "0"
    assert page.count("Some counts are below") == 2


def test_another_domain_clears_the_pools_without_a_word(client: Client) -> None:
    other = Domain.objects.create(code="other", name="Other", content={})
    form = new_form(domain="other")
    _, page = refill(client, form)
    assert 'role="alert"' not in page
    assert "Not saved" not in page
    refused = client.post(url("new"), form)
    said = refused.content.decode()
    assert refused.status_code == 422
    for arm in ("real", "early", "late"):
        assert f"Arm {arm}: pool “{arm}” is not complete, or of another domain." in said

    twice = make_pool("Twice", domain=other, classes=()).uuid
    _, page = refill(client, form | {"pool_real": twice, "pool_late": twice})
    assert "Arm late: pool “Twice” is an arm already." in page
    assert "Not saved" not in page
    assert not Study.objects.exists()
