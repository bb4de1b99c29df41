"""Which generators count for a loop, how old their images are, and which prototypes they have."""

from collections.abc import Sequence

from generation.training.models import Checkpoint

MAX_GENERATIONS = 50


def lineage_of(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return card hashes from a checkpoint back through what it was fine-tuned from.

    The position is the age of a model version: 0 for the current one.
    """
    cards: list[str] = []
    current: Checkpoint | None = checkpoint
    while current is not None and len(cards) < MAX_GENERATIONS:
        cards.append(current.card_sha256)
        current = current.parent
    return tuple(cards)


def prototype_shares(checkpoint: Checkpoint, code: str) -> tuple[float, ...]:
    """Return pi_ck of a class: the share of real images nearest to each prototype; sums to 1.

    Without a bank, or for a class it does not know, every prototype gets the same share.
    """
    count = prototypes_per_class(checkpoint)
    known: Sequence[float] = (checkpoint.bank.shares if checkpoint.bank else {}).get(code) or ()
    total = sum(known)
    if len(known) != count or total <= 0:
        return (1.0 / count,) * count
    return tuple(share / total for share in known)


def prototypes_per_class(checkpoint: Checkpoint) -> int:
    """Return K, at least 1."""
    if checkpoint.bank is not None:
        return max(checkpoint.bank.per_class, 1)
    return max(int(checkpoint.config.get("prototypes", 1)), 1)
