"""Generator against generator in the Turing test: two treatments read by the same readers."""

from dataclasses import dataclass

import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.selection import arms_of, cases, readers_of
from metrics.report.turing import mrmc_frame
from metrics.stats.mrmc import obuchowski_rockette


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
    real = part[part["source"] == "real"]
    frames = [
        mrmc_frame(pd.concat([part[part["arm"] == arm], real])).assign(modality=arm) for arm in arms
    ]
    both = pd.concat(frames, ignore_index=True)
    order, n = int(part["part"].iloc[0]), cases(part).nunique()
    readers = len(readers_of(part))
    try:
        # last arm first, so that differences read "later minus earlier" as everywhere else
        both["modality"] = pd.Categorical(both["modality"], categories=arms[::-1])
        found = obuchowski_rockette(both, "unbiased", "auc", positive_at=0)
    except ValueError as error:
        return (
            GeneratorRow(
                order,
                arms[0],
                "",
                None,
                None,
                None,
                None,
                n,
                readers,
                len(both),
                "refused",
                "",
                str(error),
            ),
        )
    rows = [
        GeneratorRow(
            order,
            one.modality,
            "",
            one.estimate,
            one.low,
            one.high,
            None,
            one.n_images,
            one.n_readers,
            one.n_readings,
            one.method,
            one.estimand,
            "; ".join(words.unique(one.warnings)),
        )
        for one in found.modalities
    ]
    test = found.random_both
    for pair in test.pairs if test else ():
        rows.append(
            GeneratorRow(
                order,
                pair.first,
                pair.second,
                pair.difference,
                pair.low,
                pair.high,
                pair.p,
                n,
                found.n_readers,
                found.n_readings,
                found.method,
                test.estimand if test else "",
                "",
            )
        )
    return tuple(rows)


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
