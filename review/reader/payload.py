"""The body of a submit: JSON with a fixed shape; anything else is refused."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from review.reader.errors import BadPayload
from review.readings.answers import Answer, Flag, Timing

MOMENTS = ("shown_at", "first_input_at", "committed_at")
SPANS = ("active_ms", "visible_ms", "idle_ms", "wall_ms")
LONGEST_MS = 2**31 - 1  # what the column holds: 24 days
MOST_FLAGS = 10
COUNTS = ("gallery_opens", "gallery_ms", "outline_opens")


@dataclass(frozen=True)
class SubmitRequest:
    """A parsed submit."""

    assignment: UUID
    key: UUID
    base_revision: int
    session: str
    answer: Answer


def parse_submit(body: bytes) -> SubmitRequest:
    """Parse a submit. Raises BadPayload, which names the field."""
    try:
        sent = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadPayload("The body is not JSON.") from error
    fields = _table(sent, "body")
    return SubmitRequest(
        assignment=_uuid(fields, "assignment"),
        key=_uuid(fields, "key"),
        base_revision=_whole(fields.get("base_revision", 0), "base_revision", 10_000) or 0,
        session=_text(fields, "session", 20),
        answer=_answer(fields),
    )


def _no_number(word: str) -> float:
    raise BadPayload(f"{word} is not a number that can be stored.")


def _answer(fields: dict[str, Any]) -> Answer:
    said = _table(fields.get("answer", {}), "answer")
    flags = said.get("flags", [])
    if not isinstance(flags, list) or len(flags) > MOST_FLAGS:
        raise BadPayload(f"flags: a list of at most {MOST_FLAGS}")
    return Answer(
        criteria=_states(said.get("criteria", {}), "criteria"),
        findings=_states(said.get("findings", {}), "findings"),
        value=_whole(said.get("value"), "value", 100),
        perceived_class=_text(said, "perceived_class", 40),
        gestalt=_text(said, "gestalt", 20),
        cannot_judge=_text(said, "cannot_judge", 40),
        note=_text(said, "note", 5000),
        flags=tuple(_flag(flag) for flag in flags),
        defect_at=_point(said.get("defect_at")),
        timing=_timing(_table(fields.get("timing", {}), "timing")),
        context=_context(_table(fields.get("context", {}), "context")),
    )


def _states(sent: Any, name: str) -> dict[str, str]:
    table = _table(sent, name)
    if len(table) > 100 or not all(isinstance(value, str) for value in table.values()):
        raise BadPayload(f"{name}: code -> state")
    return table


def _point(sent: Any) -> tuple[float, float] | None:
    if sent is None:
        return None
    is_pair = isinstance(sent, list) and [type(at) in (int, float) for at in sent] == [True] * 2
    if not is_pair or not all(0 <= at <= 1 for at in sent):
        raise BadPayload("defect_at: two numbers from 0 to 1")
    return float(sent[0]), float(sent[1])


def _flag(sent: Any) -> Flag:
    table = _table(sent, "flags")
    return Flag(kind=_text(table, "kind", 20), text=_text(table, "text", 5000))


def _timing(sent: dict[str, Any]) -> Timing:
    moments = {name: _moment(sent.get(name), name) for name in MOMENTS}
    spans = {name: _whole(sent.get(name), name, LONGEST_MS) for name in SPANS}
    return Timing(**moments, **spans)  # type: ignore[arg-type]


def _context(sent: dict[str, Any]) -> dict[str, Any]:
    """Keep the known facts about the view; drop the rest."""
    kept: dict[str, Any] = _counts(sent)
    for name in ("zoom", "dpr", "scale"):
        if isinstance(sent.get(name), int | float):
            kept[name] = round(_bounded(sent[name]), 4)
    for name in ("invert", "calibrated"):
        if isinstance(sent.get(name), bool):
            kept[name] = sent[name]
    if sent.get("kernel") in ("nearest", "bicubic"):
        kept["kernel"] = sent["kernel"]
    window = sent.get("window")
    if isinstance(window, list) and [type(edge) in (int, float) for edge in window] == [True] * 2:
        kept["window"] = [round(_bounded(edge), 2) for edge in window]
    return kept


def _counts(sent: dict[str, Any]) -> dict[str, int]:
    """Keep how often and how long something was looked at beside the image."""
    whole = {name: sent[name] for name in COUNTS if type(sent.get(name)) is int}
    return {name: max(0, min(LONGEST_MS, value)) for name, value in whole.items()}


def _bounded(value: float) -> float:
    return max(-1e6, min(1e6, value))


def _table(sent: Any, name: str) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise BadPayload(f"{name}: an object is expected")
    return sent


def _uuid(fields: dict[str, Any], name: str) -> UUID:
    try:
        return UUID(str(fields.get(name)))
    except ValueError as error:
        raise BadPayload(f"{name}: a UUID is expected") from error


def _text(fields: dict[str, Any], name: str, limit: int) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str) or len(value) > limit:
        raise BadPayload(f"{name}: text of at most {limit} characters is expected")
    # PostgreSQL stores no NUL, and no half of a character that a browser cut in two.
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def _whole(value: Any, name: str, top: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= top:
        raise BadPayload(f"{name}: a whole number from 0 to {top} is expected")
    return value


def _moment(value: Any, name: str) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadPayload(f"{name}: an ISO 8601 time is expected") from error
    if not 2000 <= at.year < 2200:
        raise BadPayload(f"{name}: the year {at.year} is out of range")
    return at
