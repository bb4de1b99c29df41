"""Keyed ranks: who knows the secret can recompute them, nobody else can guess them."""

import hmac

from review.studies.errors import StudyError

FULL = 1 << 64


def keyed_rank(secret: bytes, *names: object) -> int:
    """Return the first 64 bits of HMAC-SHA256(secret, names joined by '|')."""
    text = "|".join(str(name) for name in names)
    return int.from_bytes(hmac.digest(secret, text.encode(), "sha256")[:8], "big")


def keyed_fraction(secret: bytes, *names: object) -> float:
    """Return a number in [0, 1) that is as good as random to whoever lacks the secret."""
    return (keyed_rank(secret, *names) >> 11) / (1 << 53)


def seed_bytes(seed: int) -> bytes:
    """Return a recorded seed as the key of keyed_rank."""
    if not 0 <= seed < FULL:
        raise StudyError(f"Seed {seed} is outside 0..2^64-1. Take a smaller whole number.")
    return seed.to_bytes(8, "big")
