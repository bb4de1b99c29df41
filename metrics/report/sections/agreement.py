"""The agreement page: between readers, within readers."""

import pandas as pd

from metrics.report import figures, words
from metrics.report.agreement import (
    ALL,
    AgreementRow,
    agreement_table,
    between_rows,
    questions_of,
    with_answers,
    within_rows,
)
from metrics.report.document import Figure, Section, Table, empty_section
from metrics.report.facts import Facts
from metrics.report.readers import standing_notes
from metrics.report.selection import parts_of, primary, readers_of

KEY, TITLE = "agreement", "Agreement"
PRIMARY = ("Gwet AC1", "Gwet AC2, quadratic")
ENOUGH_REPEATS = 20


def section(frame: pd.DataFrame, facts: Facts) -> Section:
    """Return the section; with one reader it has repeats only, or says what is missing."""
    asked = with_answers(frame, facts)
    between: list[AgreementRow] = []
    within: list[AgreementRow] = []
    for _, part in parts_of(asked) if len(asked) else []:
        kind = str(part["part_kind"].iloc[0])
        questions = questions_of(kind, part, facts)
        if len(readers_of(part)) > 1:
            between.extend(between_rows(primary(part), questions, facts))
        within.extend(within_rows(part, questions, facts))
    if not between and not within:
        return empty_section(
            KEY, TITLE, "One reader and no hidden repeats: agreement cannot be known. Invite "
            "another reader, or give the next study a share of repeats.",
        )  # fmt: skip
    return Section(
        KEY,
        TITLE,
        _reading(between, within, facts),
        tuple(_figures(between, facts)),
        tuple(_tables(between, within, facts)),
        (*standing_notes(len(readers_of(frame)), facts), *_repeat_note(within)),
    )


def _tables(between: list[AgreementRow], within: list[AgreementRow], facts: Facts) -> list[Table]:
    tables = []
    for name, rows, title in (
        ("agreement", between, "Between readers"),
        ("repeats", within, "Within readers: hidden repeats"),
    ):
        kinds = (
            ("", [row for row in rows if not _is_weighted(row, rows)]),
            ("-levels", [row for row in rows if _is_weighted(row, rows)]),
        )
        for suffix, mine in kinds:
            for order in dict.fromkeys(row.part for row in mine):
                of_part = tuple(row for row in mine if row.part == order)
                key = f"{name}{suffix}-part-{order}"
                said = f"{title}, part {order}{', ordered levels' if suffix else ''}"
                tables.append(agreement_table(of_part, facts, key, said))
    return tables


def _is_weighted(row: AgreementRow, rows: list[AgreementRow]) -> bool:
    """Say whether the row's question has ordered levels: those stand in a table of their own."""
    return any("quadratic" in other.coefficient for other in rows if other.question == row.question)


def _figures(rows: list[AgreementRow], facts: Facts) -> list[Figure]:
    shown = [
        row
        for row in rows
        if row.group == ALL and row.coefficient in PRIMARY and row.estimate is not None
    ]
    if not shown:
        return []
    labels = [f"part {row.part}: {row.question}" for row in shown]
    axis = {"title": {"text": "AC1 (AC2 for levels)"}, "range": [-0.1, 1.05]}
    return [figures.dots(shown, labels, "agreement", "Chance-corrected agreement", axis)]


def _reading(between: list[AgreementRow], within: list[AgreementRow], facts: Facts) -> str:
    said = []
    for row in between:
        main = row.group == ALL and row.coefficient in PRIMARY and row.estimate is not None
        if main and not row.question.startswith(("criterion", "finding")):
            limits = words.number_with_limits(row.estimate, row.low, row.high)
            said.append(
                f"“{row.question}” {row.coefficient} {limits} of {row.n_readers} readers on "
                f"{words.count(row.n_images, 'image')}"
            )
    between_them = f"Between readers: {'; '.join(said)} (these readers)." if said else ""
    parts = (between_them, _own_reading(within), f"Snapshot {facts.hash}.")
    if not any(parts[:2]):
        return f"Too few answers to the same images: no coefficient is estimated. {parts[2]}"
    return " ".join(filter(None, parts))


def _own_reading(within: list[AgreementRow]) -> str:
    """Return a clause per question: the only reader's coefficient, or the range over readers."""
    asked: dict[tuple[int, str], list[AgreementRow]] = {}
    for row in within:
        one_of_many = row.question.startswith(("criterion", "finding"))
        if row.coefficient in PRIMARY and row.estimate is not None and not one_of_many:
            asked.setdefault((row.part, row.question), []).append(row)
    said = [f"“{question}” {_over_readers(rows)}" for (_, question), rows in asked.items()]
    return f"Within readers, by hidden repeats: {'; '.join(said)}." if said else ""


def _over_readers(rows: list[AgreementRow]) -> str:
    """Return what the coefficients of one question are, with how many repeats each rests on."""
    name, sizes = rows[0].coefficient, [row.n_images for row in rows]
    if len(rows) == 1:
        limits = words.number_with_limits(rows[0].estimate, rows[0].low, rows[0].high)
        return f"{name} {limits} of {rows[0].group}, {words.count(sizes[0], 'repeat')}"
    values = [row.estimate for row in rows if row.estimate is not None]
    least, most = words.number(min(values)), words.number(max(values))
    repeats = f"{min(sizes)} to {max(sizes)}" if min(sizes) < max(sizes) else f"{sizes[0]}"
    return f"{name} {least} to {most} over {len(rows)} readers, {repeats} repeats each"


def _repeat_note(within: list[AgreementRow]) -> tuple[str, ...]:
    few = sorted({row.group for row in within if row.n_images < ENOUGH_REPEATS})
    if not few:
        return ()
    return (
        f"Fewer than {ENOUGH_REPEATS} repeats of a question for {words.sentence_list(few)}: "
        "agreement within these readers is uncertain there.",
    )
