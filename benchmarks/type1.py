"""Type I error of the multi-reader test against chance, and of the tests it replaces.

Readers differ in how well they tell synthetic from real images, and average to chance: the truth
of "readers like these" is exactly .5. Three readers read the same images; images share their
difficulty between readers. A test at .05 should reject in about 5 of 100 such studies.

    python -m benchmarks.type1 [--quick] [--json]
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from metrics.stats.mrmc import obuchowski_rockette
from metrics.stats.turing import delong

ALPHA = 0.05
SEED = 20261120
BAND = (0.03, 0.08)


@dataclass(frozen=True)
class World:
    """Hold one way that readers and images may vary; sds are on the latent scale."""

    n_readers: int
    n_images: int
    reader_sd: float
    image_sd: float


WORLDS = {
    "3 readers x 100, sd .3": World(3, 100, 0.3, 0.5),
    "3 readers x 200, sd .3": World(3, 200, 0.3, 0.5),
    "5 readers x 100, sd .3": World(5, 100, 0.3, 0.5),
}
QUICK = "3 readers x 100, sd .3"
METRICS = ("auc", "accuracy")


def simulate(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Draw one study: signed six-level confidences (-3 .. 3 without 0) of a balanced case set.

    latent = skill_r * (+-1) + image_c + noise; skill_r ~ N(0, reader_sd^2) averages to chance.
    """
    truth = np.arange(world.n_images) % 2
    skill = rng.normal(0, world.reader_sd, size=world.n_readers)
    image = rng.normal(0, world.image_sd, size=world.n_images)
    noise = rng.normal(size=(world.n_readers, world.n_images))
    latent = skill[:, None] * (2 * truth - 1) + image + noise
    levels = np.array([-3, -2, -1, 1, 2, 3])
    rating = levels[np.digitize(latent, [-1.0, -0.5, 0.0, 0.5, 1.0])]
    reader, case = np.indices(rating.shape)
    return pd.DataFrame(
        {
            "reader": reader.ravel(),
            "case": case.ravel(),
            "truth": truth[case.ravel()],
            "rating": rating.ravel().astype(float),
        }
    )


def multi_reader(frame: pd.DataFrame, metric: str) -> float:
    """Give the p-value of the single-modality Obuchowski-Rockette test against .5."""
    study = obuchowski_rockette(frame, "jackknife", metric)  # type: ignore[arg-type]
    return study.against(0.5).p


def pooled(frame: pd.DataFrame, metric: str) -> float:
    """Give the p-value that comes from taking all readings as independent (never shown)."""
    if metric == "auc":
        return delong(frame["truth"].to_numpy(), frame["rating"].to_numpy()).p
    from scipy.stats import binomtest

    right = (frame["rating"] > 0) == (frame["truth"] == 1)
    return float(binomtest(int(right.sum()), len(right), 0.5).pvalue)


def rejection_rate(
    world: World, test: Callable[[pd.DataFrame, str], float], metric: str, repeats: int
) -> float:
    """Give the share of simulated studies in which the test rejects chance."""
    stream = (SEED, world.n_readers, world.n_images, METRICS.index(metric))
    rng = np.random.default_rng(stream)
    hits = [test(simulate(world, rng), metric) < ALPHA for _ in range(repeats)]
    return float(np.mean(hits))


def measure(worlds: dict[str, World], repeats: int) -> dict[str, object]:
    """Run the worlds and metrics with both tests; a rate's Monte Carlo error is stated."""
    start = time.perf_counter()
    rates = {
        f"{metric}, {name}": {
            "multi_reader": rejection_rate(world, multi_reader, metric, repeats),
            "pooled": rejection_rate(world, pooled, metric, 300),
        }
        for name, world in worlds.items()
        for metric in METRICS
    }
    ours = [rate["multi_reader"] for rate in rates.values()]
    return {
        "benchmark": "type1",
        "rates": rates,
        "least": min(ours),
        "most": max(ours),
        "band": BAND,
        "within": BAND[0] <= min(ours) and max(ours) <= BAND[1],
        "repeats": repeats,
        "monte_carlo_se": round(float(np.sqrt(0.05 * 0.95 / repeats)), 4),
        "alpha": ALPHA,
        "seed": SEED,
        "seconds": round(time.perf_counter() - start, 2),
    }


def main() -> None:
    """Print a table, then with --json one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, under 50 s")
    parser.add_argument("--json", action="store_true", help="last line is one JSON object")
    options = parser.parse_args()
    result = measure({QUICK: WORLDS[QUICK]}, 2000) if options.quick else measure(WORLDS, 6000)
    for name, rate in result["rates"].items():  # type: ignore[attr-defined]
        print(f"{name:40} multi-reader {rate['multi_reader']:.3f}  pooled {rate['pooled']:.3f}")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
