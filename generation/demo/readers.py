"""Let a stand-in read a whole study through the reading screen's own endpoints."""

import io
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from generation.demo.errors import DemoFailed
from generation.demo.standins import StandIn
from generation.demo.visitor import Visitor, json_blocks
from review.blinding.container import unpack_film

Progress = Callable[[int, int], None]
MAX_SESSIONS = 20


def read_study(
    visitor: Visitor, slug: str, reader: StandIn, *, codes: dict[str, str], report: Progress
) -> int:
    """Read every session of a study; return how many answers were stored.

    codes: class name on the screen -> class code. Raises DemoFailed when the site refuses.
    """
    stored = 0
    for _ in range(MAX_SESSIONS):
        config = _open(visitor, slug)
        if config is None:
            return stored
        stored += _read_session(visitor, config, reader, codes, report)
    raise DemoFailed(f"Study {slug!r} has more than {MAX_SESSIONS} sessions.")


def _open(visitor: Visitor, slug: str) -> dict[str, Any] | None:
    """Return the screen's configuration, past consent and start page; None when all is read."""
    for _ in range(4):
        page = visitor.page(f"/read/{slug}/")
        where = visitor.where
        if where.endswith("/consent"):
            visitor.submit(where, {"agree": "yes"})
        elif where.endswith("/start"):
            visitor.submit(where, {"viewport": "1280x800", "dpr": "1", "colour_depth": "24"})
        else:
            found: dict[str, Any] | None = json_blocks(page).get("reader-config")
            return found
    raise DemoFailed(f"The reading screen of {slug!r} did not open.")


def _read_session(
    visitor: Visitor,
    config: dict[str, Any],
    reader: StandIn,
    codes: dict[str, str],
    report: Progress,
) -> int:
    visitor.token = config["csrf"]
    part, cases, stored = config["part"], list(config["cases"]), 0
    while cases:
        case = cases[0]
        pixels = _pixels(visitor, case["image"])
        answer = _answer(part, case, pixels, reader, codes)
        news = visitor.send(config["urls"]["submit"], _body(case, config["session"], answer))
        if news["status"] != "stored":
            raise DemoFailed(f"An answer was {news['status']}, not stored.")
        stored += 1
        report(case["position"], case["total"])
        cases = list(news["cases"])
    return stored


def _pixels(visitor: Visitor, image: dict[str, Any]) -> np.ndarray:
    """Return a case's pixels as the screen would decode them."""
    from PIL import Image

    content = visitor.content(image["url"])
    if image["media"] == "u16":
        film, bits = unpack_film(content)
        return (film.astype(np.uint32) << (16 - bits)).astype(np.uint16)
    return np.asarray(Image.open(io.BytesIO(content)))


def _answer(
    part: dict[str, Any],
    case: dict[str, Any],
    pixels: np.ndarray,
    reader: StandIn,
    codes: dict[str, str],
) -> dict[str, Any]:
    kind = part["kind"]
    if kind == "turing":
        return {"value": reader.realness(pixels)}
    if kind != "plausibility":
        raise DemoFailed(f"The stand-in readers do not answer {kind!r} parts.")
    code = codes[case["class_name"]]
    answer: dict[str, Any] = {"criteria": reader.criteria(pixels, code, case["criteria"])}
    if part["gestalt"]:  # at a glance: does it look real, whatever its criteria say
        answer["gestalt"] = "plausible" if reader.realness(pixels) > 3 else "implausible"
    return answer


def _body(case: dict[str, Any], session: str, answer: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    shown = now - timedelta(milliseconds=20)
    return {
        "assignment": case["assignment"],
        "key": str(uuid.uuid4()),
        "base_revision": case["base_revision"],
        "session": session,
        "answer": answer,
        "timing": {
            "shown_at": shown.isoformat(),
            "first_input_at": now.isoformat(),
            "committed_at": now.isoformat(),
            "active_ms": 20,
            "visible_ms": 20,
            "idle_ms": 0,
            "wall_ms": 20,
        },
        "context": {},
    }


class Stopwatch:
    """Seconds per station, added up over rounds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = time.monotonic()

    def lap(self, station: str) -> None:
        """Book the time since the last lap on a station."""
        now = time.monotonic()
        self.seconds[station] = round(self.seconds.get(station, 0) + now - self._started, 2)
        self._started = now
