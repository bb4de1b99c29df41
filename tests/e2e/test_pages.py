"""Every page of every role, as axe, a telephone and the browser's console see it.

Generated from the URL configuration: whoever adds a page is looked at here.
"""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client

from tests.config.test_query_counts import SMALL, Site, build, pages

WIDTHS = (1280, 390)


@pytest.fixture
def site(tmp_path, settings) -> Site:
    place = {"location": str(tmp_path / "media"), "base_url": None}
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": place}
    settings.STORAGES = settings.STORAGES | {"default": local}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    return build(SMALL)


def html_pages(site: Site) -> Iterator[tuple[str, Client, str]]:
    """Yield (role, signed-in client, path) of whole pages; a page is given to its first role."""
    seen: set[tuple[str, str]] = set()
    for role, user in site.people.items():
        client = Client()
        client.force_login(user)
        for name, variant, path in pages(site):
            if (name, variant) in seen and name not in ("studies:list", "studies:detail"):
                continue
            answer = client.get(path)
            whole = answer.get("Content-Type", "").startswith("text/html")
            if answer.status_code == 200 and whole and b"<html" in answer.content:
                seen.add((name, variant))
                yield role, client, path


def test_every_page_is_clean_and_fits_a_telephone(site, context, page, live_server):
    said: list[str] = []
    page.on("console", lambda one: one.type == "error" and said.append(one.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    faults, visited = [], 0

    for role, client, path in html_pages(site):
        cookie = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page.goto(live_server.url + path, wait_until="load")
        arrived = urlsplit(page.url).path
        assert arrived == path, f"{role} was led from {path} to {arrived}"
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            found = Axe().run(page).response["violations"]
            faults += [
                f"{role} {path} {width}: {one['id']} "
                + json.dumps([node["html"][:100] for node in one["nodes"][:3]])
                for one in found
            ]
            beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if beyond > 0:
                faults.append(f"{role} {path} {width}: {beyond} px wider than the screen")
        faults += [f"{role} {path}: console: {text}" for text in said]
        said.clear()
        visited += 1

    assert not faults, "\n".join(faults)
    assert visited > 60


def test_a_new_study_refills_without_a_word_on_the_console(site, context, page, live_server):
    client = Client()
    client.force_login(site.people["admin"])
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    said: list[str] = []
    page.on("console", lambda one: one.type == "error" and said.append(one.text))
    page.goto(f"{live_server.url}/studies/new/")

    with page.expect_response("**/studies/new/"):
        page.locator("#id_domain").select_option("bone_marrow")
    page.wait_for_timeout(300)  # until the new form has settled
    for number in range(page.locator("input[type=checkbox].refills").count()):
        with page.expect_response("**/studies/new/"):
            page.locator("input[type=checkbox].refills").nth(number).click()
        page.wait_for_timeout(300)

    assert said == []
