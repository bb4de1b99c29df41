"""The page's configuration: what stays the same for a whole session."""

from typing import Any

from django.middleware.csrf import get_token
from django.urls import reverse

from review.reader.display import display_of
from review.reader.shortcuts import name_of, shortcuts_of
from review.reader.texts import NAMES, preamble_of, question_of, scale_of, split_question
from review.reader.wire import CRITERIA_PARTS, news_for, session_name
from review.readings.seats import OpenSession, Seat
from review.readings.selectors import (
    CriterionText,
    classes_of,
    criteria_of,
    header_of,
    part_count,
)
from review.studies.models import Part

BREAK_EVERY = 50
BREAK_MS = 25 * 60 * 1000
IDLE_MS = 60 * 1000


def part_texts(seat: Seat, session: OpenSession) -> dict[str, Any]:
    """Return the words of a part, for the start page and the reading screen."""
    header = header_of(seat.domain_pk)
    asked, aside = split_question(question_of(session, header))
    return {
        "order": session.part_order,
        "of": part_count(seat.study_pk),
        "kind": session.kind,
        "name": NAMES[Part.Kind(session.kind)],
        "question": asked,
        "aside": aside,
        "preamble": preamble_of(session.kind, header),
    }


def rules_of(seat: Seat, session: OpenSession) -> dict[str, Any]:
    """Return the display rules: the domain's, overlaid with the part's own."""
    return {**header_of(seat.domain_pk).get("display", {}), **session.display}


def reader_config(request: Any, seat: Seat, session: OpenSession) -> dict[str, Any]:
    """Return everything the reading screen starts with."""
    name = session_name(session)
    news = news_for(seat, session, name, with_past=True)
    shortcuts, keys = shortcuts_of(seat.preferences)
    screen = reverse("reader:screen", args=[seat.slug])
    native = _native_size(news, session)
    criteria = criteria_of(seat.criterion_set_pk) if session.kind in CRITERIA_PARTS else []
    return {
        **news,
        "session": name,
        "csrf": get_token(request),
        "storage_prefix": f"semblance.pending.{seat.user_public_id}.{seat.study_uuid}.",
        "urls": {
            "screen": screen,
            "submit": reverse("reader:submit", args=[seat.slug]),
            "next": reverse("reader:next", args=[seat.slug]) + f"?session={name}",
            "sign_in": reverse("account_login") + f"?next={screen}",
            "list": reverse("reader:worklist"),
        },
        "part": part_texts(seat, session),
        "scale": scale_of(session.kind, session.scale),
        "criteria": [_criterion(rule, session, native) for rule in criteria],
        "classes": _classes(seat, session, criteria),
        "display": display_of(rules_of(seat, session), native),
        "keys": keys,
        "names": {action: name_of(code) for action, code in keys.items()},
        "shortcuts": shortcuts,
        "revise_window": session.revise_window,
        "break_every": BREAK_EVERY,
        "break_ms": BREAK_MS,
        "idle_ms": IDLE_MS,
    }


def _native_size(news: dict[str, Any], session: OpenSession) -> int:
    cases = [*news["cases"], *news.get("past", [])]
    if cases:
        return int(cases[0]["image"]["width"])
    return int(session.display.get("px", 64))


def _criterion(rule: CriterionText, session: OpenSession, native: int) -> dict[str, Any]:
    return {
        "code": rule.code,
        "label": rule.label,
        "help": rule.help,
        "counts": rule.counts,
        "opens": rule.opens,
        "small": rule.min_px > native,
        "preset": session.preset_below_min_px and rule.min_px > native,
    }


def _classes(
    seat: Seat, session: OpenSession, criteria: list[CriterionText]
) -> list[dict[str, str]]:
    """Return the classes where one may be picked."""
    picks = session.kind == Part.Kind.IDENTIFY or any(rule.opens for rule in criteria)
    pairs = classes_of(seat.domain_pk) if picks else []
    return [{"code": code, "name": name} for code, name in pairs]
