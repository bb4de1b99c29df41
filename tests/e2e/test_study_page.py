"""The page of a study in a browser, on a telephone too."""

import pytest
from django.conf import settings
from django.test import Client

from review.accounts.models import User
from review.studies import services
from review.studies.models import Membership
from tests.worlds.building import make_active, make_user

WIDTHS = (390, 1280)


def sign_in(context, user: User, url: str) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


@pytest.mark.parametrize("width", WIDTHS)
def test_how_far_each_reader_is_stands_on_the_screen(context, page, live_server, width):
    editor = make_user("editor", is_staff=True)
    study = make_active(editor, readers=2)
    User.objects.filter(email="reader1@example.org").update(
        name="", email="somebody.with.a.rather.long.address@department.example.org"
    )
    seat = Membership.objects.select_related("study").get(study=study, code="R02")
    services.pause_reader(actor=editor, membership=seat, reason="on holiday until Monday")
    sign_in(context, editor, live_server.url)
    page.set_viewport_size({"width": width, "height": 800})

    page.goto(f"{live_server.url}/studies/{study.slug}/")

    readers = page.locator("#readers")
    assert readers.locator(".table-scroll").evaluate("(e) => e.scrollWidth - e.clientWidth") == 0
    rows = readers.locator("tbody tr")
    for row in (rows.nth(0), rows.nth(1)):
        read = row.locator("td.num")
        assert read.inner_text().startswith("0 of 33")
        box = read.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert "on holiday until Monday" in rows.nth(1).inner_text()
    rows.nth(1).get_by_role("button", name="Let R02 go on").click()
    page.get_by_text("R02 may go on.").wait_for()
