"""Write a run whole: cells, images with their seeds, shards, messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from generation.engine.seeds import image_seed
from generation.runs.counts import CellCount, check_cells, spread
from generation.runs.errors import NotAllowed, RunRefused
from generation.runs.models import GeneratedImage, GenerationRun, RunCell, Shard
from generation.training.lineage import prototype_shares, prototypes_per_class
from generation.training.models import Checkpoint
from review.audit.services import log_event
from review.catalog.models import ImageClass, Pool
from review.jobs.services import enqueue

SAMPLE = "generation.runs.tasks.sample_shard"
MAX_SEED = 1 << 62
Counts = Mapping[str, int] | Sequence[CellCount]


@transaction.atomic
def launch_run(
    *,
    actor: Any,
    checkpoint: Checkpoint,
    counts: Counts,
    seed: int,
    name: str = "",
    round_number: int | None = None,
) -> GenerationRun:
    """Queue a generation batch; one transaction holds its rows and its messages.

    counts: class code -> number (spread over prototypes by their natural shares), or CellCounts.
    actor None is the command line. Raises NotAllowed or RunRefused.
    """
    if actor is not None and not actor.is_staff:
        raise NotAllowed("Runs are launched by admins. Ask one of them.")
    if checkpoint.state != Checkpoint.State.READY:
        raise RunRefused(f"Checkpoint {checkpoint} is {checkpoint.state}; only ready ones draw.")
    if not 0 <= seed < MAX_SEED:
        raise RunRefused(f"Seed {seed} is outside 0..2^62-1. Take a smaller whole number.")
    cells = _cells(checkpoint, counts)
    run = _make_run(actor, checkpoint, cells, seed, name)
    if round_number is not None:
        run.round = round_number
        run.save(update_fields=["round"])
    classes = {c.code: c for c in checkpoint.domain.classes.all()}
    _make_images(run, cells, classes)
    _make_shards(run)
    after = {"checkpoint": checkpoint.card_sha256, "images": run.total, "seed": seed}
    log_event(actor=actor, verb="run.launched", obj=run, after=after)
    return run


def _cells(checkpoint: Checkpoint, counts: Counts) -> list[CellCount]:
    if isinstance(counts, Mapping):
        shares = {code: prototype_shares(checkpoint, code) for code in checkpoint.classes}
        cells = spread({code: n for code, n in counts.items() if n}, shares)
    else:
        cells = [cell for cell in counts if cell.n_generate]
    check_cells(cells, checkpoint.classes, prototypes_per_class(checkpoint))
    return cells


def _make_run(
    actor: Any, checkpoint: Checkpoint, cells: list[CellCount], seed: int, name: str
) -> GenerationRun:
    name = name.strip() or f"{checkpoint.name}, seed {seed}"
    config = checkpoint.config
    origin = {
        "importer": "generation run",
        "family": checkpoint.family,
        "preset": checkpoint.preset,
        "checkpoint": checkpoint.card_sha256,
        "crop": config.get("crop", 1.0),
        "seed": seed,
    }
    pool = Pool.objects.create(
        domain=checkpoint.domain,
        name=_free_name(checkpoint, name),
        source=Pool.Source.SYNTHETIC,
        origin=origin,
    )
    sampler = config.get("sampler", {})
    return GenerationRun.objects.create(
        name=name,
        checkpoint=checkpoint,
        seed=seed,
        sampler=sampler,
        batch=sampler.get("batch", 16),
        pool=pool,
        total=sum(cell.n_generate for cell in cells),
        requested_by=actor,
    )


def _free_name(checkpoint: Checkpoint, name: str) -> str:
    """Return the run's name, numbered when the domain has a pool of that name already."""
    taken = set(
        Pool.objects.filter(domain=checkpoint.domain, name__startswith=name[:100]).values_list(
            "name", flat=True
        )
    )
    tries = [name[:120], *(f"{name[:110]} ({n})" for n in range(2, len(taken) + 3))]
    return next(one for one in tries if one not in taken)


def _make_images(
    run: GenerationRun, cells: list[CellCount], classes: Mapping[str, ImageClass]
) -> None:
    RunCell.objects.bulk_create(
        RunCell(
            run=run,
            image_class=classes[cell.code],
            prototype=cell.prototype,
            n_generate=cell.n_generate,
            n_show=cell.n_show,
            n_audit=cell.n_audit,
        )
        for cell in cells
    )
    order = [(cell.code, cell.prototype) for cell in cells for _ in range(cell.n_generate)]
    GeneratedImage.objects.bulk_create(
        (
            GeneratedImage(
                run=run,
                index=index,
                seed=image_seed(run.seed, index),
                image_class=classes[code],
                prototype=prototype,
            )
            for index, (code, prototype) in enumerate(order)
        ),
        batch_size=500,
    )


def _make_shards(run: GenerationRun) -> None:
    """Cut the indices into shards that take well under a minute each, and announce them."""
    size = 32 if run.checkpoint.config.get("size", 64) <= 32 else 16
    shards = Shard.objects.bulk_create(
        Shard(run=run, first=first, last=min(first + size, run.total))
        for first in range(0, run.total, size)
    )
    for shard in shards:
        enqueue(SAMPLE, shard.pk, queue=settings.SAMPLE_QUEUE)
