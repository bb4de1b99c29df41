"""The Turing page's rows as tables for people."""

from metrics.report import words
from metrics.report.document import Table
from metrics.report.facts import Facts
from metrics.report.turing import EVERY_READER, MEASURES, MeasureRow, PooledRow, VerdictRow


def measure_table(rows: tuple[MeasureRow, ...], key: str) -> Table:
    """Return a line per reader and a column per measure."""
    cells = {(row.reader, row.measure): row for row in rows}
    readers = list(dict.fromkeys(row.reader for row in rows))
    sizes = {row.reader: f"{row.n_readings} ({row.n_images})" for row in rows}
    return Table(
        key=key,
        title="Readers",
        records=rows,
        header=("Reader", *(f"#{label}" for label in MEASURES.values()), "#readings (images)"),
        body=tuple(
            (reader, *(_shown(cells[reader, name]) for name in MEASURES), sizes[reader])
            for reader in readers
        ),
        caption=f"Positive means synthetic; 95 % limits. {words.methods(rows)}",
        total=int(EVERY_READER in readers),
    )


def _shown(row: MeasureRow) -> str:
    if row.measure in {"d_prime", "criterion", "auc"}:
        return words.number_with_limits(row.estimate, row.low, row.high)
    return words.with_limits(row.estimate, row.low, row.high)


def verdict_table(rows: tuple[VerdictRow, ...], facts: Facts, key: str) -> Table:
    """Return the verdicts with the p-values that decide them."""
    origin = "frozen analysis plan" if facts.plan_names_margin else "default, not pre-registered"
    return Table(
        key=key,
        title="What may be said about chance",
        records=rows,
        header=(
            "Reader",
            "Endpoint",
            "#Estimate (95 %)",
            "#p, chance",
            "#p Holm",
            "#p, equivalence",
            "Verdict",
            "#readings",
        ),
        body=tuple(
            (
                row.reader,
                row.endpoint,
                words.number_with_limits(row.estimate, row.low, row.high),
                words.p_value(row.p_chance),
                words.p_value(row.p_chance_holm),
                words.p_value(row.p_equivalence),
                row.state,
                str(row.n_readings),
            )
            for row in rows
        ),
        caption=(
            f"Chance is the constant .5; margin ±{facts.margin:g} ({origin}), "
            f"alpha {facts.alpha:g}. A p-value above alpha alone shows no equivalence. A reader's "
            "verdict is of that reader alone; p Holm is adjusted for the number of readers."
        ),
        total=int(bool(rows) and rows[-1].reader == EVERY_READER),
    )


def pooled_table(rows: tuple[PooledRow, ...], facts: Facts, key: str) -> Table:
    """Return the counts per arm."""
    return Table(
        key=key,
        title="What was called what",
        records=rows,
        header=(
            "Arm",
            "#called synthetic",
            "#called real",
            "#cannot judge",
            "#missing",
            "#right",
            "#images",
        ),
        body=tuple(
            (
                facts.arm(row.arm).label,
                str(row.called_synthetic),
                str(row.called_real),
                str(row.n_cannot_judge),
                str(row.n_missing),
                words.percent(row.share_right),
                str(row.n_images),
            )
            for row in rows
        ),
        caption="Counts over all readings: a description without interval or p-value.",
    )
