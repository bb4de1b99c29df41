"""Numbers as people read them. Exports never pass through here: they keep full precision."""

import re
from collections.abc import Iterable
from typing import Any

NONE = "–"
REFUSED = "refused"
LUCK = "happen to be all but equal"  # in the warning of limits that are too narrow by luck
MINUS = "\u2212"


# signs of the library's method names as a journal prints them
PRINTED = {
    "wilson": "Wilson",
    "newcombe": "Newcombe",
    "clopper-pearson": "Clopper-Pearson",
    "jeffreys": "Jeffreys",
    "agresti-coull": "Agresti-Coull",
    " auc": " AUC",
    " 0.95": " 95 %",
}


def _fixed(value: float, digits: int, sign: str = "") -> str:
    """Return the rounded number; what rounds to nothing has no sign."""
    text = f"{value:{sign}.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", MINUS)


def percent(value: float | None, digits: int = 1) -> str:
    return NONE if value is None else f"{_fixed(100 * value, digits)} %"


def points(value: float | None, digits: int = 1) -> str:
    """Return a difference of rates in percentage points, with its sign."""
    return NONE if value is None else _fixed(100 * value, digits, "+")


def number(value: float | None, digits: int = 2) -> str:
    return NONE if value is None else _fixed(value, digits)


def p_value(value: float | None) -> str:
    if value is None:
        return NONE
    return "<\u00a0.001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def with_limits(estimate: float | None, low: float | None, high: float | None) -> str:
    """Return `62.5 % (51.8 to 72.1)`; without limits the estimate alone."""
    if estimate is None or low is None or high is None:
        return percent(estimate)
    return f"{percent(estimate)} ({_fixed(100 * low, 1)} to {_fixed(100 * high, 1)})"


def marked(text: str, warnings: str) -> str:
    """Return the text with a dagger where its limits are too narrow by luck."""
    return f"{text} †" if LUCK in warnings else text


def luck(rows: Iterable[Any]) -> str:
    """Return what the dagger means, where a row has one; a caption ends with it."""
    found = any(LUCK in row.warnings for row in rows)
    return " † Limits too narrow: the readers' rates happen to be all but equal." if found else ""


def points_with_limits(estimate: float | None, low: float | None, high: float | None) -> str:
    if estimate is None or low is None or high is None:
        return points(estimate)
    return f"{points(estimate)} ({points(low)} to {points(high)})"


def number_with_limits(estimate: float | None, low: float | None, high: float | None) -> str:
    if estimate is None or low is None or high is None:
        return number(estimate)
    return f"{number(estimate)} ({number(low)} to {number(high)})"


def count(n: int, one: str, many: str | None = None) -> str:
    """Return `1 reader`, `3 readers`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def sentence_list(parts: Iterable[str]) -> str:
    """Return `a, b and c`."""
    words = list(parts)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def method(name: str) -> str:
    """Return a method as a caption names it."""
    for sign, printed in PRINTED.items():
        name = re.sub(rf"{re.escape(sign)}(?![\w.])", printed, name)
    return name


def methods(rows: Iterable[Any]) -> str:
    """Return `Methods: ..` of rows that have one, and why the others are refused.

    A caption ends with it: a dash in a table is then never without its reason.
    """
    every = tuple(rows)
    used = unique(method(row.method) for row in every if row.method != REFUSED)
    reasons = unique(row.warnings for row in every if row.method == REFUSED)
    said = f"Methods: {'; '.join(used)}." if used else ""
    more = "; the CSV has further reasons" if len(reasons) > 1 else ""
    why = f"{NONE} means refused: {reasons[0].rstrip('.')}{more}." if reasons else ""
    return " ".join(filter(None, (said, why))) or "No row, no method."


def unique(parts: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct texts in order of first use."""
    return tuple(dict.fromkeys(part for part in parts if part))
