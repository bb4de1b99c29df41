"""Closed loop of a reading, next and submit, against a real gunicorn on a scratch database.

Every reader posts an answer as soon as the one before is confirmed; the confirmation carries the
next cases. Times are those of the reader's socket; CPU is that of the web processes.

    python -m benchmarks.server [--readers 1|20] [--database postgres://..] [--quick] [--json]
"""

import argparse
import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np

from benchmarks.scratch import Site, scratch_site

STUDY = "cells"
READINGS = {"quick": {1: 250, 20: 500}, "full": {1: 600, 20: 1200}}
WARM_UP = 3  # readings per reader that are not timed: first queries, first imports


@dataclass
class Reader:
    """One reader's connection and what it saw."""

    site: Site
    cookie: str
    times_ms: list[float] = field(default_factory=list)
    errors: int = 0
    token: str = ""
    csrf_cookie: str = ""

    def read(self, readings: int) -> None:
        """Answer `readings` cases, one after the other."""
        address = urlsplit(self.site.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        news = self._ask(connection, "GET", "next", None)
        self.token = news["csrf"]
        for place in range(readings):
            body = json.dumps(_answer(news["cases"][0]))
            began = time.perf_counter()
            try:
                news = self._ask(connection, "POST", "submit", body)
            except (OSError, http.client.HTTPException, ValueError):
                self.errors += 1
                continue
            if news.get("status") != "stored":
                self.errors += 1
            if place >= WARM_UP:
                self.times_ms.append((time.perf_counter() - began) * 1000)

    def _ask(
        self, connection: http.client.HTTPConnection, verb: str, path: str, body: str | None
    ) -> Any:
        headers = {"Cookie": f"sessionid={self.cookie}; csrftoken={self.csrf_cookie}"}
        headers |= {"X-CSRFToken": self.token, "Content-Type": "application/json"}
        connection.request(verb, f"/read/{STUDY}/{path}", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise ValueError(f"{path}: {answer.status} {content[:200]!r}")
        cookie = answer.headers.get("Set-Cookie", "")
        if "csrftoken=" in cookie:
            self.csrf_cookie = cookie.split("csrftoken=")[1].split(";")[0]
        return json.loads(content)


def _answer(case: dict[str, Any]) -> dict[str, Any]:
    """Return a plausible answer with times, as the screen sends it."""
    return {
        "assignment": case["assignment"],
        "key": str(uuid4()),
        "base_revision": 0,
        "session": "1.0",
        "answer": {"criteria": dict.fromkeys(case["criteria"], "passes")},
        "timing": {"active_ms": 900, "visible_ms": 900, "idle_ms": 0, "wall_ms": 900},
        "context": {"zoom": 1, "kernel": "bicubic", "dpr": 1, "scale": 8},
    }


def run(readers: int, database: str, quick: bool) -> dict[str, float]:
    """Return the numbers of one closed loop."""
    wanted = READINGS["quick" if quick else "full"]
    each = max(25, wanted[1 if readers == 1 else 20] // readers)
    with scratch_site(readers=readers, cases=each + 5, studies=[STUDY], database=database) as site:
        people = [Reader(site, cookie) for cookie in site.cookies[STUDY]]
        before = site.cpu_seconds()
        threads = [threading.Thread(target=person.read, args=(each,)) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cpu = site.cpu_seconds() - before
        counted = json.loads(site.ask("--count"))
    times = np.concatenate([person.times_ms for person in people])
    return {
        "readers": readers,
        "readings": counted["readings"],
        "p50_ms": round(float(np.percentile(times, 50)), 2),
        "p95_ms": round(float(np.percentile(times, 95)), 2),
        "max_ms": round(float(times.max()), 2),
        "cpu_ms_per_reading": round(1000 * cpu / counted["readings"], 2),
        "double": counted["double"],
        "errors": sum(person.errors for person in people),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Closed loop of a reading, next and submit.")
    parser.add_argument("--readers", type=int, default=1)
    parser.add_argument("--database", default="", help="a PostgreSQL server; default: SQLite")
    parser.add_argument("--quick", action="store_true", help="under 50 seconds")
    parser.add_argument("--json", action="store_true", help="one line of JSON, last on stdout")
    options = parser.parse_args()
    found = run(options.readers, options.database, options.quick)
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:20} {value}")


if __name__ == "__main__":
    main()
