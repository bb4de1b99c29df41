"""Every figure of a report as SVG and PNG, drawn by plotly.js in Chromium, without a network.

One page draws all figures, so that the browser starts once; the zip is the unit that is kept.
"""

import base64
import html
import io
import json
import re
import zipfile
from typing import Any
from urllib.parse import unquote

from review.results.errors import NothingToReport
from review.results.exports.browser import drawn_page
from review.results.exports.html import plotly_source
from review.results.exports.readings import EPOCH

Json = dict[str, Any]
WIDTH = 900  # CSS pixels; PNG has twice as many, 300 dpi on a width of 15 cm
SUFFIXES = {"svg": "image/svg+xml", "png": "image/png"}

# plotly names clip paths by Math.random: a counted one gives the same bytes every time
SCRIPT = """
let state = 1;
Math.random = () => (state = (state * 48271) % 2147483647) / 2147483647;
const figures = JSON.parse(document.getElementById('figures').textContent);
const drawn = {};
const axis = {gridcolor: '#d9ddd9', zerolinecolor: '#d9ddd9', automargin: true};
(async () => {
  for (const figure of figures) {
    const holder = document.createElement('div');
    document.body.append(holder);
    const layout = {...figure.spec.layout, paper_bgcolor: '#fff', plot_bgcolor: '#fff',
      font: {color: '#1c2321', family: 'DejaVu Sans, sans-serif', size: 13},
      xaxis: {...axis, ...figure.spec.layout.xaxis}, yaxis: {...axis, ...figure.spec.layout.yaxis},
      margin: {...figure.spec.layout.margin, b: 70}, width: WIDTH};
    await Plotly.newPlot(holder, figure.spec.data, layout, {staticPlot: true});
    const size = {width: WIDTH, height: layout.height};
    drawn[figure.key] = {
      svg: await Plotly.toImage(holder, {format: 'svg', ...size}),
      png: await Plotly.toImage(holder, {format: 'png', scale: 2, ...size})};
    holder.remove();
  }
  document.getElementById('drawn').textContent = JSON.stringify(drawn);
})();
""".replace("WIDTH", str(WIDTH))


def report_figures(report: Json) -> list[Json]:
    """Return every figure of a report, in the order of its pages."""
    return [figure for section in report["sections"] for figure in section["figures"]]


def figures_zip(report: Json) -> bytes:
    """Return KEY.svg and KEY.png of every figure, and captions.txt, in one zip.

    Raises NothingToReport without figures or without Chromium.
    """
    figures = report_figures(report)
    if not figures:
        raise NothingToReport("This report has no figure.")
    drawn = _draw(figures)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for figure in figures:
            for suffix in SUFFIXES:
                _add(archive, f"{figure['key']}.{suffix}", drawn[figure["key"]][suffix])
        lines = [f"{one['key']}\t{one['title']}. {one['alt']}" for one in figures]
        head = f"Snapshot {report['snapshot']}, code {report['code_version']}"
        _add(archive, "captions.txt", ("\n".join([head, *lines]) + "\n").encode())
    return buffer.getvalue()


def figure_of(archive: bytes, key: str, suffix: str) -> bytes:
    """Return one file of the zip. Raises NothingToReport with the keys that exist."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        names = opened.namelist()
        if f"{key}.{suffix}" not in names:
            known = ", ".join(name.removesuffix(".svg") for name in names if name.endswith(".svg"))
            raise NothingToReport(f"There is no figure {key!r}. This snapshot has: {known}.")
        return opened.read(f"{key}.{suffix}")


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _draw(figures: list[Json]) -> dict[str, dict[str, bytes]]:
    """Return key -> suffix -> bytes."""
    spec = json.dumps([{"key": one["key"], "spec": one["spec"]} for one in figures])
    page = (
        '<!doctype html><meta charset="utf-8"><title>figures</title>'
        '<body><script type="application/json" id="figures">'
        + spec.replace("<", "\\u003c")
        + f'</script><pre id="drawn"></pre><script>{plotly_source()}</script>'
        + f"<script>{SCRIPT}</script></body>"
    )
    found = re.search(r'<pre id="drawn">(\{.*?\})</pre>', drawn_page(page.encode()), re.DOTALL)
    if found is None:
        raise NothingToReport("Chromium drew no figure. Use the button above each figure.")
    urls = json.loads(html.unescape(found[1]))
    return {
        key: {suffix: _decoded(url) for suffix, url in kinds.items()} for key, kinds in urls.items()
    }


def _decoded(url: str) -> bytes:
    """Return the bytes of a data URL, base64 or percent-encoded."""
    head, _, body = url.partition(",")
    if head.endswith(";base64"):
        return base64.b64decode(body)
    # an empty style comes before or after other attributes, as the browser's timing has it
    return unquote(body).replace(' style=""', "").encode()
