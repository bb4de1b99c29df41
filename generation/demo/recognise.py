"""Does a classifier of the real classes recognise what the generator was asked for?"""

from typing import Any

import numpy as np

from generation.demo.standins import NeighbourReader
from generation.families.pixels import prepare_image
from generation.runs.models import GeneratedImage, GenerationRun
from generation.training.dataset import augmentation_of, channels_of, eight_bit, prepare_pool
from generation.training.models import Checkpoint
from generation.training.store import open_folder
from review.catalog.models import Pool
from review.catalog.services.intake import read_pixels


def recognised_share(pool: Pool, run: GenerationRun, *, seed: int = 0) -> float:
    """Return the share of a run's images that a small CNN assigns to the class asked.

    The CNN is trained on the real images, cropped as the generator saw them, and on nothing else.
    """
    import torch

    from generation.prototypes.recogniser import train_recogniser

    config = run.checkpoint.config
    size, channels = config["size"], channels_of(pool.domain)
    real = prepare_pool(pool, size=size, crop=config["crop"], channels=channels)
    recogniser = train_recogniser(
        torch.from_numpy(real.images),
        torch.from_numpy(real.labels),
        real.classes,
        augmentation=augmentation_of(pool.domain),
        seed=seed,
    )
    rows = GeneratedImage.objects.filter(run=run, asset__isnull=False).select_related(
        "asset", "image_class"
    )
    drawn = [
        prepare_image(eight_bit(read_pixels(row.asset)), size=size, crop=1.0, channels=channels)
        for row in rows
        if row.asset is not None
    ]
    asked = [real.classes.index(row.image_class.code) for row in rows]
    images = torch.from_numpy(np.stack(drawn).transpose(0, 3, 1, 2).copy())
    return round(recogniser.share_recognised(images, torch.tensor(asked)), 4)


def neighbour_reader(pool: Pool, checkpoint: Checkpoint, rng: Any) -> NeighbourReader:
    """Return a stand-in reader in the embedding of a checkpoint's bank, with the pool's images."""
    import torch

    from generation.prototypes.bank import PrototypeBank
    from generation.prototypes.neighbours import real_to_real_limits

    if checkpoint.bank is None:
        raise ValueError(f"Checkpoint {checkpoint} has no prototype bank to embed images with.")
    bank = PrototypeBank.load(
        open_folder(checkpoint.bank.storage_key), expected=checkpoint.bank.card_sha256
    )
    config = checkpoint.config
    real = prepare_pool(
        pool, size=config["size"], crop=config["crop"], channels=channels_of(pool.domain)
    )
    labels = torch.from_numpy(real.labels)
    features = bank.encoder.encode(torch.from_numpy(real.images))
    return NeighbourReader(
        encode=bank.encoder.encode,
        features=features,
        labels=labels,
        limits=real_to_real_limits(features, labels, len(real.classes)),
        classes=real.classes,
        size=config["size"],
        rng=rng,
    )
