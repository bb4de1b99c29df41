"""One self-contained HTML file: report, figures that still answer to the pointer, no network."""

import json
from functools import lru_cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FIGURES = Path(__file__).resolve().parents[3] / "static" / "figures.js"

STYLE = """
:root{--ink:#1c2321;--line:#d9ddd9}
body{font:16px/1.5 system-ui,"DejaVu Sans",sans-serif;color:#1c2321;background:#fff;
max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.7rem}h2{margin-top:2.5rem;border-top:2px solid #d9ddd9;padding-top:1rem}
table{border-collapse:collapse;font-size:.85rem;margin:.5rem 0 .25rem}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{padding:.3rem .6rem;border-bottom:1px solid #d9ddd9;text-align:left;vertical-align:top}
.n{text-align:right;font-variant-numeric:tabular-nums}.total td,.total th{font-weight:600}
.small{font-size:.8rem;color:#56605c}.warn{background:#fdf0d5;padding:.4rem .7rem}
.scroll{overflow-x:auto}.figure{width:100%}p,code{overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){:root{--ink:#e9eeeb;--line:#37403d}
body{color:#e9eeeb;background:#151918}
th,td,h2{border-color:#37403d}.small{color:#a6b1ac}.warn{background:#3b2d12}}
figure{margin:1rem 0}
@media print{body{max-width:none;margin:0;padding:0;font-size:11pt;color:#000;background:#fff}
section+section{break-before:page}h2,h3,caption{break-after:avoid}
tr,figure{break-inside:avoid}tbody tr:first-child{break-before:avoid}
.warn{background:#fdf0d5}.small{color:#333}
.scroll{overflow:visible}table{font-size:7pt}th,td{padding:.15rem .35rem}
.small{break-before:avoid}.modebar{display:none!important}.n{white-space:normal}}
@page{size:A4;margin:14mm}
"""


def html_report(report: Json, *, extra: str = "") -> bytes:
    """Return the report as one file. `extra` is HTML put at the end (methods, checklists)."""
    body = "".join(_section(section) for section in report["sections"] if not section["is_empty"])
    parts = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(report['title'])}: results</title><style>{STYLE}</style></head><body>",
        f"<h1>{escape(report['title'])}</h1>",
        f'<p class="small">Snapshot <code>{escape(report["snapshot"])}</code>, '
        f"code <code>{escape(report['code_version'])}</code>. "
        "Every number on these pages comes from this snapshot.</p>",
        body,
        extra,
        f"<script>{plotly_source()}</script>",
        f"<script>{FIGURES.read_text(encoding='utf-8')}</script></body></html>",
    )
    return "".join(parts).encode()


def _section(section: Json) -> str:
    warnings = "".join(f'<p class="warn">{escape(text)}</p>' for text in section["warnings"])
    figures = "".join(_figure(figure) for figure in section["figures"])
    tables = "".join(_table(table) for table in section["tables"])
    head = f"<h2>{escape(section['title'])}</h2><p>{escape(section['reading'])}</p>"
    return f"<section>{head}{warnings}{figures}{tables}</section>"


def _figure(figure: Json) -> str:
    name = f"fig-{escape(figure['key'], quote=True)}"
    # `<` inside the block would end the script element
    spec = json.dumps(figure["spec"], ensure_ascii=True).replace("<", "\\u003c")
    alt = escape(figure["alt"], quote=True)
    return (
        f"<figure><h3>{escape(figure['title'])}</h3>"
        f'<div class="figure" id="{name}" role="figure" aria-label="{alt}">'
        f'</div><script type="application/json" id="{name}-data">{spec}</script></figure>'
    )


def _table(table: Json) -> str:
    numbers = [name.startswith("#") for name in table["header"]]
    head = "".join(
        f'<th scope="col"{_n(number)}>{escape(name.removeprefix("#"))}</th>'
        for name, number in zip(table["header"], numbers, strict=True)
    )
    first_total = len(table["body"]) - table["total"]
    rows = "".join(
        f"<tr{' class=total' if index >= first_total else ''}>"
        + "".join(f"<td{_n(n)}>{escape(text)}</td>" for text, n in zip(line, numbers, strict=True))
        + "</tr>"
        for index, line in enumerate(table["body"])
    )
    return (
        f'<div class="scroll"><table><caption>{escape(table["title"])}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        f'<p class="small">{escape(table["caption"])}</p>'
    )


def _n(is_number: bool) -> str:
    return " class=n" if is_number else ""


@lru_cache(maxsize=1)
def plotly_source() -> str:
    """Return plotly.js from the installed package: the file works without a network."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("plotly is not installed. Run: make setup")
    path = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    return path.read_text(encoding="utf-8").replace("</script", "<\\/script")
