"""Cells of exports: no formula in text, numbers stay numbers, files repeat."""

import io

import pytest

from review.catalog.storage import read_bytes
from review.results.exports.cells import csv_bytes, safe_cell
from review.results.exports.readings import readings_xlsx
from review.results.exports.tables import escape_latex, table_latex
from review.results.models import Snapshot

PAYLOADS = [
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "\0=1", '=HYPERLINK("x")'
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_that_looks_like_a_formula_is_quoted(payload: str) -> None:
    assert safe_cell(payload) == f"'{payload}"
    assert csv_bytes(["a"], [[payload]]).decode().split("\n", 1)[1].strip('"').startswith("'")


def test_numbers_keep_sign_and_digits() -> None:
    value = -0.1234567890123456
    text = csv_bytes(["a", "b", "c"], [[-5, value, None]]).decode().splitlines()[1]
    assert text == f"-5,{value!r},"
    assert float(text.split(",")[1]) == value


@pytest.mark.parametrize(
    ("payload", "held"),
    [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("a\x0bb\x07", "ab"), ("\x07=1", "'=1")],
)
def test_a_workbook_holds_text_as_text(
    payload: str, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd
    from django.utils import timezone
    from openpyxl import load_workbook

    frame = pd.DataFrame({"reason": [payload], "number": [-5]})
    monkeypatch.setattr("review.results.exports.readings.tidy_snapshot", lambda snapshot: frame)
    snapshot = Snapshot(
        content_sha256="a" * 64, at=timezone.now(), exclusions={"facts": {"criteria": []}}
    )
    monkeypatch.setattr(
        "review.results.exports.readings.dictionary",
        lambda snapshot, columns: [{"meaning": payload}],
    )
    book = load_workbook(io.BytesIO(readings_xlsx(snapshot)))
    sheet = book["readings"]
    for cell in (sheet["A2"], book["dictionary"]["A2"]):
        assert (cell.data_type, cell.value) == ("s", held)
    assert (sheet["B2"].data_type, sheet["B2"].value) == ("n", -5)


def test_latex_is_escaped() -> None:
    assert escape_latex("50 % of A&B_1 < 3") == r"50 \% of A\&B\_1 \textless{} 3"
    table = {
        "key": "t", "title": "T", "caption": "c", "header": ["Class", "#Rate"],
        "body": [["A&B", "50 %"], ["All", "40 %"]], "total": 1,
    }  # fmt: skip
    text = table_latex(table, "a" * 64)
    assert text.count(r"\midrule") == 2
    assert r"A\&B & 50 \% \\" in text


def test_a_long_table_breaks_over_pages_with_its_header_on_each() -> None:
    table = {
        "key": "t", "title": "T", "caption": "c", "header": ["Class", "#Rate"],
        "body": [[f"A{n}", "50 %"] for n in range(60)], "total": 0,
    }  # fmt: skip
    text = table_latex(table, "a" * 64)
    assert r"\begin{longtable}{lr}" in text
    assert "{table}" not in text
    assert text.count(r"Class & Rate \\") == 2
    short = table_latex(table | {"body": table["body"][:40]}, "a" * 64)
    assert "longtable" not in short


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("κ ≥ .4", r"$\kappa$ $\geq$ .4"),
        ("é", "é"),
        ("中 ☢", "U+4E2D U+2622"),
        ("a\nb\x00", "a bU+0000"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
    ],
)
def test_latex_prints_or_names_every_sign(text: str, printed: str) -> None:
    assert escape_latex(text) == printed


def test_every_latex_table_is_balanced() -> None:
    from metrics.report.build import build_report
    from review.results.exports.tables import tables_latex
    from tests.metrics.report.frames import invented
    from tests.worlds.snapshots import World

    frame, facts = invented(World(readers=1, kinds=("plausibility", "turing", "acceptability")))
    text = tables_latex(build_report(frame, facts, "1").plain()).decode()
    text.encode("latin-1")  # what is left is within inputenc's reach
    bare = text.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") > 5
    for table in text.split(r"\begin{tabular}{")[1:]:
        columns = table.index("}")
        for line in table.splitlines()[1:]:
            if line.endswith(r"\\"):
                assert line.replace(r"\&", "").count("&") == columns - 1, line


@pytest.mark.django_db
@pytest.mark.database
def test_every_file_of_a_small_study_is_built() -> None:
    from review.results.downloads import available_downloads, build_download
    from tests.worlds.results import unblinded

    _, snapshot = unblinded(readers=2)
    for download in available_downloads(snapshot):
        if not download.slow:
            assert build_download(snapshot, download.name).size > 100, download.name
    methods = build_download(snapshot, "methods.txt")
    text = read_bytes(methods.storage_key).decode()
    assert snapshot.content_sha256 in text
    assert "Wilson" in text or "Obuchowski-Rockette" in text


@pytest.mark.django_db
@pytest.mark.database
def test_the_html_report_needs_no_network_and_escapes() -> None:
    from review.results.exports.pack import report_html
    from tests.worlds.results import unblinded

    _, snapshot = unblinded(title="A <b>bold</b> & study")
    page = report_html(snapshot).decode()
    body = page.split("<script>", 1)[0]
    assert "A &lt;b&gt;bold&lt;/b&gt; &amp; study" in body
    assert "src=" not in body
    assert "href=" not in body
    assert report_html(snapshot).decode() == page
