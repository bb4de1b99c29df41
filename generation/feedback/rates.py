"""Plausibility per class of one round, as readers saw it: design-weighted, with intervals."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generation.feedback.evidence import plausibility_rows
from review.results.models import Snapshot

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95


@dataclass(frozen=True)
class ClassRate:
    """Plausible share of one class: of a loop's generator (synthetic) or of real images.

    n: images judged; n_eff: what they are worth after weighting by inclusion probability.
    """

    code: str
    is_real: bool
    n: int
    n_eff: float
    rate: float
    low: float
    high: float


def class_rates(snapshot: Snapshot, lineage: Sequence[str]) -> list[ClassRate]:
    """Return rates per class of the loop's generators, and of real images under their own class.

    An image's value is the mean verdict of its readers, so images, not readings, are counted.
    """
    images: dict[tuple[str, bool], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    weights: dict[str, float] = {}
    for row in _judged(plausibility_rows(snapshot)):
        is_real = row["source"] == "real"
        if is_real and row["class"] != row["truth_class"]:
            continue
        if not is_real and row["model_version"] not in lineage:
            continue
        images[str(row["class"]), is_real][str(row["image"])].append(bool(row["verdict"]))
        weights[str(row["image"])] = 1.0 / float(row["inclusion_probability"] or 1.0)
    return [
        _rate(code, is_real, found, weights) for (code, is_real), found in sorted(images.items())
    ]


def _judged(rows: "pd.DataFrame") -> Iterable[Mapping[str, Any]]:
    names = [
        "image", "class", "truth_class", "source", "model_version", "inclusion_probability",
        "verdict",
    ]  # fmt: skip
    kept = rows[rows["verdict"].notna()][names]
    kept = kept.assign(inclusion_probability=kept["inclusion_probability"].fillna(1.0))
    for values in kept.itertuples(index=False, name=None):
        yield dict(zip(names, values, strict=True))


def _rate(
    code: str, is_real: bool, images: Mapping[str, Sequence[bool]], weights: Mapping[str, float]
) -> ClassRate:
    means = {key: sum(verdicts) / len(verdicts) for key, verdicts in images.items()}
    total = sum(weights[key] for key in means)
    rate = sum(weights[key] * mean for key, mean in means.items()) / total
    n_eff = total**2 / sum(weights[key] ** 2 for key in means)
    low, high = _limits(rate, n_eff)
    return ClassRate(code, is_real, len(means), n_eff, rate, low, high)


def _limits(rate: float, n_eff: float) -> tuple[float, float]:
    """Wilson for whole counts, else Korn and Graubard's exact limits at the effective size."""
    from metrics.stats.proportions.binomial import exact_limits, interval

    successes, n = round(rate * n_eff), round(n_eff)
    if abs(n - n_eff) < 1e-9 and abs(successes - rate * n_eff) < 1e-9:
        found = interval(successes, n)
        return found.low, found.high
    return exact_limits(rate, n_eff, LEVEL)
