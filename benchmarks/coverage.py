"""Coverage of 95 % intervals of rates when readers and images, or clusters, are samples.

Readers differ in how easily they accept an image, images in how acceptable they are; the truth
is the rate over all readers and images. The interval of several readers should hold it in .92 to
.98 of studies with 3 to 5 readers; Wilson's interval on the pooled readings does not. The same
is shown for images in clusters.

    python -m benchmarks.coverage [--quick] [--json]
"""

import argparse
import json
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from metrics.stats.proportions import clustered_rate, interval, multi_reader_rate

SEED = 20261120
BAND = (0.92, 0.98)
READERS = (3, 4, 5)
REPEATS = {"quick": 800, "full": 5000}
CLUSTERS = (30, 10, 0.1)  # clusters, images in each, correlation within


@dataclass(frozen=True)
class World:
    """Hold the true rate, the number of images and the sds of readers and images (probit)."""

    rate: float
    n_images: int
    reader_sd: float
    image_sd: float = 0.7


WORLDS = (World(0.5, 50, 0.15), World(0.7, 100, 0.3), World(0.9, 100, 0.5))
MORE_WORLDS = (World(0.6, 200, 0.3), World(0.7, 100, 0.5), World(0.8, 50, 0.3, 1.5))


@dataclass(frozen=True)
class Found:
    """Hold the share of intervals that hold the truth, for two methods."""

    ours: float
    pooled_wilson: float
    width: float


def simulate(world: World, n_readers: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw images x readers of 0 and 1 whose expected rate is world.rate exactly."""
    spread = np.sqrt(1 + world.reader_sd**2 + world.image_sd**2)
    latent = ndtri(world.rate) * spread + world.reader_sd * rng.normal(size=(1, n_readers))
    latent = latent + world.image_sd * rng.normal(size=(world.n_images, 1))
    return (latent + rng.normal(size=(world.n_images, n_readers)) > 0).astype(float)


def reader_coverage(world: World, n_readers: int, repeats: int) -> Found:
    """Return the coverage of multi_reader_rate and of Wilson on the pooled readings."""
    rng = np.random.default_rng((SEED, n_readers, world.n_images, int(1000 * world.rate)))
    case, reader = np.indices((world.n_images, n_readers))
    frame = pd.DataFrame({"reader": reader.ravel(), "case": case.ravel()})
    held = np.empty((repeats, 3))
    for row in held:
        values = simulate(world, n_readers, rng).ravel()
        ours = multi_reader_rate(frame.assign(value=values))
        pooled = interval(int(values.sum()), len(values))
        row[:] = (
            ours.low <= world.rate <= ours.high,
            pooled.low <= world.rate <= pooled.high,
            ours.high - ours.low,
        )
    return Found(*held.mean(axis=0).round(4).tolist())


def cluster_coverage(method: str, repeats: int, rate: float = 0.7) -> Found:
    """Return the coverage of clustered_rate and of Wilson, beta-binomial clusters."""
    n_clusters, size, correlation = CLUSTERS
    rng = np.random.default_rng((SEED, n_clusters, size))
    labels = np.repeat(np.arange(n_clusters), size)
    total = (1 - correlation) / correlation
    held = np.empty((repeats, 3))
    for row in held:
        p = rng.beta(rate * total, (1 - rate) * total, size=n_clusters)
        values = (rng.random(len(labels)) < p[labels]).astype(float)
        ours = clustered_rate(values, labels, method)
        plain = interval(int(values.sum()), len(values))
        row[:] = (
            ours.low <= rate <= ours.high,
            plain.low <= rate <= plain.high,
            ours.high - ours.low,
        )
    return Found(*held.mean(axis=0).round(4).tolist())


def measure(quick: bool) -> dict[str, object]:
    """Run all scenarios and return one record."""
    start = time.perf_counter()
    repeats = REPEATS["quick" if quick else "full"]
    worlds = WORLDS if quick else WORLDS + MORE_WORLDS
    rows = [
        {"readers": r, **vars(world), **vars(reader_coverage(world, r, repeats))}
        for r in READERS
        for world in worlds
    ]
    by_readers = {
        str(r): round(float(np.mean([row["ours"] for row in rows if row["readers"] == r])), 4)
        for r in READERS
    }
    every = [float(row["ours"]) for row in rows]
    clusters = {
        method: vars(cluster_coverage(method, repeats))
        for method in ("logit-t", "korn-graubard", "cr2")
    }
    return {
        "benchmark": "coverage",
        "quick": quick,
        "repeats": repeats,
        "monte_carlo_se": round(float(np.sqrt(0.95 * 0.05 / repeats)), 4),
        "band": BAND,
        "coverage_by_readers": by_readers,
        "least": min(every),
        "most": max(every),
        "within": all(BAND[0] <= value <= BAND[1] for value in by_readers.values()),
        "seed": SEED,
        "scenarios": rows,
        "clusters": clusters,
        "seconds": round(time.perf_counter() - start, 1),
    }


def show(record: dict) -> None:
    """Print the record as a table."""
    print("readers images  rate    sd   ours  pooled  width")
    for row in record["scenarios"]:
        print(
            f"{row['readers']:>7} {row['n_images']:>6} {row['rate']:>5} {row['reader_sd']:>5} "
            f"{row['ours']:>6.3f} {row['pooled_wilson']:>7.3f} {row['width']:>6.3f}"
        )
    for method, found in record["clusters"].items():
        print(f"clusters, {method}: {found['ours']:.3f} (Wilson {found['pooled_wilson']:.3f})")
    print(f"by readers {record['coverage_by_readers']}, {record['seconds']} s")


def main() -> None:
    """Parse the flags, run, and print; with --json the last line is the record."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer scenarios and repeats")
    parser.add_argument("--json", action="store_true", help="print one JSON line last")
    flags = parser.parse_args()
    record = measure(flags.quick)
    show(record)
    if flags.json:
        print(json.dumps(record))


if __name__ == "__main__":
    main()
