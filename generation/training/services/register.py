"""Rows for what a training made. Files first, rows second; the same card again is the same row."""

from pathlib import Path
from typing import Any

from generation.training.models import Checkpoint, PrototypeBank, TrainingJob
from generation.training.store import publish_folder
from review.audit.services import log_event


def register_bank(
    job: TrainingJob, folder: Path, card: dict[str, Any], sha256: str
) -> PrototypeBank:
    """Publish a bank's folder and return its row."""
    shares = dict(zip(card["classes"], card["shares"], strict=True))
    key = publish_folder(folder, sha256)
    bank, _ = PrototypeBank.objects.get_or_create(
        card_sha256=sha256,
        defaults={
            "domain": job.pool.domain,
            "encoder": card["encoder"]["name"],
            "encoder_sha256": card["encoder"]["sha256"],
            "dimension": card["dimension"],
            "per_class": card["config"]["prototypes"],
            "classes": card["classes"],
            "shares": shares,
            "storage_key": key,
        },
    )
    return bank


def register_checkpoint(
    job: TrainingJob, bank: PrototypeBank, folder: Path, card: dict[str, Any], sha256: str
) -> Checkpoint:
    """Publish a checkpoint's folder and return its row, ready to be sampled."""
    key = publish_folder(folder, sha256)
    name = job.name if card["step"] >= job.total_steps else f"{job.name}, step {card['step']}"
    row, is_new = Checkpoint.objects.get_or_create(
        card_sha256=sha256,
        defaults={
            "domain": job.pool.domain,
            "name": name[:120],
            "family": job.family,
            "preset": job.preset,
            "config": card["config"],
            "bank": bank,
            "pool_manifest_sha256": card["manifest_sha256"],
            "classes": card["classes"],
            "step": card["step"],
            "state": Checkpoint.State.READY,
            "storage_key": key,
        },
    )
    if is_new:
        after = {"card": sha256, "step": card["step"]}
        log_event(actor=None, verb="checkpoint.registered", obj=row, after=after)
    return row
