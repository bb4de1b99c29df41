"""A visitor without a browser: signs in and uses the site's forms over real HTTP."""

import html
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from generation.demo.errors import DemoFailed

TIMEOUT_SECONDS = 120
REAUTHENTICATE = "/accounts/reauthenticate/"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
JSON_BLOCK = re.compile(r'<script id="([^"]+)" type="application/json">(.*?)</script>', re.DOTALL)
NOTICE = re.compile(
    r'class="(?:errorlist|errors|notice bad)[^"]*"[^>]*>(.*?)</(?:ul|p|div)>', re.DOTALL
)


@dataclass
class Visitor:
    """One person's cookies and CSRF token at one site."""

    base: str
    client: httpx.Client = field(init=False)
    token: str = ""
    where: str = ""
    password: str = ""

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=self.base, timeout=TIMEOUT_SECONDS, follow_redirects=True
        )

    def close(self) -> None:
        self.client.close()

    def sign_in(self, email: str, password: str) -> "Visitor":
        """Sign in through the form; raises DemoFailed when it is refused."""
        self.page("/accounts/login/")
        answer = self.submit("/accounts/login/", {"login": email, "password": password})
        if answer.url.path == "/accounts/login/":
            raise DemoFailed(f"{email} could not sign in: {said(answer.text)}")
        self.password = password
        return self

    def page(self, path: str) -> str:
        """Return a page's HTML and remember its CSRF token."""
        answer = self.client.get(path)
        self._arrive(answer)
        return answer.text

    def submit(self, path: str, fields: dict[str, Any], files: Any = None) -> httpx.Response:
        """Post a form as a browser would; return the page it leads to."""
        answer = self._post(path, fields, files)
        if answer.url.path == REAUTHENTICATE:  # it takes up the interrupted request by itself
            answer = self._post(str(answer.url), {"password": self.password})
        return answer

    def _post(self, path: str, fields: dict[str, Any], files: Any = None) -> httpx.Response:
        body = {"csrfmiddlewaretoken": self.token, **fields}
        answer = self.client.post(path, data=body, files=files, headers={"Referer": self.base})
        self._arrive(answer)
        return answer

    def _arrive(self, answer: httpx.Response) -> None:
        """Remember where a redirect led, and the form token of that page."""
        _must_be_fine(answer)
        self.where = answer.url.path
        if found := TOKEN.search(answer.text):
            self.token = found.group(1)

    def send(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post JSON as the reading screen does; return the answer."""
        headers = {"X-CSRFToken": self.token, "Referer": self.base}
        answer = self.client.post(path, json=body, headers=headers)
        _must_be_fine(answer)
        reply: dict[str, Any] = answer.json()
        return reply

    def content(self, path: str) -> bytes:
        """Return raw bytes, e.g. of an image."""
        answer = self.client.get(path)
        _must_be_fine(answer)
        return answer.content


def _must_be_fine(answer: httpx.Response) -> None:
    if answer.status_code >= 400:
        raise DemoFailed(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: "
            f"{said(answer.text)}"
        )


def said(page: str) -> str:
    """Return what a page says went wrong, without its markup."""
    parts = NOTICE.findall(page) or [page[:2000]]
    text = html.unescape(re.sub(r"<[^>]+>", " ", " ".join(parts)))
    return " ".join(text.split())[:300]


def json_blocks(page: str) -> dict[str, Any]:
    """Return the page's json_script blocks by id."""
    return {name: json.loads(text) for name, text in JSON_BLOCK.findall(page)}


def wait_until(check: Any, what: str, *, timeout_s: float, every_s: float = 0.3) -> Any:
    """Call `check` until it returns something true; raises DemoFailed naming `what`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(every_s)
    raise DemoFailed(f"{what} did not happen within {timeout_s:.0f} s. See the logs in var/.")
