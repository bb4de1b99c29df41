"""Generator against generator in the Turing test: two treatments read by the same readers."""

from dataclasses import dataclass

import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.selection import arms_of, cases, readers_of
from metrics.report.turing import mrmc_frame
from metrics.stats.mrmc import (
    ModalityEstimate,
    MultiReader,
    PairDifference,
    obuchowski_rockette,
)


@dataclass(frozen=True)
class GeneratorRow(Row):
    """Hold one generator's AUC against the real images, or the difference of two."""

    part: int
    arm: str
    reference: str
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    n_images: int
    n_readers: int
    n_readings: int
    method: str
    estimand: str
    warnings: str


def generator_rows(part: pd.DataFrame, facts: Facts) -> tuple[GeneratorRow, ...]:
    """Return each generator's AUC and their differences, for two generators or more.

    Every generator is a modality: its images are the positives, the shared real images the
    negatives. Nearer to .5 is harder to tell apart. Empty with one reader or one generator.
    """
    arms = [arm for arm in arms_of(part, facts) if facts.arm(arm).source != "real"]
    if len(arms) < 2 or len(readers_of(part)) < 2:
        return ()
    both = _modalities(part, arms)
    order = int(part["part"].iloc[0])
    try:
        found = obuchowski_rockette(both, "unbiased", "auc", positive_at=0)
    except ValueError as error:
        return (_refused(part, order, arms[0], str(error)),)
    rows = [_area(order, one) for one in found.modalities]
    if found.random_both is not None:
        # readings of the shared real images stand in every modality and count once
        n = int(part["turing"].notna().sum())
        rows += [_difference(order, pair, found, n) for pair in found.random_both.pairs]
    return tuple(rows)


def _modalities(part: pd.DataFrame, arms: list[str]) -> pd.DataFrame:
    """Return readings per generator, each together with all real images."""
    real = part[part["source"] == "real"]
    frames = [
        mrmc_frame(pd.concat([part[part["arm"] == arm], real])).assign(modality=arm) for arm in arms
    ]
    both = pd.concat(frames, ignore_index=True)
    # last arm first, so that differences read "later minus earlier" as everywhere else
    both["modality"] = pd.Categorical(both["modality"], categories=arms[::-1])
    return both


def _area(order: int, one: ModalityEstimate) -> GeneratorRow:
    return GeneratorRow(
        part=order,
        arm=one.modality,
        reference="",
        estimate=one.estimate,
        low=one.low,
        high=one.high,
        p=None,
        n_images=one.n_images,
        n_readers=one.n_readers,
        n_readings=one.n_readings,
        method=one.method,
        estimand=one.estimand,
        warnings="; ".join(words.unique(one.warnings)),
    )


def _difference(
    order: int, pair: PairDifference, found: MultiReader, n_readings: int
) -> GeneratorRow:
    return GeneratorRow(
        part=order,
        arm=pair.first,
        reference=pair.second,
        estimate=pair.difference,
        low=max(-1.0, pair.low),
        high=min(1.0, pair.high),
        p=pair.p,
        n_images=found.n_images,
        n_readers=found.n_readers,
        n_readings=n_readings,
        method=found.method,
        estimand=found.estimand,
        warnings="; ".join(words.unique(found.warnings)),
    )


def _refused(part: pd.DataFrame, order: int, arm: str, why: str) -> GeneratorRow:
    return GeneratorRow(
        part=order,
        arm=arm,
        reference="",
        estimate=None,
        low=None,
        high=None,
        p=None,
        n_images=cases(part).nunique(),
        n_readers=len(readers_of(part)),
        n_readings=int(part["turing"].notna().sum()),
        method="refused",
        estimand="",
        warnings=why,
    )


def generator_table(rows: tuple[GeneratorRow, ...], facts: Facts, key: str) -> Table:
    """Return areas first, differences after."""
    return Table(
        key=key,
        title="Generators in the Turing test",
        records=rows,
        header=("Generator", "#AUC or difference (95 %)", "#p", "#images"),
        body=tuple(
            (
                facts.arm(row.arm).label
                + (f" minus {facts.arm(row.reference).label}" if row.reference else ""),
                words.number_with_limits(row.estimate, row.low, row.high),
                words.p_value(row.p),
                str(row.n_images),
            )
            for row in rows
        ),
        caption="AUC against the same real images; nearer to .5 is harder to tell apart. "
        "Method: Obuchowski-Rockette, readers and images random, Hillis df.",
    )
