"""The whole journey at a site that `run_demo` started: reader, researcher, admin."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from generation.demo.seed import ADMIN, RESEARCHER, Person
from tests.e2e.desk import PAINTED

pytestmark = [pytest.mark.workers, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"Semblance is ready at (\S+)")
SLUG = "demo-bone-marrow-cells-round-1"
FOREIGN = ("DATABASE_URL", "BROKER_URL", "CACHE_URL")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the demo as a newcomer does, small; stop it with Ctrl-C."""
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    env["SEMBLANCE_VAR"] = str(tmp_path_factory.mktemp("demo"))
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_demo", "--preset", "tiny", "--port", "8765"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = None
    for line in process.stdout:
        if found := READY.search(line):
            break
    assert found, "the demo ended before it was ready"
    yield found.group(1)
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    process.stdout.close()
    assert process.wait(30) == 0


def sign_in(browser: Browser, address: str, person: Person) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{address}/accounts/login/")
    page.fill("#id_login", person.email)
    page.fill("#id_password", person.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    return context, page


def invited(browser: Browser, address: str) -> str:
    """Invite a new reader as the admin does, and return the link that is shown once."""
    context, page = sign_in(browser, address, ADMIN)
    page.goto(f"{address}/studies/{SLUG}/")
    page.locator("form[action$='/invite/'] input[name=email]").fill("new.reader@example.org")
    page.locator("form[action$='/invite/'] button").click()
    link = page.locator("[data-join-url]").get_attribute("data-join-url")
    context.close()
    assert link
    return link


def read_everything(page: Page) -> int:
    """Answer every case with the keyboard: plausible, then 5 of 6 in the turing part."""
    answered = 0
    while page.locator("#reader-config").count():
        page.wait_for_function(f"() => {PAINTED}")
        config = json.loads(page.locator("#reader-config").text_content() or "{}")
        total = config["cases"][0]["total"]
        keys = ["5"] if config["part"]["kind"] == "turing" else ["j", "Enter"]
        for position in range(total):
            before = page.evaluate(f"() => {PAINTED}")
            for key in keys:
                page.keyboard.press(key)
            if len(keys) == 1:
                page.wait_for_timeout(220)  # sooner it counts as a bounce of the key
            answered += 1
            if position < total - 1:
                go_on(page, before)
        page.wait_for_function("() => document.documentElement.dataset.pending === '0'")
        page.goto(page.url)
        start_part(page)
    return answered


def go_on(page: Page, before: str) -> None:
    """Wait for the next case; a break is offered after 50 of them."""
    moved = f"(old) => document.querySelector('dialog[open]') || ({PAINTED} || old) !== old"
    page.wait_for_function(moved, arg=before)
    if page.locator("dialog[open]").count():
        page.keyboard.press("Escape")
        page.wait_for_function(f"(old) => ({PAINTED} || old) !== old", arg=before)


def start_part(page: Page) -> None:
    if page.get_by_role("button", name="Start reading").count():
        page.get_by_role("button", name="Start reading").click()
        page.wait_for_load_state()


def test_the_whole_journey(browser: Browser, address: str) -> None:
    link = invited(browser, address)
    reader = browser.new_context(viewport={"width": 1280, "height": 800})
    page = reader.new_page()
    page.goto(link)
    page.fill("#id_name", "New Reader")
    page.fill("#id_password", "a-long-word-for-it-7")
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("button", name="I agree and take part").click()
    start_part(page)
    assert read_everything(page) >= 60
    assert "every case" in page.inner_text("main")
    reader.close()

    close_and_unblind(browser, address)
    researcher_downloads(browser, address)
    admin_turns_the_loop(browser, address)


def close_and_unblind(browser: Browser, address: str) -> None:
    context, page = sign_in(browser, address, ADMIN)
    page.goto(f"{address}/studies/{SLUG}/")
    page.locator("summary", has_text="Close").click()
    page.get_by_role("button", name="Close the study").click()
    page.get_by_role("link", name="Unblind").click()
    page.get_by_role("button", name="Unblind and freeze").click()
    page.wait_for_url(re.compile(rf"/results/{SLUG}/$"))
    context.close()


def researcher_downloads(browser: Browser, address: str) -> None:
    context, page = sign_in(browser, address, RESEARCHER)
    page.goto(f"{address}/results/{SLUG}/plausibility/")
    table = page.inner_text("main")
    assert "Basophil" in table
    page.locator(".figure .main-svg").first.wait_for()
    page.goto(f"{address}/results/{SLUG}/downloads/")
    with page.expect_download() as waiting:
        page.locator("a[href$='/readings.csv']").first.click()
    rows = Path(waiting.value.path()).read_text().splitlines()
    assert len(rows) > 60
    context.close()


def admin_turns_the_loop(browser: Browser, address: str) -> None:
    context, page = sign_in(browser, address, ADMIN)
    page.goto(f"{address}/loops/")
    page.get_by_role("link", name="Demo loop").click()
    page.locator("form[action$='/propose/'] button").click()
    page.locator("form[action$='/approve/'] button").click()
    page.locator("form[action$='/launch/'] button").click()
    page.goto(f"{address}/runs/")
    page.get_by_role("link", name="Demo loop, round 2").first.click()
    page.get_by_role("link", name="Open the pool").wait_for(timeout=90_000)
    assert page.locator(".thumbs img").count() > 0
    context.close()
