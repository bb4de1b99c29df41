"""The loss curve of a training."""

from typing import Any


def loss_figure(curve: list[list[float]]) -> dict[str, Any]:
    """Return a Plotly figure of (step, loss) points; loss on a logarithmic axis."""
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": [point[0] for point in curve],
        "y": [point[1] for point in curve],
        "line": {"color": "#0f766e"},
        "hovertemplate": "step %{x}: %{y:.4f}<extra></extra>",
    }
    layout = {
        "height": 300,
        "xaxis": {"title": {"text": "optimizer step"}},
        "yaxis": {"title": {"text": "loss"}, "type": "log"},
    }
    return {"data": [line], "layout": layout}
