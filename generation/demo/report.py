"""What one turn of the loop showed, as plain numbers. Numbers come from frozen snapshots only."""

from typing import Any

from generation.feedback.models import Plan
from metrics.stats.comparison import risk_difference_mh
from metrics.stats.proportions import interval
from metrics.stats.turing import reader_performance
from review.results.frames import load_snapshot
from review.results.models import Snapshot

ANSWERED = "answered"


def round_report(number: int, snapshot: Snapshot, plan: Plan) -> dict[str, Any]:
    """Return one round: images shown, rates per class and arm, the Turing accuracy, its plan."""
    frame = load_snapshot(snapshot)
    judged = _judged(frame)
    return {
        "round": number,
        "images": int(frame.loc[frame["outcome"] != "missing", "image"].nunique()),
        "simulated_readers": bool(frame["reader_simulated"].any()),
        "classes": _rates(judged),
        "turing": {"accuracy": _accuracy(frame)},
        "plan": plan_report(plan),
    }


def _judged(frame: Any) -> Any:
    """Return first readings of main cases with a verdict: one row per image and reader."""
    rows = frame[(frame["part_kind"] == "plausibility") & (frame["role"] == "main")]
    rows = rows[(rows["outcome"] == ANSWERED) & (rows["replicate"] == 0)]
    return rows[rows["verdict"].notna()]


def _rates(judged: Any) -> list[dict[str, Any]]:
    rows = []
    for (code, arm), cell in judged.groupby(["class", "arm"], observed=True):
        n, plausible = len(cell), int(cell["verdict"].astype(bool).sum())
        if n:
            found = interval(plausible, n)
            rows.append(
                {
                    "code": code,
                    "arm": arm,
                    "n": n,
                    "plausible": plausible,
                    "rate": round(found.estimate, 4),
                    "low": round(found.low, 4),
                    "high": round(found.high, 4),
                }
            )
    return rows


def _accuracy(frame: Any) -> float:
    """Return the share of right calls in the turing part: above the middle of six = real."""
    rows = frame[(frame["part_kind"] == "turing") & (frame["outcome"] == ANSWERED)]
    truth = (rows["source"] == "synthetic").astype(int).to_numpy()
    calls_synthetic = (rows["turing"].astype(float) <= 3).astype(float).to_numpy()
    return round(float(reader_performance(truth, calls_synthetic).accuracy.estimate), 4)


def difference_report(snapshot: Snapshot) -> dict[str, float]:
    """Return late minus early over classes (Mantel-Haenszel) with its 95 % interval."""
    judged = _judged(load_snapshot(snapshot))
    tables = []
    for _, cell in judged.groupby("class", observed=True):
        counts = []
        for arm in ("late", "early"):
            verdicts = cell.loc[cell["arm"] == arm, "verdict"].astype(bool)
            counts.append([int(verdicts.sum()), int((~verdicts).sum())])
        tables.append(counts)
    found = risk_difference_mh(tables)
    return {
        "estimate": round(found.estimate, 4),
        "low": round(found.low, 4),
        "high": round(found.high, 4),
    }


def plan_report(plan: Plan) -> dict[str, Any]:
    """Return how many images the plan shows per class and prototype, and its state."""
    classes: dict[str, dict[str, Any]] = {}
    for cell in plan.cells.select_related("image_class"):
        code = cell.image_class.code
        entry = classes.setdefault(code, {"code": code, "show": 0, "prototypes": []})
        entry["show"] += cell.n_show
        entry["prototypes"].append(
            {"show": cell.n_show, "rate": round(cell.rate, 4), "need": round(cell.need, 2)}
        )
    total = sum(entry["show"] for entry in classes.values())
    return {"state": plan.state, "total": total, "classes": list(classes.values())}
