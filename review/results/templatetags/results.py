"""How tables of a report become HTML."""

from typing import Any

from django import template

register = template.Library()
OPINION_BADGES = {"disputed": "bad", "split": "warn", "agreed": "ok"}


@register.filter
def is_number(name: str) -> bool:
    """Say whether a column holds numbers: its header starts with `#`."""
    return name.startswith("#")


@register.filter
def head(name: str) -> str:
    """Return a header's text."""
    return name.removeprefix("#")


@register.filter
def lines(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a table's lines with cells that know whether they are numbers."""
    numbers = [is_number(name) for name in table["header"]]
    first_total = len(table["body"]) - table["total"]
    return [
        {
            "total": index >= first_total,
            "cells": [
                {"text": text, "number": number} for text, number in zip(line, numbers, strict=True)
            ],
        }
        for index, line in enumerate(table["body"])
    ]


@register.filter
def block_id(key: str) -> str:
    """Return the id of a figure's JSON block."""
    return f"fig-{key}-data"


@register.filter
def whole_percent(share: float) -> str:
    """Return a share as a whole percentage."""
    return f"{100 * share:.0f}"


@register.filter
def opinion_badge(opinion: str) -> str:
    """Return the colour class of how far readers agree."""
    return OPINION_BADGES.get(opinion, "")
