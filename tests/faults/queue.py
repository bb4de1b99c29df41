"""A reader's queue without a browser: each answer is sent until the server has said what it is."""

import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from benchmarks.server import _answer
from tests.faults.site import STUDY

PATIENCE_S = 60


@dataclass
class Reader:
    """Answer cases in order; `sent` maps key -> assignment, `failures` are what went wrong."""

    url: str
    cookie: str
    sent: dict[str, str] = field(default_factory=dict)
    statuses: list[str] = field(default_factory=list)
    failures: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    lost: int = 0
    token: str = ""
    csrf: str = ""

    def read(self, count: int) -> None:
        """Answer the next `count` cases."""
        news = self._until_answered("GET", "next", None)
        self.token = news["csrf"]
        for _ in range(count):
            body = _answer(news["cases"][0])
            self.sent[body["key"]] = body["assignment"]
            news = self._until_answered("POST", "submit", body)
            self.statuses.append(news["status"])

    def _until_answered(self, verb: str, path: str, body: Any) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                code, headers, news = self._ask(verb, path, body)
            except (OSError, http.client.HTTPException):
                self.lost += 1
            else:
                if code == 200:
                    return news
                self.failures.append((code, headers, news))
                assert code >= 500, (code, news)
            time.sleep(0.05)
        raise AssertionError(f"no answer in {PATIENCE_S} s: {self.failures[-3:]}")

    def _ask(self, verb: str, path: str, body: Any) -> tuple[int, dict[str, str], Any]:
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
        headers = {"Cookie": f"sessionid={self.cookie}; csrftoken={self.csrf}"}
        headers |= {"X-CSRFToken": self.token, "Content-Type": "application/json"}
        try:
            text = None if body is None else json.dumps(body)
            connection.request(verb, f"/read/{STUDY}/{path}", text, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        cookie = answer.headers.get("Set-Cookie", "")
        if "csrftoken=" in cookie:
            self.csrf = cookie.split("csrftoken=")[1].split(";")[0]
        kind = answer.headers.get("Content-Type", "")
        news = json.loads(content) if kind.startswith("application/json") else content[:200]
        return answer.status, dict(answer.headers), news
