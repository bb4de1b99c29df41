"""Numbers as people read them. Exports never pass through here: they keep full precision."""

from collections.abc import Iterable

NONE = "–"
MINUS = "\u2212"


def percent(value: float | None, digits: int = 1) -> str:
    return NONE if value is None else f"{100 * value:.{digits}f} %".replace("-", MINUS)


def points(value: float | None, digits: int = 1) -> str:
    """Return a difference of rates in percentage points, with its sign."""
    return NONE if value is None else f"{100 * value:+.{digits}f}".replace("-", MINUS)


def number(value: float | None, digits: int = 2) -> str:
    return NONE if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def p_value(value: float | None) -> str:
    if value is None:
        return NONE
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def with_limits(estimate: float | None, low: float | None, high: float | None) -> str:
    """Return `62.5 % (51.8 to 72.1)`; without limits the estimate alone."""
    if estimate is None or low is None or high is None:
        return percent(estimate)
    return f"{percent(estimate)} ({100 * low:.1f} to {100 * high:.1f})".replace("-", MINUS)


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


def unique(parts: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct texts in order of first use."""
    return tuple(dict.fromkeys(part for part in parts if part))
