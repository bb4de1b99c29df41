"""One segment of a training on a worker: take up the saved state, train, save, hand on."""

import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from generation.training.dataset import (
    PreparedPool,
    augmentation_of,
    channels_of,
    prepare_pool,
)
from generation.training.models import PrototypeBank, TrainingJob
from generation.training.services.register import register_bank, register_checkpoint
from generation.training.store import open_folder, scratch_folder

SEGMENT_SECONDS = 480.0
SAVE_SECONDS = 45.0
REPORT_SECONDS = 0.5
POLL_SECONDS = 1.0
CURVE_POINTS = 200
STATE = "state-"


class LeaseLost(Exception):
    """Another worker has the job now; nothing more may be written."""


@dataclass
class Segment:
    """Work on a job under its fence. `run` returns True when the training is complete."""

    job: TrainingJob
    fence: int
    lost: threading.Event
    reported: float = 0.0
    polled: float = 0.0
    saved: float = field(default_factory=time.monotonic)
    is_cancelled: bool = False

    def run(self) -> bool:
        """Train until done, cancelled, or out of time."""
        from generation.engine.numerics import best_device, use_threads
        from generation.engine.train import SegmentLimits, train_segment
        from generation.families.interface import FitContext

        use_threads()
        prepared, bank, row = self._materials()
        family = self._family(prepared, bank)
        training = _training_set(prepared, bank, self.job)
        seconds = min(SEGMENT_SECONDS, float(self.job.options.get("segment_s", SEGMENT_SECONDS)))
        end = train_segment(
            family,
            training,
            FitContext(seed=self.job.seed, device=best_device()),
            limits=SegmentLimits(seconds, tuple(self.job.options["early_steps"])),
            on_step=lambda report: self._on_step(report, family),
            on_mark=lambda step: self._keep(family, prepared, row),
        )
        if self.is_cancelled:
            return False
        self._report({"step": end.step}, {"loss": end.loss})
        if end.done:
            self._keep(family, prepared, row, final=True)
            self.discard()
        else:
            self._save_work(family)
        return bool(end.done)

    @property
    def _work(self) -> Path:
        return Path(settings.VAR) / "training" / str(self.job.uuid)

    def _materials(self) -> tuple[PreparedPool, Any, PrototypeBank]:
        """Return the prepared pool and its bank, learned once and found again later."""
        from generation.families.registry import adapt_preset, get_family
        from generation.prototypes.bank import PrototypeBank as Bank

        config = adapt_preset(get_family(self.job.family), self.job.preset)
        domain = self.job.pool.domain
        self._report({}, {"stage": "reading the pool"})
        prepared = prepare_pool(
            self.job.pool, size=config.size, crop=config.crop, channels=channels_of(domain)
        )
        known = PrototypeBank.objects.filter(card_sha256=self.job.options.get("bank", "")).first()
        if known is not None:
            folder = open_folder(known.storage_key)
            return prepared, Bank.load(folder, expected=known.card_sha256), known
        bank = self._learn_bank(prepared, config.embedding)
        with scratch_folder() as scratch:
            folder = scratch / "bank"
            row = register_bank(self.job, folder, bank.card(), bank.save(folder))
        self.job.options["bank"] = row.card_sha256
        self._report({"options": self.job.options}, {"prototype_accuracy": bank.accuracy})
        return prepared, bank, row

    def _learn_bank(self, prepared: PreparedPool, dimension: int) -> Any:
        import torch

        from generation.families.presets import PROTOTYPE_STEPS
        from generation.prototypes.bank import CPLConfig
        from generation.prototypes.learn import RealImages, learn_bank

        real = RealImages(
            torch.from_numpy(prepared.images),
            torch.from_numpy(prepared.labels),
            prepared.classes,
            augmentation_of(self.job.pool.domain),
        )
        config = CPLConfig(
            prototypes=self.job.options["prototypes"],
            dimension=dimension,
            steps=PROTOTYPE_STEPS[self.job.preset] * len(prepared.classes),
        )

        def tell(step: int, total: int) -> None:
            self._check_lease()
            if time.monotonic() - self.reported > REPORT_SECONDS:
                self._report({}, {"stage": f"learning prototypes, {step} of {total}"})

        return learn_bank(real, config, self.job.seed, on_step=tell)

    def _family(self, prepared: PreparedPool, bank: Any) -> Any:
        """Return the model as the last segment left it, or a new one."""
        from generation.engine.checkpoint import load_checkpoint
        from generation.engine.numerics import best_device, resolve_dtypes
        from generation.families.registry import adapt_preset, get_family

        self._report({}, {"stage": "training"})
        latest = self._sweep()
        if latest is not None:
            return load_checkpoint(latest, resume=True).family
        entry = get_family(self.job.family)
        config = adapt_preset(
            entry,
            self.job.preset,
            steps=self.job.total_steps,
            guidance=self.job.options.get("guidance"),
            classes=len(prepared.classes),
            prototypes=self.job.options["prototypes"],
            embedding=int(bank.prototypes.shape[2]),
            channels=channels_of(self.job.pool.domain),
        )
        config = resolve_dtypes(config, best_device())
        return entry.family().build(config, self.job.seed)

    def _on_step(self, report: Any, family: Any) -> bool:
        """Report, poll and save now and then; False stops the training."""
        self._check_lease()
        now = time.monotonic()
        if now - self.reported > REPORT_SECONDS:
            loss = sum(report.losses.values())
            self._report({"step": report.step}, {"loss": loss, "curve": (report.step, loss)})
        if now - self.polled > POLL_SECONDS:
            self.polled = now
            flags = TrainingJob.objects.filter(pk=self.job.pk)
            self.is_cancelled = bool(flags.values_list("cancel_requested", flat=True).get())
        if now - self.saved > SAVE_SECONDS:
            self._save_work(family)
        return not self.is_cancelled

    def _report(self, fields: dict[str, Any], metrics: dict[str, Any]) -> None:
        """Write progress under the fence; raise LeaseLost when the job is another worker's."""
        self.reported = time.monotonic()
        curve = self.job.metrics.setdefault("curve", [])
        if point := metrics.pop("curve", None):
            curve.append([point[0], round(point[1], 5)])
            if len(curve) > CURVE_POINTS:
                del curve[1::2]
        self.job.metrics.update(metrics)
        mine = TrainingJob.objects.filter(pk=self.job.pk, fence=self.fence).exclude(lease_owner="")
        if not mine.update(metrics=self.job.metrics, **fields):
            self.lost.set()
        self._check_lease()

    def _check_lease(self) -> None:
        if self.lost.is_set():
            raise LeaseLost(f"training {self.job.pk} is another worker's")

    def _save_work(self, family: Any) -> None:
        """Save the state that a killed worker's successor goes on from."""
        from generation.engine.checkpoint import save_checkpoint

        self._check_lease()
        step = int(family.training_state().numbers["step"])
        target = self._work / f"{STATE}{step:09d}"
        save_checkpoint(family, target, self._origin(("work",), "", None))
        for older in self._work.glob(f"{STATE}*"):
            if older.name < target.name:
                shutil.rmtree(older, ignore_errors=True)
        self.saved = time.monotonic()

    def _sweep(self) -> Path | None:
        """Return the latest saved state, after removing what a killed worker left half-written.

        A state is moved to its name only when it is whole, so every name that exists is good.
        """
        self._check_lease()
        for scratch in self._work.glob(f".{STATE}*"):
            shutil.rmtree(scratch, ignore_errors=True)
        return max(self._work.glob(f"{STATE}*"), default=None)

    def discard(self) -> None:
        """Remove the saved state of a training that has ended."""
        shutil.rmtree(self._work, ignore_errors=True)

    def _keep(
        self, family: Any, prepared: PreparedPool, row: PrototypeBank, *, final: bool = False
    ) -> None:
        """Register the model as it is now as a checkpoint."""
        from generation.engine.checkpoint import save_checkpoint
        from generation.families.cards import read_card

        self._check_lease()
        origin = self._origin(prepared.classes, prepared.manifest_sha256, row)
        with scratch_folder() as scratch:
            folder = scratch / "checkpoint"
            sha256 = save_checkpoint(family, folder, origin)
            card = read_card(folder, sha256)
            checkpoint = register_checkpoint(self.job, row, folder, card, sha256)
        if final:
            self._report({"checkpoint": checkpoint}, {"stage": "done"})

    def _origin(self, classes: tuple[str, ...], manifest: str, row: PrototypeBank | None) -> Any:
        from generation.engine.checkpoint import Origin

        domain = self.job.pool.domain
        return Origin(
            family=self.job.family,
            preset=self.job.preset,
            classes=classes,
            manifest_sha256=manifest,
            seed=self.job.seed,
            domain=domain.code,
            bank_sha256=row.card_sha256 if row else "",
            encoder_sha256=row.encoder_sha256 if row else "",
            licence=str(self.job.pool.origin.get("licence", "")),
        )


def _training_set(prepared: PreparedPool, bank: Any, job: TrainingJob) -> Any:
    import torch

    from generation.families.interface import TrainingSet

    images, labels = torch.from_numpy(prepared.images), torch.from_numpy(prepared.labels)
    return TrainingSet(
        images=images,
        labels=labels,
        conditions=bank.assign(images, labels),
        classes=prepared.classes,
        bank=bank.table,
        augmentation=augmentation_of(job.pool.domain),
    )
