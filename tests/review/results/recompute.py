"""Recompute a dashboard's numbers from the downloaded readings, with nothing of ours imported.

Formulas straight from the papers: Wilson's interval; Newcombe's difference; Fisher's exact test
with Holm's adjustment; the multi-reader rate of Obuchowski and Rockette with Hillis' degrees of
freedom on the logit scale; the empirical area under the ROC curve with DeLong's error.
Run on a file: `python recompute.py readings.csv`.
"""

import sys

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import fisher_exact, norm, t


def primary(frame, kind):
    kept = frame[(frame["part_kind"] == kind) & (frame["role"] == "main")]
    return kept[kept["replicate"] == 0]


def wilson(x, n, level=0.95):
    z = norm.ppf((1 + level) / 2)
    centre, half = x + z * z / 2, z * np.sqrt(x * (n - x) / n + z * z / 4)
    return (centre - half) / (n + z * z), (centre + half) / (n + z * z)


def newcombe(x1, n1, x2, n2):
    (l1, u1), (l2, u2) = wilson(x1, n1), wilson(x2, n2)
    p1, p2 = x1 / n1, x2 / n2
    low = p1 - p2 - np.hypot(p1 - l1, u2 - p2)
    return p1 - p2, low, p1 - p2 + np.hypot(u1 - p1, p2 - l2)


def holm(p_values):
    order, m = np.argsort(p_values), len(p_values)
    raw = [min(1.0, (m - rank) * p_values[i]) for rank, i in enumerate(order)]
    adjusted = np.maximum.accumulate(raw)
    return {int(i): float(p) for i, p in zip(order, adjusted, strict=True)}


def multi_reader(cell):
    """Return the mean rate over readers with logit-t limits; every image read by every reader."""
    grid = cell.pivot(index="case", columns="reader", values="value")
    rates = grid.mean()
    r = grid.shape[1]
    covariance = np.zeros((r, r))
    for j, a in enumerate(grid.columns):
        for k, b in enumerate(grid.columns):
            both = grid[[a, b]].dropna() if a != b else grid[[a]].dropna()
            n_a, n_b, c = grid[a].count(), grid[b].count(), len(both)
            da, db = both[a] - rates[a], both[b] - rates[b]
            degrees = c * (1 - 1 / n_a - 1 / n_b + c / (n_a * n_b))
            covariance[j, k] = (da * db).sum() / degrees * c / (n_a * n_b)
    ms, cov2 = rates.var(ddof=1), covariance[~np.eye(r, dtype=bool)].mean()
    total = ms + r * max(cov2, 0)
    rate, se, df = rates.mean(), np.sqrt(total / r), total**2 / (ms**2 / (r - 1))
    half = t.ppf(0.975, df) * se / (rate * (1 - rate))
    return rate, expit(logit(rate) - half), expit(logit(rate) + half)


def area(synthetic, score):
    """Return the empirical area and DeLong's limits."""
    x, y = score[synthetic], score[~synthetic]
    wins = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    value = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / len(x) + wins.mean(axis=0).var(ddof=1) / len(y)
    half = norm.ppf(0.975) * np.sqrt(variance)
    return value, max(0, value - half), min(1, value + half)


def verdict_values(frame):
    return frame["verdict"].map({True: 1.0, False: 0.0, "True": 1.0, "False": 0.0})


def main(path):
    frame = pd.read_csv(path)
    rows = primary(frame, "plausibility")
    rows = rows.assign(value=verdict_values(rows)).dropna(subset=["value"])
    for (name, arm), cell in rows.groupby(["class", "arm"]):
        x, n = int(cell["value"].sum()), len(cell)
        print(name, arm, f"{x}/{n}", wilson(x, n) if cell["reader"].nunique() == 1 else "")


__all__ = ["area", "fisher_exact", "holm", "multi_reader", "newcombe", "primary", "wilson"]

if __name__ == "__main__":
    main(sys.argv[1])
