"""Match the arms of a class on covariates: equal numbers of each level, as far as images go."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from review.catalog.models import ImageAsset
from review.studies.randomise.repeats import share_out

CLUSTER = "cluster"  # not a covariate: at most one image of a patient or lesion
Level = tuple[str, ...]


def level_of(image: ImageAsset, matching: tuple[str, ...]) -> Level:
    """Return the image's levels of the covariates; one that it lacks is an empty level."""
    return tuple(str(image.covariates.get(name, "")) for name in matching if name != CLUSTER)


def matched_quotas(
    wanted: Mapping[int, int],
    left: Mapping[int, Sequence[ImageAsset]],
    matching: tuple[str, ...],
) -> dict[int, dict[Level, int]]:
    """Return arm -> level -> how many to take; empty when nothing is matched.

    wanted: arm -> count; left: arm -> images of the class. An arm whose images know none of the
    covariates cannot be matched and takes no part. A level counts as often as the arm with the
    fewest of it allows.
    """
    names = tuple(name for name in matching if name != CLUSTER)
    levels = {arm: Counter(level_of(image, names) for image in images)
              for arm, images in left.items()}  # fmt: skip
    known = {arm: found for arm, found in levels.items() if any(any(level) for level in found)}
    if not names or len(known) < 2:
        return {}
    total = min(wanted[arm] for arm in known)
    common = {
        json.dumps(level): min(found[level] for found in known.values())
        for level in sorted(set().union(*known.values()))
    }
    shares = share_out(total, common)
    quota = {tuple(json.loads(name)): n for name, n in shares.items() if n}
    return dict.fromkeys(known, quota)


def quota_like(
    wanted: int, shown: Sequence[Level], left: Sequence[ImageAsset], matching: tuple[str, ...]
) -> dict[Level, int]:
    """Return level -> how many to take of one arm, so that it mixes levels as `shown` does.

    No more of a level than there is left; empty when nothing is matched or nothing is known.
    """
    names = tuple(name for name in matching if name != CLUSTER)
    mix = Counter(level for level in shown if any(level))
    if not names or not mix:
        return {}
    there = Counter(level_of(image, names) for image in left)
    shares = share_out(wanted, {json.dumps(level): n * wanted for level, n in mix.items()})
    quotas = {tuple(json.loads(name)): n for name, n in shares.items()}
    return {level: min(n, there[level]) for level, n in quotas.items() if min(n, there[level])}
