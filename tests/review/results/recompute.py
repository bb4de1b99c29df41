"""Recompute a dashboard's numbers from the downloaded readings, with nothing of ours imported.

Formulas straight from the papers: Wilson's interval; Newcombe's difference; Fisher's exact test
with Holm's adjustment; the multi-reader rate of Obuchowski and Rockette with Hillis' degrees of
freedom on the logit scale; the empirical area under the ROC curve with DeLong's error; the mean
area over readers with unbiased covariances; d' and criterion; Cochran, Mantel and Haenszel; the
rule of acceptability; class scores.
Run on a file: `python recompute.py readings.csv`.
"""

import sys

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import beta, chi2, fisher_exact, norm, t


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


def wins_of(cases, truth, score):
    """Return one reader's wins (synthetic cases, real cases), NaN where one was not read."""
    synthetic, real = cases[truth], cases[~truth]
    x, y = score.reindex(synthetic).to_numpy(float), score.reindex(real).to_numpy(float)
    wins = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    return np.where(np.isnan(x)[:, None] | np.isnan(y)[None, :], np.nan, wins)


def unbiased(a, b):
    """Return the covariance of two readers' mean wins: mean a x mean b less the disjoint pairs."""
    apart, n = 0.0, 0
    for (i, j), value in np.ndenumerate(a):
        if np.isnan(value):
            continue
        others = np.delete(np.delete(b, i, axis=0), j, axis=1)
        apart += value * np.nansum(others)
        n += int((~np.isnan(others)).sum())
    return np.nanmean(a) * np.nanmean(b) - apart / n


def multi_reader_area(frame, score):
    """Return the mean area over readers with t limits, readers and images random."""
    truth = frame.drop_duplicates("case").set_index("case")["source"] == "synthetic"
    cases = truth.index.to_numpy()
    readers = [one.set_index("case")[score] for _, one in frame.groupby("reader")]
    wins = [wins_of(cases, truth.to_numpy(), one) for one in readers]
    areas, r = np.array([np.nanmean(one) for one in wins]), len(wins)
    cov2 = np.mean([unbiased(a, b) for i, a in enumerate(wins) for b in wins[:i]])
    total = areas.var(ddof=1) + r * max(cov2, 0)
    df = total**2 / (areas.var(ddof=1) ** 2 / (r - 1))
    half = t.ppf(0.975, df) * np.sqrt(total / r)
    return areas.mean(), max(0, areas.mean() - half), min(1, areas.mean() + half)


def detection(hits, n1, alarms, n0):
    """Return d' and criterion, each with its limits: log-linear, Gourevitch and Galanter."""
    rates = np.array([(hits + 0.5) / (n1 + 1), (alarms + 0.5) / (n0 + 1)])
    z = norm.ppf(rates)
    half = norm.ppf(0.975) * np.sqrt(
        (rates * (1 - rates) / (np.array([n1, n0]) * norm.pdf(z) ** 2)).sum()
    )
    d, c = z[0] - z[1], -z.sum() / 2
    return (d, d - half, d + half), (c, c - half / 2, c + half / 2)


def mantel_haenszel(tables):
    """Return the common odds ratio, the uncorrected chi-square and its p."""
    tables = np.asarray(tables, dtype=float)
    (a, b), (c, d) = tables.transpose(1, 2, 0)
    n, row, column = a + b + c + d, a + b, a + c
    variance = (row * (c + d) * column * (b + d) / (n**2 * (n - 1))).sum()
    statistic = (a - row * column / n).sum() ** 2 / variance
    return (a * d / n).sum() / (b * c / n).sum(), statistic, chi2.sf(statistic, 1)


def acceptability(cell, accept_at=4, least=3):
    """Return accepted and eligible images and the one-sided lower limit of their share."""
    ratings = cell.dropna(subset=["rating"]).groupby("case")["rating"]
    eligible = ratings.count() >= least
    accepted = ratings.agg(lambda x: (x >= accept_at).sum() * 2 > x.size)[eligible]
    k, n = int(accepted.sum()), int(eligible.sum())
    return k, n, beta.ppf(0.05, k, n - k + 1) if k else 0.0


def class_scores(cell):
    """Return {class: (recall, precision, F1)}; cannot judge counts as no class."""
    read = cell[cell["outcome"] != "missing"]
    scores = {}
    for name in sorted(read["class"].unique()):
        right = int(((read["class"] == name) & (read["perceived_class"] == name)).sum())
        meant, said = (read["class"] == name).sum(), (read["perceived_class"] == name).sum()
        scores[name] = right / meant, right / said if said else 0.0, 2 * right / (meant + said)
    return scores


def verdict_values(frame):
    return frame["verdict"].map({True: 1.0, False: 0.0, "True": 1.0, "False": 0.0})


def main(path):
    frame = pd.read_csv(path)
    rows = primary(frame, "plausibility")
    rows = rows.assign(value=verdict_values(rows)).dropna(subset=["value"])
    for (name, arm), cell in rows.groupby(["class", "arm"]):
        x, n = int(cell["value"].sum()), len(cell)
        print(name, arm, f"{x}/{n}", wilson(x, n) if cell["reader"].nunique() == 1 else "")


__all__ = [
    "acceptability", "area", "class_scores", "detection", "fisher_exact", "holm",
    "mantel_haenszel", "multi_reader", "multi_reader_area", "newcombe", "primary", "wilson",
]  # fmt: skip

if __name__ == "__main__":
    main(sys.argv[1])
