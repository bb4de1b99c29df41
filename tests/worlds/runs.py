"""Rows of generation without training anything: for tests of leases and pages."""

from generation.runs.models import GenerationRun, Shard
from generation.training.models import Checkpoint
from review.catalog.models import Domain, Pool


def make_domain(code: str = "cells") -> Domain:
    """Return a minimal domain row."""
    content = {"domain": {"display": {}}}
    defaults = {"name": "Cells", "version": "0", "status": "test", "content": content}
    return Domain.objects.get_or_create(code=code, defaults={**defaults, "content_sha256": "0"})[0]


def make_checkpoint(domain: Domain | None = None) -> Checkpoint:
    """Return a checkpoint row without files."""
    return Checkpoint.objects.create(
        domain=domain or make_domain(),
        name="test",
        family="cfg_ddpm",
        preset="tiny",
        config={},
        pool_manifest_sha256="0" * 64,
        classes=["A"],
        step=1,
        card_sha256=f"{Checkpoint.objects.count():064d}",
        storage_key="",
    )


def make_shard() -> Shard:
    """Return one queued shard of four images."""
    checkpoint = make_checkpoint()
    pool = Pool.objects.create(domain=checkpoint.domain, name="out", source=Pool.Source.SYNTHETIC)
    run = GenerationRun.objects.create(
        name="run", checkpoint=checkpoint, seed=1, pool=pool, total=4
    )
    return Shard.objects.create(run=run, first=0, last=4)
