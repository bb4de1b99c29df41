"""The image metrics of one run: read, compare, look for copies, and put into one result.

The result is a function of the images, the extractor, the seed and METHOD_VERSION; its hash says
whether two measurements found the same.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from generation.quality.compare import compare_classes, compare_sets
from generation.quality.extractor import Extractor, open_extractor
from generation.quality.likeness import compare_likeness
from generation.quality.models import Measurement
from generation.quality.progress import Progress
from generation.quality.reading import Preparation
from generation.quality.reference import Material, Picture, gather_material, per_class
from generation.quality.sample import EqualSample, draw_equal, draw_some, split_half
from generation.quality.search import CopySearch, search_copies
from generation.runs.models import GenerationRun
from generation.training.dataset import augmentation_of, channels_of
from review.catalog.models import Pool

METHOD_VERSION = "1"
FORMAT = 1
SCALE_MOST = 1000  # training images that features are standardised on


@dataclass(frozen=True)
class Outcome:
    """What a measurement keeps: its result, the rows of its copies, and who made the features."""

    result: dict[str, Any]
    copies: list[dict[str, Any]]
    encoder: str
    encoder_sha256: str


@dataclass(frozen=True)
class Plan:
    """Which samples are compared: name of a comparison -> (real set, other set)."""

    sample: EqualSample
    pairs: Mapping[str, tuple[str, str]]
    baseline: str


def measure(row: Measurement, progress: Progress) -> Outcome:
    """Compute the image metrics of a run.

    Raises MeasurementRefused, MediaMissing, or LeaseLost when another worker has the measurement.
    """
    from generation.engine.numerics import use_threads

    use_threads()
    run = row.run
    progress.stage("finding the images")
    material = gather_material(run, row.pools.all())
    channels = channels_of(run.pool.domain)
    how = Preparation.of_generator(run.checkpoint.config, channels)
    extractor = open_extractor(row.extractor, run.checkpoint, channels)
    plan = _plan(material, row.seed)
    rules = augmentation_of(run.pool.domain)
    search = CopySearch(material, how, rules, row.seed)
    scale = _scale_set(material)
    progress.expect(len(scale) + len(plan.sample.sets) * plan.sample.n + search.reads)
    progress.stage("comparing with real images")
    extractor = extractor.standardised(scale, how, progress.read)
    compared = _compare(plan, extractor, how, row.seed, progress)
    progress.stage("looking for copies")
    found = search_copies(search, progress.read)
    result = {
        "format": FORMAT,
        "method_version": METHOD_VERSION,
        "seed": row.seed,
        "run": _about(run),
        "features": _about_features(extractor, how, len(scale)),
        "sets": _about_sets(material),
        "sample": {"n": plan.sample.n, "classes": dict(plan.sample.counts)},
        "baseline": plan.baseline,
        **compared,
        "copying": found.result,
        "warnings": [*material.warnings, *_notes(material, plan)],
    }
    return Outcome(result, found.copies, extractor.name, extractor.sha256)


def _scale_set(material: Material) -> list[Picture]:
    """Return the training images that features are standardised on: the same for every seed."""
    places = draw_some(material.training, SCALE_MOST, name="scale", seed=0)
    return [material.training[place] for place in places]


def _plan(material: Material, seed: int) -> Plan:
    """Choose the samples; without held-out images one half of the training set stands in."""
    codes = list(per_class(material.generated))
    if material.held_out:
        sets: dict[str, Sequence[Picture]] = {
            "generated": material.generated,
            "training": material.training,
            "held_out": material.held_out,
        }
        pairs = {
            "held_out": ("held_out", "generated"),
            "training": ("training", "generated"),
            "baseline": ("held_out", "training"),
        }
        sample = draw_equal(sets, codes, seed=seed)
        if sample.n:
            return Plan(sample, pairs, "training against held-out images")
    first, second = split_half(material.training, seed=seed)
    halves = {"generated": material.generated, "training": first, "other_half": second}
    pairs = {"training": ("training", "generated"), "baseline": ("training", "other_half")}
    sample = draw_equal(halves, codes, seed=seed)
    return Plan(sample, pairs, "one half of the training images against the other")


def _compare(
    plan: Plan, extractor: Extractor, how: Preparation, seed: int, progress: Progress
) -> dict[str, Any]:
    """Return the distances of all images, of each class, and the likeness within classes."""
    features = {
        name: extractor.features(images, _of_set(name, how), progress.read)
        for name, images in plan.sample.sets.items()
    }
    return {
        "comparisons": {
            name: compare_sets(features[real], features[other], extractor.named, seed=seed)
            for name, (real, other) in plan.pairs.items()
        },
        "classes": compare_classes(features, plan.sample, plan.pairs, extractor.named, seed=seed),
        "likeness": {
            name: compare_likeness(images, _of_set(name, how), seed=seed)
            for name, images in plan.sample.sets.items()
            if name != "other_half"
        },
    }


def _of_set(name: str, how: Preparation) -> Preparation:
    return how.as_drawn if name == "generated" else how


def _about(run: GenerationRun) -> dict[str, Any]:
    checkpoint = run.checkpoint
    return {
        "uuid": str(run.uuid),
        "name": run.name,
        "seed": run.seed,
        "checkpoint": checkpoint.card_sha256,
        "family": checkpoint.family,
        "preset": checkpoint.preset,
    }


def _about_features(extractor: Extractor, how: Preparation, n_scale: int) -> dict[str, Any]:
    """Name the extractor. Mean and scale come from the same images whatever the run and seed."""
    named = {name: getattr(extractor, name) for name in ("name", "sha256", "dimension")}
    facts = {"learned_on": extractor.learned_on, "standardised_on": n_scale}
    return {**named, **facts, **asdict(how)}


def _about_sets(material: Material) -> dict[str, Any]:
    pools = {"training": material.training_pools, "held_out": material.held_out_pools}
    sets: dict[str, Any] = {
        name: {
            "n": len(images),
            "classes": dict(per_class(images)),
            "sha256": _set_hash(images),
            "pools": [_about_pool(pool) for pool in pools.get(name, ())],
        }
        for name, images in (
            ("generated", material.generated),
            ("training", material.training),
            ("held_out", material.held_out),
        )
    }
    sets["held_out"]["left_out"] = material.left_out
    return sets


def _about_pool(pool: Pool) -> dict[str, str]:
    licence = str(pool.origin.get("licence", "")) or "not stated"
    return {"uuid": str(pool.uuid), "name": pool.name, "licence": licence}


def _set_hash(images: Sequence[Picture]) -> str:
    """Return a hash over class and pixels of a set's images, whatever their order."""
    lines = sorted(f"{one.code} {one.pixel_sha256}" for one in images)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _notes(material: Material, plan: Plan) -> list[str]:
    notes = []
    if not material.held_out:
        notes.append(
            "No held-out real images: every real image of these classes was learned from, and "
            "distances among training images stand in. Import real images to be held out."
        )
    if plan.sample.left_out:
        notes.append(
            f"Classes without images in every set are not compared: "
            f"{', '.join(plan.sample.left_out)}."
        )
    return notes
