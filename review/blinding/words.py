"""Compare two groups by a word each (a colour type, a chunk list) instead of a number."""

from review.blinding.separation import separate

MAX_EXAMPLES = 5


def word_auc(values: list[str], sides: list[bool]) -> float:
    """Return the AUC of the best ordering of the words: by their share of synthetic images."""
    share: dict[str, list[bool]] = {}
    for value, side in zip(values, sides, strict=True):
        share.setdefault(value, []).append(side)
    rank = {value: sum(seen) / len(seen) for value, seen in share.items()}
    return separate([rank[value] for value in values], sides).auc


def examples(values: list[str], sides: list[bool], *, wanted: bool) -> tuple[str, ...]:
    """Return the commonest values of one side."""
    counts: dict[str, int] = {}
    for value, side in zip(values, sides, strict=True):
        if side is wanted:
            counts[value] = counts.get(value, 0) + 1
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    return tuple(ordered[:MAX_EXAMPLES])
