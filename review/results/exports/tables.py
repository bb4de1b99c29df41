"""Tables of a report: CSV for programs, LaTeX for papers."""

from typing import Any

from review.results.errors import NothingToReport
from review.results.exports.cells import csv_bytes

Json = dict[str, Any]

_GREEK = (
    r"\alpha", r"\beta", r"\gamma", r"\delta", r"\kappa", r"\lambda", r"\mu", r"\sigma"
)  # fmt: skip
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "\u2212": r"$-$",
    "–": "--",
    "′": r"$'$",
    "†": r"\dag{}",
    "±": r"$\pm$",
    "“": "``",
    "”": "''",
    "’": "'",
    "…": r"\ldots{}",
    "—": "---",
    "\u00a0": "~",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "°": r"$^\circ$",
    "µ": r"$\mu$",
    **{letter: f"${name}$" for letter, name in zip("αβγδκλμσ", _GREEK, strict=True)},
}


PAGE_LINES = 40  # of a table in a float, so that caption and header fit on its page


def all_tables(report: Json) -> list[Json]:
    """Return every table of a report, in the order of its pages."""
    return [table for section in report["sections"] for table in section["tables"]]


def find_table(report: Json, key: str) -> Json:
    """Return one table. Raises NothingToReport with the keys that exist."""
    for table in all_tables(report):
        if table["key"] == key:
            return table
    known = ", ".join(table["key"] for table in all_tables(report))
    raise NothingToReport(f"There is no table {key!r}. This snapshot has: {known}.")


def table_csv(table: Json, snapshot: str) -> bytes:
    """Return the tidy records with full precision; the last column is the snapshot's hash."""
    records = table["records"]
    names = list(records[0]) if records else []
    rows = ([*record.values(), snapshot] for record in records)
    return csv_bytes([*names, "snapshot"], rows)


def escape_latex(text: str) -> str:
    """Return text that pdflatex prints as it is; signs that it lacks become their code point."""
    return "".join(_LATEX.get(sign) or _plain(sign) for sign in text)


def _plain(sign: str) -> str:
    # the inputenc of every TeX since 2018 knows Latin letters up to U+017F
    if sign.isprintable() and ord(sign) <= 0x17F:
        return sign
    return " " if sign.isspace() else f"U+{ord(sign):04X}"


def table_latex(table: Json, snapshot: str) -> str:
    """Return one table in booktabs style, with methods and snapshot in the caption."""
    header = [name.removeprefix("#") for name in table["header"]]
    align = "".join("r" if name.startswith("#") else "l" for name in table["header"])
    lines = [" & ".join(map(escape_latex, line)) + r" \\" for line in table["body"]]
    if table["total"]:
        lines.insert(len(lines) - table["total"], r"\midrule")
    caption = f"{table['title']}. {table['caption']} Snapshot {snapshot[:12]}."
    named = r"\caption{" + escape_latex(caption) + r"}\label{tab:" + table["key"] + "}"
    top = "\n".join((r"\toprule", " & ".join(map(escape_latex, header)) + r" \\", r"\midrule"))
    if len(lines) > PAGE_LINES:
        return _over_pages(named, align, top, lines)
    return "\n".join(
        (
            r"\begin{table}[ht]",
            r"\centering",
            named,
            r"\begin{tabular}{" + align + "}",
            top,
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        )
    )


def _over_pages(named: str, align: str, top: str, lines: list[str]) -> str:
    """Return a table that breaks over pages, its header on each: a float would run off the page."""
    return "\n".join(
        (
            r"\begin{longtable}{" + align + "}",
            named + r" \\",
            top,
            r"\endfirsthead",
            top,
            r"\endhead",
            r"\bottomrule",
            r"\endfoot",
            *lines,
            r"\end{longtable}",
            "",
        )
    )


def tables_latex(report: Json) -> bytes:
    """Return all tables as one file to \\input; needs the packages booktabs and longtable."""
    head = f"% {report['title']}, snapshot {report['snapshot']}, {report['code_version']}\n"
    body = "\n".join(table_latex(table, report["snapshot"]) for table in all_tables(report))
    return (head.replace("\n", " ").strip() + "\n" + body).encode()
