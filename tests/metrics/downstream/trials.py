"""Simulated test scores of classifiers trained with and without synthetic images."""

import numpy as np
import pandas as pd


def simulated(
    n: int = 120,
    seeds: int = 4,
    *,
    classes: int = 2,
    per_patient: int = 1,
    gain: float = 0.4,
    training: float = 0.15,
    seed: int = 1,
) -> pd.DataFrame:
    """Return rows of arms `real` and `augmented`: images share how hard they are with all.

    gain: how much better the augmented arm separates; training: spread between seeds.
    """
    rng = np.random.default_rng(seed)
    patient = np.arange(n) // per_patient
    truth = rng.integers(0, classes, patient.max() + 1)[patient]
    hard = rng.normal(size=(patient.max() + 1, classes))[patient]
    parts = []
    for arm, effect in (("real", 1.0), ("augmented", 1.0 + gain)):
        for k in range(seeds):
            strength = effect + training * rng.normal()
            for name in range(classes) if classes > 2 else (1,):
                noise = 0.7 * hard[:, name] + 0.7 * rng.normal(size=n)
                part = pd.DataFrame({"case": np.arange(n), "cluster": patient, "truth": truth})
                part = part.assign(seed=k, arm=arm, score=strength * (truth == name) + noise)
                parts.append(part if classes == 2 else part.assign(**{"class": name}))
    return pd.concat(parts, ignore_index=True)
