"""Choose which generated images of a cell are shown, and log with what probability.

Step 6 of section 4 of the feedback design. A reward model ranks inside the cell only: ranked across
a class, a model that is biased per prototype would empty some prototypes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from generation.feedback.errors import ScreenRefused


class Stratum(StrEnum):
    """Why an image is shown; an image that is not shown has none."""

    ALL = "all"
    TOP = "top"
    AUDIT = "audit"


@dataclass(frozen=True)
class Shown:
    """One image to show: its place in the cell's list, and P(shown | generated)."""

    index: int
    stratum: Stratum
    incl_prob: float


def screen_cell(
    scores: Sequence[float] | None, *, n_generated: int, n_show: int, n_audit: int, seed: int
) -> tuple[Shown, ...]:
    """Choose `n_show` of `n_generated` images: the best by score, and an unscreened audit.

    The top n_show - n_audit are shown for certain; n_audit of the rest are drawn uniformly without
    replacement, with probability n_audit / (n_generated - top), by a generator of this seed.
    Without scores every shown image is drawn alike. Raises ScreenRefused for impossible numbers.
    """
    if not 0 <= n_audit <= n_show <= n_generated:
        raise ScreenRefused(
            f"{n_audit} audited of {n_show} shown of {n_generated} generated is impossible; "
            "audited <= shown <= generated."
        )
    if scores is not None and len(scores) != n_generated:
        raise ScreenRefused(f"{len(scores)} scores for {n_generated} images; give one per image.")
    if n_show == n_generated:
        return tuple(Shown(index, Stratum.ALL, 1.0) for index in range(n_generated))
    rng = np.random.default_rng(seed)
    if scores is None:
        drawn = rng.choice(n_generated, n_show, replace=False)
        return tuple(
            Shown(int(index), Stratum.ALL, n_show / n_generated) for index in sorted(drawn)
        )
    if n_audit == 0 and n_show:
        raise ScreenRefused("A screened cell shows at least one audited image; set n_audit.")
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    top, rest = order[: n_show - n_audit], order[n_show - n_audit :]
    audited = rng.choice(rest, n_audit, replace=False)
    chosen = [Shown(int(index), Stratum.TOP, 1.0) for index in top]
    chosen += [Shown(int(index), Stratum.AUDIT, n_audit / len(rest)) for index in audited]
    return tuple(sorted(chosen, key=lambda shown: shown.index))
