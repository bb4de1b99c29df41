"""Checkpoints that can really be sampled, without the time to train them."""

import tempfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from shutil import copytree
from typing import Any

import torch

from generation.engine.checkpoint import Origin, save_checkpoint
from generation.families.prototype_ddpm import PrototypeDDPM
from generation.families.registry import adapt_preset, get_family
from generation.training.models import Checkpoint
from generation.training.store import publish_folder, scratch_folder
from review.accounts.models import User
from tests.worlds.building import CLASSES, PASSWORD
from tests.worlds.domains import make_domain

torch.set_num_threads(1)


def make_admin() -> User:
    """Return an admin."""
    found = User.objects.filter(email="admin@example.org").first()
    return found or User.objects.create_superuser("admin@example.org", PASSWORD, name="Admin")


def make_checkpoint(*, diverged: bool = False, **fields: Any) -> Checkpoint:
    """Return a ready checkpoint of four classes x two prototypes with weights on disk.

    diverged: its weights are NaN, as after a training that blew up.
    """
    folder, sha256, config = _files(diverged)
    with scratch_folder() as parent:
        copytree(folder, parent / "checkpoint")
        storage_key = publish_folder(parent / "checkpoint", sha256)
    return Checkpoint.objects.create(
        domain=make_domain(),
        name=fields.pop("name", "tiny"),
        family="cfg_ddpm",
        preset="tiny",
        config=config,
        pool_manifest_sha256="0" * 64,
        classes=list(CLASSES),
        step=0,
        card_sha256=sha256,
        storage_key=storage_key,
        **fields,
    )


@lru_cache
def _files(diverged: bool) -> tuple[Path, str, dict[str, Any]]:
    config = adapt_preset(get_family("cfg_ddpm"), "tiny", classes=4, prototypes=2)
    config = replace(
        config,
        fit=replace(config.fit, dtype="float32"),
        sampler=replace(config.sampler, dtype="float32", steps=3),
    )
    family = PrototypeDDPM.build(config, seed=1)
    fill = torch.full_like if diverged else torch.randn_like
    options = {"fill_value": float("nan")} if diverged else {}
    torch.manual_seed(0)
    family.ema.leave.weight.copy_(0.02 * fill(family.ema.leave.weight, **options))
    folder = Path(tempfile.mkdtemp()) / "checkpoint"
    sha256 = save_checkpoint(family, folder, Origin("cfg_ddpm", "tiny", CLASSES, "0" * 64, seed=1))
    from generation.families.config import config_to_json

    return folder, sha256, config_to_json(config)
