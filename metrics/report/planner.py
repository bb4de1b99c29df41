"""Before a study exists: what so many readers and images could show, with curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from metrics.report import figures, words
from metrics.report.document import Figure, Row, Section, Table
from metrics.stats.planning import (
    acceptance_rule,
    binomial_power,
    equivalence_power,
    precision_size,
    turing_power,
    two_proportions_power,
    two_proportions_size,
)

SIZES = (10, 20, 30, 50, 75, 100, 150, 200, 300, 400)
READERS = (2, 3, 5, 8, 12)
PUBLISHED = (
    "Published readers found synthetic images with an accuracy of 52 % (blood cells), 66.5 % "
    "(melanoma) and 70 to 75 % (radiographs); one eye-tracking study flagged 96.6 % of generated "
    "films. Plan for that range, not only for chance."
)
APPROXIMATE = (
    "With several readers the Turing chances are an approximation, within some 2 points of "
    "simulated studies with the same reader variance and case correlation. Both are assumed here, "
    "and readers of yours may differ more. Plan on the safe side."
)
FALLS = (
    "More images can lower a Turing chance where readers are few: the error between readers stays, "
    "and the degrees of freedom fall towards one less than the readers. Add readers, not images."
)


@dataclass(frozen=True)
class Wish:
    """Say what is expected: rates of two arms, the readers' area, the margin, readers, images."""

    rate_1: float = 0.50
    rate_2: float = 0.65
    auc: float = 0.60
    margin: float = 0.10
    readers: int = 3
    images: int = 100
    accept_rate: float = 0.90


@dataclass(frozen=True)
class PowerRow(Row):
    """Hold a probability for a number of readers and of images per arm and class (or kind)."""

    question: str
    readers: int
    images: int
    probability: float
    method: str


def plan_section(wish: Wish) -> Section:
    """Return curves, tables and one paragraph. Raises ValueError for impossible wishes."""
    plausibility = _plausibility(wish)
    turing = _turing(wish)
    rule = _rule(wish)
    return Section(
        key="planner",
        title="How many readers and images?",
        reading=_reading(wish),
        figures=(
            _curves(plausibility, "planner-plausibility", "Plausibility: chance to see it"),
            _curves(_about(turing, "detected"), "planner-detect", "Turing test: chance to detect"),
            _curves(
                _about(turing, "equivalent"),
                "planner-equal",
                "Turing test: chance to show equivalence",
            ),
            _curves(rule, "planner-rule", "80 % rule: chance to pass"),
        ),
        tables=(
            _table(plausibility, "planner-plausibility", "Two arms, one class"),
            _table(turing, "planner-turing", "Turing test", f" {APPROXIMATE}"),
            _table(rule, "planner-rule", "80 % rule, per class"),
        ),
        warnings=(PUBLISHED, APPROXIMATE, *((FALLS,) if _falls(turing) else ())),
    )


def _falls(rows: tuple[PowerRow, ...]) -> bool:
    """Say whether a chance with several readers falls by half a point where images are added."""
    pairs = ((a, b) for a, b in pairwise(rows) if a.readers > 1 and b.images > a.images)
    return any(b.probability < a.probability - 0.005 for a, b in pairs)


def _plausibility(wish: Wish) -> tuple[PowerRow, ...]:
    question = f"{words.percent(wish.rate_1, 0)} against {words.percent(wish.rate_2, 0)}"
    return tuple(
        PowerRow(
            f"difference seen: {question}",
            1,
            n,
            two_proportions_power(wish.rate_1, wish.rate_2, n),
            "two proportions, normal test, images per arm and class",
        )
        for n in SIZES
        if wish.rate_1 != wish.rate_2
    )


def _turing(wish: Wish) -> tuple[PowerRow, ...]:
    """Return the chance to detect the wished area, and to show .5 equivalent, per readers."""
    rows = []
    for readers in sorted({*READERS, wish.readers} - {1}):
        for n in SIZES:
            if wish.auc != 0.5:
                found = _chance(wish.auc, readers, n, None)
                rows.append(_turing_row(f"detected: AUC {wish.auc:g}", readers, n, found))
    for readers in sorted({*READERS, wish.readers} - {1}):
        for n in SIZES:
            found = _chance(0.5, readers, n, wish.margin)
            question = f"equivalent: AUC .5 within ±{wish.margin:g}"
            rows.append(_turing_row(question, readers, n, found))
    exact = "one reader: exact binomial, images of both kinds together"
    rows += [
        PowerRow(f"detected: accuracy {wish.auc:g}", 1, n, binomial_power(2 * n, wish.auc), exact)
        for n in SIZES
        if wish.auc != 0.5
    ]
    rows += [
        PowerRow(
            f"equivalent: accuracy .5 within ±{wish.margin:g}",
            1,
            n,
            equivalence_power(2 * n, margin=wish.margin),
            exact,
        )
        for n in SIZES
    ]
    return tuple(rows)


def _chance(mean: float, readers: int, n: int, margin: float | None) -> float:
    found = turing_power("auc", mean, n_readers=readers, n_positive=n, n_negative=n, margin=margin)
    return float(found.power)


def _turing_row(question: str, readers: int, n: int, chance: float) -> PowerRow:
    method = "Obuchowski-Rockette, Hillis df, reader variance .02, case correlation .3"
    return PowerRow(question, readers, n, chance, method)


def _rule(wish: Wish) -> tuple[PowerRow, ...]:
    rows = []
    for n in SIZES:
        rule = acceptance_rule(n, wish.accept_rate)
        true = words.percent(wish.accept_rate, 0)
        method = f"exact; bound rule needs {rule.bound_needs} of {n}, point rule {rule.point_needs}"
        rows.append(PowerRow(f"bound rule, truly {true}", 3, n, rule.bound_passes, method))
        rows.append(PowerRow(f"point rule, truly {true}", 3, n, rule.point_passes, method))
    return tuple(rows)


def _reading(wish: Wish) -> str:
    said = []
    if wish.rate_1 != wish.rate_2:
        size = two_proportions_size(wish.rate_1, wish.rate_2)
        said.append(
            f"One reader tells {words.percent(wish.rate_1, 0)} from "
            f"{words.percent(wish.rate_2, 0)} plausible with 80 % power from {size.n} images per "
            f"arm and class ({size.method}, alpha {size.alpha:g})."
        )
    half = precision_size(wish.rate_2, 0.10)
    said.append(
        f"A rate near {words.percent(wish.rate_2, 0)} is known to ±10 points from {half.n}."
    )
    if wish.readers > 1:
        chance = _chance(0.5, wish.readers, wish.images, wish.margin)
        seen = _chance(wish.auc, wish.readers, wish.images, None) if wish.auc != 0.5 else None
        detected = (
            f", and detect an AUC of {wish.auc:g} with {words.percent(seen, 0)}" if seen else ""
        )
        said.append(
            f"{wish.readers} readers on {wish.images} real and {wish.images} synthetic images show "
            f"equivalence within ±{wish.margin:g} with a chance of {words.percent(chance, 0)} when "
            f"they truly guess{detected}."
        )
    else:
        said.append(
            "One reader says nothing of other readers, however many images: three allow "
            "majorities, five or more are recommended."
        )
    return " ".join(said)


def _about(rows: Sequence[PowerRow], word: str) -> list[PowerRow]:
    return [row for row in rows if row.question.startswith(word)]


def _curves(rows: Sequence[PowerRow], key: str, title: str) -> Figure:
    """Return a line per question and number of readers over images."""
    lines: dict[tuple[str, int], list[PowerRow]] = {}
    for row in rows:
        lines.setdefault((row.question, row.readers), []).append(row)
    questions = list(dict.fromkeys(question for question, _ in lines))
    counts = sorted({readers for _, readers in lines})
    data: list[dict[str, Any]] = []
    for (question, readers), mine in lines.items():
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"{question}, {words.count(readers, 'reader')}",
                "x": [row.images for row in mine],
                "y": [row.probability for row in mine],
                "line": {
                    "color": figures.PALETTE[counts.index(readers) % len(figures.PALETTE)],
                    "dash": ("solid", "dash", "dot", "dashdot")[questions.index(question) % 4],
                },
                "marker": {"symbol": figures.MARKERS[counts.index(readers) % len(figures.MARKERS)]},
                "hovertemplate": "%{x} images: %{y:.0%}<extra>%{fullData.name}</extra>",
            }
        )
    layout = {
        "xaxis": {"title": {"text": "images per arm (of each kind in the Turing test)"}},
        "yaxis": figures.percent_axis("chance"),
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": 0.8,
                "y1": 0.8,
                "line": {"color": figures.REAL, "width": 1, "dash": "dot"},
            }
        ],
        "height": 420 + 18 * len(data),
        "legend": {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    }
    alt = f"{title}: {len(data)} curves over 10 to 400 images; the dotted line is 80 %."
    return figures.figure(key, title, alt, data, layout)


def _table(rows: Sequence[PowerRow], key: str, title: str, note: str = "") -> Table:
    """Return a line per question and readers, a column per number of images."""
    cells = {(row.question, row.readers, row.images): row.probability for row in rows}
    lines = list(dict.fromkeys((row.question, row.readers) for row in rows))
    methods = words.unique(row.method.split(";")[0] for row in rows)
    return Table(
        key=key,
        title=title,
        records=tuple(rows),
        header=("Question", "#readers", *(f"#{n}" for n in SIZES)),
        body=tuple(
            (
                question,
                str(readers),
                *(words.percent(cells.get((question, readers, n)), 0) for n in SIZES),
            )
            for question, readers in lines
        ),
        caption=f"Columns: images. Methods: {'; '.join(methods)}. Alpha .05.{note}",
    )
