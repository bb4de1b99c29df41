"""Two figures of a measurement: how near images lie to training images, and the four shares."""

from collections.abc import Mapping
from typing import Any

from generation.quality.words import AGAINST, SHARES

Figure = dict[str, Any]
COLOURS = {
    "held_out": "#0072B2",
    "training": "#E69F00",
    "baseline": "#8C8C8C",
    "generated": "#0072B2",
    "unseen": "#8C8C8C",
}
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}


def distance_figure(copying: Mapping[str, Any]) -> Figure:
    """Return the shares of images within a distance of a training image: drawn and unseen."""
    names = {"generated": "generated images", "unseen": "real images, for comparison"}
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": copying["distances"][key],
            "y": [place / 100 for place in range(101)],
            "line": {"color": COLOURS[key], "dash": "solid" if key == "generated" else "dash"},
            "hovertemplate": "%{y:.0%} within %{x:.1f}<extra>" + name + "</extra>",
        }
        for key, name in names.items()
    ]
    limit = copying["threshold"]
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": "threshold",
            "x": [limit, limit],
            "y": [0, 1],
            "line": {"color": "#D55E00", "dash": "dot"},
            "hovertemplate": f"nearer than {limit:.2f}: a copy<extra></extra>",
        }
    )
    layout = {
        "xaxis": {"title": {"text": "distance to the nearest training image, grey levels"},
                  "rangemode": "tozero"},
        "yaxis": {"title": {"text": "images within it"}, "tickformat": ".0%",
                  "range": [-0.02, 1.02]},
        "legend": LEGEND,
    }  # fmt: skip
    return {"data": data, "layout": layout}


def share_figure(comparisons: Mapping[str, Mapping[str, Any]]) -> Figure | None:
    """Return bars of precision, recall, density and coverage; None where all are refused."""
    data = []
    for name, cells in comparisons.items():
        shown = [share for share in SHARES if "refused" not in cells[share]]
        if not shown:
            continue
        values = [cells[share] for share in shown]
        data.append(
            {
                "type": "bar",
                "name": AGAINST[name],
                "x": [share.capitalize() for share in shown],
                "y": [one["estimate"] for one in values],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [one["high"] - one["estimate"] for one in values],
                    "arrayminus": [one["estimate"] - one["low"] for one in values],
                    "thickness": 1.5,
                    "width": 4,
                },
                "marker": {"color": COLOURS[name]},
                "hovertemplate": "%{x}: %{y:.2f}<extra>" + AGAINST[name] + "</extra>",
            }
        )
    layout = {
        "barmode": "group",
        "yaxis": {"title": {"text": "share (density: balls per image)"}, "rangemode": "tozero"},
        "legend": LEGEND,
    }
    return {"data": data, "layout": layout} if data else None
