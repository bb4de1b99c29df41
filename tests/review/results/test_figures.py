"""Figures as files: drawn by Chromium without a network, the same bytes each time."""

import io
import re
import shutil
import xml.etree.ElementTree as ET
import zipfile

import pytest
from django.urls import reverse
from PIL import Image

from review.results import downloads
from review.results.errors import NothingToReport
from review.results.exports import browser
from review.results.exports.figures import figure_of, figures_zip
from tests.review.results.test_pages import signed_in
from tests.worlds.results import unblinded

WITH_BROWSER = pytest.mark.skipif(
    not any(map(shutil.which, browser.BROWSERS)), reason="this machine has no Chromium"
)
BARS = {
    "data": [{"type": "bar", "x": ["a", "b"], "y": [1, 2]}],
    "layout": {"height": 360, "margin": {"l": 60, "r": 20, "t": 40, "b": 50}},
}


def report(*keys: str) -> dict:
    figures = [{"key": key, "title": f"T <{key}>", "alt": "two bars", "spec": BARS} for key in keys]
    return {"snapshot": "a" * 64, "code_version": "1", "sections": [{"figures": figures}]}


@WITH_BROWSER
def test_each_figure_is_there_twice_and_repeats_byte_for_byte() -> None:
    made = figures_zip(report("one", "two"))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        names = archive.namelist()
    assert names == ["one.svg", "one.png", "two.svg", "two.png", "captions.txt"]
    assert ET.fromstring(figure_of(made, "one", "svg")).tag.endswith("svg")
    picture = Image.open(io.BytesIO(figure_of(made, "two", "png")))
    assert picture.size == (1800, 720)
    assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 2  # something is drawn on it
    assert figures_zip(report("one", "two")) == made
    with pytest.raises(NothingToReport, match="one, two"):
        figure_of(made, "three", "svg")


def test_without_figures_or_without_chromium_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NothingToReport, match="no figure"):
        figures_zip(report())
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    with pytest.raises(NothingToReport, match="apt install chromium"):
        figures_zip(report("one"))


@pytest.mark.django_db
@pytest.mark.database
def test_pages_say_what_a_server_without_chromium_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    closed, snapshot = unblinded()
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    client = signed_in(closed.editor)
    page = client.get(reverse("results:downloads", args=["cells"])).content.decode()
    assert "This server has no Chromium" in page
    assert "figures.zip" not in page
    for url in (
        reverse("results:figure_svg", args=["cells", "plausibility"]),
        reverse("results:download", args=["cells", "figures.zip"]),
        reverse("api:figure_png", args=[snapshot.uuid, "plausibility"]),
    ):
        assert client.get(url).status_code == 404


@WITH_BROWSER
@pytest.mark.django_db
@pytest.mark.database
def test_figures_of_a_study_over_http() -> None:
    closed, snapshot = unblinded()
    client = signed_in(closed.editor)
    url = reverse("results:figure_svg", args=["cells", "plausibility"])
    assert client.get(url).status_code == 202  # a worker draws them
    downloads.build_download(snapshot, downloads.FIGURES)
    answer = client.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert answer.content.startswith(b"<svg")
    png = client.get(reverse("api:figure_png", args=[snapshot.uuid, "plausibility"]))
    assert png.content.startswith(b"\x89PNG")
    listed = client.get(reverse("api:figures", args=[snapshot.uuid])).json()
    assert "plausibility" in {figure["key"] for figure in listed}
    assert client.get(reverse("results:figure_svg", args=["cells", "none"])).status_code == 404


@WITH_BROWSER
@pytest.mark.django_db
@pytest.mark.database
def test_the_whole_report_is_printed_as_pdf() -> None:
    closed, snapshot = unblinded(title="Cells of two generators")
    downloads.build_download(snapshot, "report.pdf")
    answer = signed_in(closed.editor).get(reverse("results:download", args=["cells", "report.pdf"]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    printed = answer.content
    assert printed.startswith(b"%PDF-")
    assert printed.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 5  # every section has its own figures
    assert b"Cells of two generators" in printed  # the title that a viewer shows
