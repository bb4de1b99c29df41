"""Which cases need a further opinion. Pure: verdicts and flags in, a rule out."""

from collections.abc import Iterable

DISPUTED_LOW, DISPUTED_HIGH = 0.2, 0.8  # feedback.md 4, step 3, with the mean over readers as mu
DISPUTED, SPLIT, FLAGGED = "disputed", "split", "flagged"
FLAGS_THAT_COUNT = frozenset({"technical", "duplicate", "not_assessable", "other"})


def rule_for(verdicts: Iterable[bool | None], flags: Iterable[str]) -> str:
    """Return disputed, split, flagged, or an empty string when the case is clear.

    verdicts: the current one of each reader, None where it was not judged. Two readers who judged
    are needed for a disagreement.
    """
    judged = [verdict for verdict in verdicts if verdict is not None]
    if len(judged) >= 2:
        mean = sum(judged) / len(judged)
        if DISPUTED_LOW < mean < DISPUTED_HIGH:
            return DISPUTED
        if 0 < mean < 1:
            return SPLIT
    return FLAGGED if FLAGS_THAT_COUNT.intersection(flags) else ""


def majority(votes: Iterable[str], seats: int) -> str:
    """Return the value that more than half of the seats voted for, or an empty string."""
    counted: dict[str, int] = {}
    for value in votes:
        counted[value] = counted.get(value, 0) + 1
    return next((value for value, n in counted.items() if 2 * n > seats), "")
