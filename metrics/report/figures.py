"""Plotly figures as plain dicts: SVG traces only, colours that colour-blind readers tell apart.

Okabe and Ito's palette; every arm also has its own marker, so that colour is never alone.
Grounds are transparent and text takes the page's colour: light and dark pages both work.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metrics.report.document import Figure
from metrics.report.facts import Facts
from metrics.report.rates import RateRow

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C8C")
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
REAL = "#8C8C8C"
# an ordered scale from poor to good (Cividis), told apart by lightness alone
LEVELS = ("#00224E", "#35456C", "#666970", "#948E77", "#C8B866", "#FEE838")
ROW_PX = 46
LINE_PX, LEAST_LINE_PX = 34, 18
PAGE_PX = 740
MIN_PX = 360  # the least height of a .figure in static/app.css


def figure(
    key: str, title: str, alt: str, data: list[dict[str, Any]], layout: dict[str, Any]
) -> Figure:
    """Return a figure with the legend on top and the house's margins."""
    base = {
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "margin": {"l": 60, "r": 20, "t": 40, "b": 50},
        "hovermode": "closest",
    }
    merged: dict[str, Any] = base | layout
    merged["height"] = max(MIN_PX, merged.get("height", MIN_PX))
    return Figure(key, title, alt, {"data": data, "layout": merged})


def style(index: int, source: str = "synthetic") -> dict[str, Any]:
    """Return the marker of the n-th arm; real images are grey in every figure."""
    colour = REAL if source == "real" else PALETTE[index % len(PALETTE)]
    return {"color": colour, "symbol": MARKERS[index % len(MARKERS)], "size": 9}


def percent_axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}, "tickformat": ".0%", "range": [-0.02, 1.02]} | more


def forest(rows: Sequence[RateRow], facts: Facts, key: str, title: str) -> Figure:
    """Return rates with limits, a line per class and a marker per arm."""
    shown = [row for row in rows if row.estimate is not None]
    arms = _arms(rows, facts)
    names = list(dict.fromkeys(row.class_name for row in shown))[::-1]
    step = 0.6 / max(len(arms), 1)
    data = []
    for index, arm in enumerate(arms):
        mine = [row for row in shown if row.arm == arm]
        shift = (index - (len(arms) - 1) / 2) * step
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": facts.arm(arm).label,
                "x": [row.estimate for row in mine],
                "y": [names.index(row.class_name) - shift for row in mine],
                "error_x": error_bars(mine),
                "marker": style(index, facts.arm(arm).source),
                "customdata": [[row.class_name, row.n_images, row.method] for row in mine],
                "hovertemplate": "%{customdata[0]}: %{x:.1%}<br>%{customdata[1]} images, "
                "%{customdata[2]}<extra>%{fullData.name}</extra>",
            }
        )
    layout = {
        "xaxis": percent_axis("judged plausible"),
        "yaxis": {
            "tickvals": list(range(len(names))),
            "ticktext": names,
            "range": [-0.6, len(names) - 0.4],
            "zeroline": False,
        },
        "height": 130 + ROW_PX * len(names),
    }
    alt = f"Plausibility with 95 % limits of {len(names)} rows in {len(arms)} arms; table below."
    return figure(key, title, alt, data, layout)


def _arms(rows: Sequence[RateRow], facts: Facts) -> list[str]:
    """Return the arms in the order that gives each the same colour in every figure."""
    known = sorted(facts.arms, key=lambda arm: arm.source == "real")
    present = dict.fromkeys(row.arm for row in rows)
    ordered = [arm.code for arm in known if arm.code in present]
    return ordered + [arm for arm in present if arm not in ordered]


def _lines_px(n: int) -> int:
    """Return the height of n lines: many stand closer, so that a figure fits a printed page."""
    return max(LEAST_LINE_PX * n, min(LINE_PX * n, PAGE_PX))


def error_bars(rows: Sequence[Any]) -> dict[str, Any]:
    """Return asymmetric error bars of rows with estimate, low and high."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [_gap(row.high, row.estimate) for row in rows],
        "arrayminus": [_gap(row.estimate, row.low) for row in rows],
        "thickness": 1.5,
        "width": 4,
    }


def _gap(upper: float | None, lower: float | None) -> float:
    return 0.0 if upper is None or lower is None else max(upper - lower, 0.0)


def roc(curves: Sequence[tuple[str, Any]], key: str, title: str) -> Figure:
    """Return empirical ROC curves, (reader, metrics.stats.roc.Curve) each, and the diagonal."""
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": reader,
            "x": np.asarray(curve.false_positive, dtype=float).tolist(),
            "y": np.asarray(curve.true_positive, dtype=float).tolist(),
            "line": {"color": PALETTE[index % len(PALETTE)], "width": 2},
            "marker": {"symbol": MARKERS[index % len(MARKERS)], "size": 7},
            "hovertemplate": "real called synthetic %{x:.1%}<br>synthetic found %{y:.1%}"
            "<extra>%{fullData.name}</extra>",
        }
        for index, (reader, curve) in enumerate(curves)
    ]
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": "chance",
            "x": [0, 1],
            "y": [0, 1],
            "line": {"color": REAL, "dash": "dash", "width": 1},
            "hoverinfo": "skip",
        }
    )
    layout = {
        "xaxis": percent_axis("real images called synthetic", constrain="domain"),
        "yaxis": percent_axis("synthetic images found", scaleanchor="x", constrain="domain"),
        "height": 460,
    }
    alt = f"ROC curves of {len(curves)} readers over six answer levels; chance is the diagonal."
    return figure(key, title, alt, data, layout)


def dots(
    rows: Sequence[Any], labels: Sequence[str], key: str, title: str, axis: dict[str, Any]
) -> Figure:
    """Return estimates with limits, one line per label; `axis` is the x axis."""
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [row.estimate for row in rows],
            "y": list(labels),
            "error_x": error_bars(rows),
            "marker": style(0),
            "hovertemplate": "%{y}: %{x:.3f}<extra></extra>",
            "showlegend": False,
        }
    ]
    layout = {
        "xaxis": axis,
        "yaxis": {"autorange": "reversed", "type": "category"},
        "height": 130 + _lines_px(len(labels)),
    }
    return figure(key, title, f"{title}: {len(labels)} estimates with limits.", data, layout)


def stacked(
    groups: Sequence[str],
    parts: Sequence[tuple[str, Sequence[float]]],
    key: str,
    title: str,
    *,
    ordered: bool = False,
) -> Figure:
    """Return horizontal stacked bars: a bar per group, a colour per part."""
    steps = np.linspace(0, len(LEVELS) - 1, max(len(parts), 2)).round().astype(int)
    colours = [LEVELS[step] for step in steps] if ordered else PALETTE
    # the darkest and the lightest level would be lost on a dark and on a light page
    outline: dict[str, Any] = {"line": {"color": REAL, "width": 1}} if ordered else {}
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": list(groups),
            "x": list(values),
            "marker": {"color": colours[index % len(colours)]} | outline,
            "hovertemplate": "%{y}: %{x}<extra>%{fullData.name}</extra>",
        }
        for index, (name, values) in enumerate(parts)
    ]
    layout = {
        "barmode": "stack",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "xaxis": {"title": {"text": "readings"}},
        "yaxis": {"autorange": "reversed", "type": "category"},
        "height": 150 + _lines_px(len(groups)),
    }
    return figure(key, title, f"{title}: {len(groups)} bars of {len(parts)} parts.", data, layout)


def heatmap(
    matrix: Sequence[Sequence[float | None]],
    names: tuple[Sequence[str], Sequence[str]],
    key: str,
    title: str,
    axes: tuple[str, str],
) -> Figure:
    """Return shares in rows x columns; names = (rows, columns), axes = their titles."""
    rows, columns = names
    data = [
        {
            "type": "heatmap",
            "z": [list(line) for line in matrix],
            "y": list(rows),
            "x": list(columns),
            "zmin": 0,
            "zmax": 1,
            "colorscale": "Cividis",
            "colorbar": {"tickformat": ".0%"},
            "texttemplate": "%{z:.0%}",
            "textfont": {"size": 12},
            "xgap": 1,
            "ygap": 1,
            "hovertemplate": f"{axes[0]} %{{y}}, {axes[1]} %{{x}}: %{{z:.1%}}<extra></extra>",
        }
    ]
    layout = {
        "xaxis": {"title": {"text": axes[1]}, "type": "category"},
        "yaxis": {"title": {"text": axes[0]}, "type": "category", "autorange": "reversed"},
        "height": 200 + 30 * len(rows),
    }
    alt = f"{title}: shares of {len(rows)} rows in {len(columns)} columns; table below."
    return figure(key, title, alt, data, layout)
