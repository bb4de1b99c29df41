"""Multi-reader studies for tests: frames of readings from arrays, and simulated ones."""

import numpy as np
import pandas as pd


def frame_of(ratings: np.ndarray, truth: np.ndarray) -> pd.DataFrame:
    """Make a tidy frame of (modality, reader, case) ratings; NaN cells become absent rows."""
    modality, reader, case = np.indices(ratings.shape)
    frame = pd.DataFrame(
        {
            "modality": modality.ravel(),
            "reader": reader.ravel(),
            "case": case.ravel(),
            "truth": np.asarray(truth)[case.ravel()],
            "rating": ratings.ravel().astype(float),
        }
    )
    return frame.dropna(subset="rating").reset_index(drop=True)


def study(
    modalities: int = 2, readers: int = 4, cases: int = 40, missing: float = 0.0, seed: int = 1
) -> pd.DataFrame:
    """Simulate six-level ratings that share readers and cases."""
    rng = np.random.default_rng(seed)
    truth = np.arange(cases) % 2
    shape = (modalities, readers, cases)
    latent = (
        truth
        + 0.5 * rng.normal(size=cases)
        + 0.3 * rng.normal(size=(1, readers, 1))
        + rng.normal(size=shape)
    )
    ratings = np.digitize(latent, [-0.5, 0.0, 0.5, 1.0, 1.5]).astype(float)
    ratings[rng.random(shape) < missing] = np.nan
    return frame_of(ratings, truth)
