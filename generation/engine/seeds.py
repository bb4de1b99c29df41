"""Seeds of images: a function of the run's seed and the image's index, and of nothing else."""

from __future__ import annotations

import hashlib


def image_seed(run_seed: int, index: int) -> int:
    """Return 63 bits of SHA-256 over (run seed, index).

    Two arms with the same run seed start image i from the same noise.
    """
    digest = hashlib.sha256(f"{run_seed}:{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
