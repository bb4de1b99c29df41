"""Figures on a telephone: every label is there and inside, in the self-contained report too."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from metrics.report import figures
from review.results.exports.html import html_report
from review.results.exports.pack import report_html
from tests.worlds.results import unblinded

TELEPHONE = {"width": 390, "height": 844}
CRITERIA = ["Cell size", "Nucleus-to-cytoplasm ratio", "Cytoplasm colour and consistency"] + [
    f"Granules of a named kind, {n}" for n in range(1, 6)
]
CLASSES = ["Segmented neutrophil", "Proerythroblast", "Metamyelocyte"]
TEXTS = """() => [...document.querySelectorAll('.figure svg text')]
  .filter((text) => text.getBoundingClientRect().width)
  .map((text) => {
    const at = text.getBoundingClientRect();
    const frame = text.closest('.figure').getBoundingClientRect();
    const inside = at.left >= frame.left - 1 && at.right <= frame.right + 1 &&
      at.top >= frame.top - 1 && at.bottom <= frame.bottom + 1;
    return [[...text.querySelectorAll('tspan.line')].map((line) => line.textContent).join(' ')
      || text.textContent, inside];
  })"""

COLUMNS = """() => [...document.querySelectorAll('.figure .xtick text')]
  .map((text) => text.getBoundingClientRect()).map((at) => [at.left, at.right])"""


@dataclass(frozen=True)
class Point:
    """An estimate with limits."""

    estimate: float
    low: float
    high: float


def _texts(page: Any, figure: figures.Figure) -> dict[str, bool]:
    """Return what is written in the drawn figure, and whether it is inside its frame."""
    shown = {"key": figure.key, "title": figure.title, "alt": figure.alt, "spec": figure.spec}
    section = {"title": "T", "reading": "", "warnings": [], "figures": [shown], "tables": []}
    report = {"title": "T", "snapshot": "a" * 64, "code_version": "1",
              "sections": [section | {"is_empty": False}]}  # fmt: skip
    page.set_content(html_report(report).decode())
    page.wait_for_selector(".figure svg.main-svg text")
    return dict(page.evaluate(TEXTS))


@pytest.mark.parametrize("width", [390, 690, 1280])
def test_a_heat_map_keeps_every_label_apart_and_says_its_shares(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    shares = [[0.125, 0.25, None, 0.5, 0.5, 0.5, 0.5, 1.0]] * len(CLASSES)
    axes = ("class", "criterion")
    texts = _texts(page, figures.heatmap(shares, (CLASSES, CRITERIA), "map", "Failed", axes))

    assert {*CLASSES, *CRITERIA, "13%", "100%"} <= set(texts)
    assert all(texts.values()), [text for text, inside in texts.items() if not inside]
    boxes = sorted(page.evaluate(COLUMNS))
    assert len(boxes) == len(CRITERIA)
    assert all(end <= start + 1 for (_, end), (start, _) in pairwise(boxes)), boxes


def test_long_labels_leave_half_the_width_to_the_estimates(page: Any) -> None:
    page.set_viewport_size(TELEPHONE)
    labels = [f"all readers, {criterion.lower()}" for criterion in CRITERIA]
    axis = figures.percent_axis("share of images that the readers called rightly")
    rows = [Point(0.5, 0.4, 0.6)] * len(labels)
    texts = _texts(page, figures.dots(rows, labels, "dots", "Shares", axis))

    width = page.evaluate("document.querySelector('.figure .bglayer, .figure .xy').getBBox().width")
    assert set(labels) <= set(texts)
    assert all(texts.values()), [text for text, inside in texts.items() if not inside]
    assert width > TELEPHONE["width"] / 2


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_the_whole_report_is_no_wider_than_a_telephone(page: Any) -> None:
    _, snapshot = unblinded(readers=2)
    page.set_viewport_size(TELEPHONE)
    page.set_content(report_html(snapshot).decode())
    page.wait_for_selector(".figure svg.main-svg text")
    assert page.evaluate("document.documentElement.scrollWidth") == TELEPHONE["width"]
