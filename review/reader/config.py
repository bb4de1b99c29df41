"""The page's configuration: what stays the same for a whole session."""

from typing import Any

from django.middleware.csrf import get_token
from django.urls import reverse

from review.reader.display import display_of, refuses_touch
from review.reader.shortcuts import name_of, shortcuts_of
from review.reader.texts import NAMES, preamble_of, question_of, scale_of, split_question
from review.reader.wire import criteria_asked, news_for, session_name
from review.readings.gallery import offers_gallery
from review.readings.seats import OpenSession, Seat
from review.readings.selectors import CriterionText, part_count, sitting_of
from review.readings.wording import Wording, wording_of
from review.studies.models import Part

BREAK_EVERY = 50
BREAK_MS = 25 * 60 * 1000
IDLE_MS = 60 * 1000


def part_texts(seat: Seat, session: OpenSession, wording: Wording) -> dict[str, Any]:
    """Return the words of a part, for the start page and the reading screen.

    `sitting` of `sittings` is the session's place among the part's; 0 is the practice block.
    """
    asked, aside = split_question(question_of(session, wording.header))
    sitting, sittings = sitting_of(session)
    return {
        "order": session.part_order,
        "of": part_count(seat.study_pk),
        "kind": session.kind,
        "name": NAMES[Part.Kind(session.kind)],
        "question": asked,
        "aside": aside,
        "preamble": preamble_of(session, wording.header),
        "calibration": session.is_calibration,
        "sitting": sitting,
        "sittings": sittings,
        "findings": len(session.findings),
        "gestalt": session.gestalt,
    }


def rules_of(session: OpenSession, wording: Wording) -> dict[str, Any]:
    """Return the display rules: the domain's, overlaid with the part's own."""
    return {**wording.header.get("display", {}), **session.display}


def reader_config(request: Any, seat: Seat, session: OpenSession) -> dict[str, Any]:
    """Return everything the reading screen starts with."""
    name = session_name(session)
    news = news_for(seat, session, name, with_past=True)
    shortcuts, keys = shortcuts_of(seat.preferences)
    screen = reverse("reader:screen", args=[seat.slug])
    native = _native_size(news, session)
    wording = wording_of(seat)
    criteria = criteria_asked(session, wording)
    return {
        **news,
        "session": name,
        "csrf": get_token(request),
        "storage_prefix": f"semblance.pending.{seat.user_public_id}.{seat.study_uuid}.",
        "urls": {
            "screen": screen,
            "submit": reverse("reader:submit", args=[seat.slug]),
            "next": reverse("reader:next", args=[seat.slug]) + f"?session={name}",
            "tablet": reverse("reader:tablet", args=[seat.slug]),
            "sign_in": reverse("account_login") + f"?next={screen}",
            "sign_out": reverse("account_logout") + f"?next={screen}",
            "list": reverse("reader:worklist"),
        },
        "part": part_texts(seat, session, wording),
        "calibration": session.is_calibration,
        "scale": scale_of(session.kind, session.scale),
        "criteria": [_criterion(rule, session, native) for rule in criteria],
        "classes": _classes(session, wording, criteria),
        "findings": _findings(session, wording),
        "gallery": offers_gallery(
            kind=session.kind, gallery=session.gallery, shows_class=session.show_intended_class
        ),
        "lesion": _lesion(session),
        "gestalt": session.gestalt,
        "display": display_of(rules_of(session, wording), native)
        | {"allow_touch": not refuses_touch(rules_of(session, wording), session)},
        "keys": keys,
        "names": {action: name_of(code) for action, code in keys.items()},
        "shortcuts": shortcuts,
        "revise_window": session.window,
        "break_every": BREAK_EVERY,
        "break_ms": BREAK_MS,
        "idle_ms": IDLE_MS,
    }


def _lesion(session: OpenSession) -> dict[str, Any] | None:
    """Return what a lesion part offers beside its criteria; None in other parts."""
    if session.kind != Part.Kind.LESION:
        return None
    has_outline = bool(session.display.get("rendition", {}).get("outline", False))
    return {"outline": has_outline, "defect": session.defect_point}


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
    session: OpenSession, wording: Wording, criteria: list[CriterionText]
) -> list[dict[str, str]]:
    """Return the classes where one may be picked."""
    names_one = session.kind == Part.Kind.IDENTIFY and not session.findings
    picks = names_one or any(rule.opens for rule in criteria)
    chosen = wording.classes.values() if picks else []
    return [{"code": words.code, "name": words.name} for words in chosen]


def _findings(session: OpenSession, wording: Wording) -> list[dict[str, str]]:
    """Return the findings that the part asks, in the part's order."""
    asked = [wording.classes[code] for code in session.findings]
    return [{"code": words.code, "name": words.name, "note": words.note} for words in asked]
