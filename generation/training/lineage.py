"""Which generators count for a loop, what they learned from, and which prototypes they have."""

from collections.abc import Sequence

from django.db.models import Q

from generation.training.models import Checkpoint, TrainingJob
from review.catalog.models import Pool

MAX_GENERATIONS = 50


def lineage_of(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return card hashes from a checkpoint back through what it was fine-tuned from.

    The position is the age of a model version: 0 for the current one.
    """
    return tuple(one.card_sha256 for one in ancestry_of(checkpoint))


def ancestry_of(checkpoint: Checkpoint) -> list[Checkpoint]:
    """Return a checkpoint and what it was fine-tuned from, newest first."""
    found: list[Checkpoint] = []
    current: Checkpoint | None = checkpoint
    while current is not None and len(found) < MAX_GENERATIONS:
        found.append(current)
        current = current.parent
    return found


def pools_learned_from(checkpoint: Checkpoint) -> list[Pool]:
    """Return the pools of real images that a checkpoint and its ancestors were trained on.

    An early checkpoint is found by the prototype bank that its training made. A training whose
    record is gone adds nothing.
    """
    trained = Q(pk__in=[])
    for one in ancestry_of(checkpoint):
        trained |= Q(checkpoint=one)
        if one.bank is not None:
            trained |= Q(family=one.family, options__bank=one.bank.card_sha256)
    jobs = TrainingJob.objects.filter(trained)
    return list(Pool.objects.filter(pk__in=jobs.values("pool")).order_by("pk"))


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
