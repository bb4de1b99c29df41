"""One cell's plausibility: the rate, its interval, and everything that did not become a verdict."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from metrics.errors import InsufficientData
from metrics.report.document import Row
from metrics.report.selection import cases, readers_of, verdicts
from metrics.report.words import LUCK, unique
from metrics.stats.proportions import (
    clustered_rate,
    interval,
    multi_reader_rate,
    post_stratified_rate,
)
from metrics.stats.result import THESE_READERS, Estimate

SAFE_CLUSTERS = 40
TOO_NARROW = (
    f"the readers' rates {LUCK}: the limits are narrower than independent "
    "readings would give, and are not to be relied on"
)
SCREENED = "screened images, weighted by inclusion probability"


@dataclass(frozen=True)
class RateRow(Row):
    """Hold the plausibility of one class in one arm.

    `estimate` is None where the data refuse it, and `warnings` then say why. `as_shown` is the
    share of plausible among judged readings: a description, biased where images were screened.
    `worst` and `best` count every cannot-judge and missing reading as implausible, as plausible.
    """

    part: int
    class_code: str
    class_name: str
    arm: str
    source: str
    estimate: float | None
    low: float | None
    high: float | None
    n_images: int
    n_readers: int
    n_readings: int
    n_plausible: int
    n_cannot_judge: int
    n_missing: int
    as_shown: float | None
    worst: float | None
    best: float | None
    method: str
    estimand: str
    warnings: str


@dataclass(frozen=True)
class Place:
    """Name the cell that a row speaks of."""

    part: int
    class_code: str
    class_name: str
    arm: str
    source: str


def is_screened(cell: pd.DataFrame) -> bool:
    """Say whether images of the cell were shown with logged probabilities below 1."""
    return bool((cell["inclusion_probability"] < 1).any())


def cell_estimate(cell: pd.DataFrame) -> Estimate:
    """Return the rate of one cell by the method that its design asks for.

    Screened images: Hajek-weighted. Several readers: readers and images random. One reader:
    Wilson, or a clustered interval where images share a patient, lesion or seed.
    Raises InsufficientData, or ValueError where a probability is absent.
    """
    if is_screened(cell):
        return _weighted(cell)
    values = verdicts(cell)
    if len(readers_of(cell)) > 1:
        frame = pd.DataFrame({"reader": cell["reader"], "case": cases(cell), "value": values})
        judged = frame[frame["reader"].isin(_judges(cell))]
        return _noting_clusters(cell, readers_rate(judged))
    seen = ~np.isnan(values)
    missing = int((~seen).sum())
    if has_clusters(cell[seen]):
        keys = cluster_labels(cell)
        method = "cr2" if keys[seen].nunique() < SAFE_CLUSTERS else "logit-t"
        return clustered_rate(values, keys, method)
    return replace(interval(int(np.nansum(values)), int(seen.sum())), n_missing=missing)


def rate_row(cell: pd.DataFrame, place: Place, estimate: Estimate | None, why: str = "") -> RateRow:
    """Return the row of a cell; `why` says what refused the estimate."""
    values = verdicts(cell)
    n, yes, rows = int((~np.isnan(values)).sum()), int(np.nansum(values)), len(cell)
    return RateRow(
        part=place.part,
        class_code=place.class_code,
        class_name=place.class_name,
        arm=place.arm,
        source=place.source,
        estimate=estimate.estimate if estimate else None,
        low=estimate.low if estimate else None,
        high=estimate.high if estimate else None,
        n_images=estimate.n_images if estimate else cases(cell).nunique(),
        n_readers=len(readers_of(cell)),
        n_readings=n,
        n_plausible=yes,
        n_cannot_judge=int((cell["outcome"] == "cannot_judge").sum()),
        n_missing=int((cell["outcome"] == "missing").sum()),
        as_shown=yes / n if n else None,
        worst=yes / rows if rows else None,
        best=(rows - n + yes) / rows if rows else None,
        method=_method(cell, estimate),
        estimand=estimate.estimand if estimate else "",
        warnings="; ".join(unique((*(estimate.warnings if estimate else ()), why))),
    )


def estimate_or_reason(cell: pd.DataFrame) -> tuple[Estimate | None, str]:
    """Return the cell's estimate, or None and why the data refuse one."""
    try:
        return cell_estimate(cell), ""
    except ValueError as error:  # InsufficientData is one
        return None, str(error)


def readers_rate(frame: pd.DataFrame) -> Estimate:
    """Return the rate over readers and images, and say where its limits are too narrow by luck.

    frame: columns reader, case, value. Readers whose rates happen to be all but equal leave the
    spread between readers at nothing: such limits, narrower than independent readings would give,
    hold their level over many studies but not in those where it happens.
    """
    found = multi_reader_rate(frame)
    seen = frame["value"].dropna()
    alone = interval(int(seen.sum()), len(seen))
    if found.high - found.low >= alone.high - alone.low:
        return found
    return replace(found, warnings=(*found.warnings, TOO_NARROW))


def macro_estimate(cell: pd.DataFrame) -> Estimate:
    """Return the unweighted mean of the class rates, each class an equal stratum.

    Several readers: the mean verdict of each image stands in, and the interval speaks of these
    readers only. Raises InsufficientData where a class has fewer than 2 judged images.
    """
    images = image_means(cell)
    shares = dict.fromkeys(images["class"].unique(), 1.0)
    found = post_stratified_rate(
        images["value"], images["probability"], strata=images["class"], shares=shares
    )
    return _for_readers(found, cell)


def image_means(cell: pd.DataFrame) -> pd.DataFrame:
    """Return one row per image: class, stratum, probability (1 if unscreened), mean verdict."""
    frame = pd.DataFrame(
        {
            "case": cases(cell),
            "class": cell["class"],
            "stratum": cell["stratum"],
            "probability": cell["inclusion_probability"] if is_screened(cell) else 1.0,
            "value": verdicts(cell),
        }
    )
    grouped = frame.groupby("case", sort=True)
    means = grouped[["class", "stratum", "probability"]].first()
    return means.assign(value=grouped["value"].mean()).dropna(subset=["value"])


def has_clusters(cell: pd.DataFrame) -> bool:
    """Say whether two different images of the cell share a cluster key."""
    keyed = cell[cell["cluster_key"] != ""]
    return bool(keyed.drop_duplicates("image")["cluster_key"].duplicated().any())


def cluster_labels(cell: pd.DataFrame) -> pd.Series:
    """Return a cluster label per reading; an image without a key is a cluster of its own."""
    return cell["cluster_key"].where(cell["cluster_key"] != "", cases(cell))


def _weighted(cell: pd.DataFrame) -> Estimate:
    images = image_means(cell)
    try:
        found = post_stratified_rate(images["value"], images["probability"], images["stratum"])
    except InsufficientData:  # a stratum with a single image: weigh without strata
        found = post_stratified_rate(images["value"], images["probability"])
    return _for_readers(found, cell)


def _for_readers(found: Estimate, cell: pd.DataFrame) -> Estimate:
    readers, n = readers_of(cell), int((~np.isnan(verdicts(cell))).sum())
    changed = replace(found, n_readers=max(len(readers), 1), n_readings=n, n_missing=len(cell) - n)
    return replace(changed, estimand=THESE_READERS) if len(readers) > 1 else changed


def _judges(cell: pd.DataFrame) -> list[str]:
    return list(cell.loc[cell["verdict"].notna(), "reader"].unique())


def _noting_clusters(cell: pd.DataFrame, found: Estimate) -> Estimate:
    if not has_clusters(cell):
        return found
    note = "images share patients, lesions or seeds: the interval takes images as independent"
    return replace(found, warnings=(*found.warnings, note))


def _method(cell: pd.DataFrame, estimate: Estimate | None) -> str:
    if estimate is None:
        return "refused"
    return f"{SCREENED}: {estimate.method}" if is_screened(cell) else estimate.method
