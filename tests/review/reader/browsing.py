"""What a reader's browser does, without a browser."""

import gzip
import json
import re
from typing import Any
from uuid import uuid4

from django.test import Client

from tests.worlds.study import World

CONFIG = re.compile(r'<script id="reader-config" type="application/json">(.*?)</script>', re.DOTALL)


def signed_in(world: World, reader: int = 0) -> Client:
    """Return a client signed in as one of the world's readers."""
    client = Client()
    client.force_login(world.readers[reader])
    return client


def body_of(answer: Any) -> str:
    """Return a response's text, unpacked if it was compressed."""
    packed = answer.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(answer.content) if packed else answer.content).decode()


def open_screen(client: Client, world: World) -> dict[str, Any]:
    """Return the configuration of the reading screen."""
    page = client.get(f"/read/{world.study.slug}/")
    found = CONFIG.search(body_of(page))
    assert found, f"no reading screen: {page.status_code}"
    return json.loads(found.group(1))


def answer_for(case: dict[str, Any], kind: str = "plausibility") -> dict[str, Any]:
    """Return a fresh submit body for a case."""
    said: dict[str, Any] = {"criteria": dict.fromkeys(case["criteria"], "passes")}
    if kind == "gestalt":
        said["gestalt"] = "implausible"
    if kind in ("turing", "acceptability"):
        said = {"value": 2}
    if kind == "identify":
        said = {"perceived_class": "EOS"}
    if kind == "findings":
        said = {"findings": {"BAS": "present", "EOS": "not_judgeable"}}
    return {
        "assignment": case["assignment"],
        "key": str(uuid4()),
        "base_revision": case["base_revision"],
        "session": f"{case['part']}.0",
        "answer": said,
        "timing": {"shown_at": "2026-01-02T03:04:05Z", "active_ms": 900, "wall_ms": 1000},
        "context": {"zoom": 1, "kernel": "bicubic"},
    }


def post(client: Client, world: World, body: Any) -> Any:
    """Submit a body."""
    url = f"/read/{world.study.slug}/submit"
    return client.post(url, json.dumps(body), content_type="application/json")
