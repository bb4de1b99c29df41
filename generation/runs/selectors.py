"""What the run pages show."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from generation.runs.models import GeneratedImage, GenerationRun, Shard, Worker

RECENT = 24


@dataclass(frozen=True)
class RunProgress:
    """Numbers of a run at one moment. rate in images per second, eta in seconds."""

    total: int
    done: int
    rejected: int
    rate: float | None
    eta_s: int | None
    shards_waiting: int
    shards_leased: int
    workers: int

    @property
    def percent(self) -> int:
        return 100 * (self.done + self.rejected) // max(self.total, 1)


@dataclass(frozen=True)
class CellRow:
    """One class x prototype of a run."""

    code: str
    name: str
    prototype: int
    wanted: int
    done: int


def progress_of(run: GenerationRun) -> RunProgress:
    """Count images, shards and live workers of a run."""
    images = GeneratedImage.objects.filter(run=run).aggregate(
        done=Count("pk", filter=Q(asset__isnull=False)),
        rejected=Count("pk", filter=~Q(rejected="")),
    )
    shards = Shard.objects.filter(run=run).aggregate(
        waiting=Count("pk", filter=Q(state=Shard.State.QUEUED)),
        leased=Count("pk", filter=Q(state=Shard.State.LEASED)),
    )
    end = run.finished_at or timezone.now()
    seconds = (end - run.started_at).total_seconds() if run.started_at else 0
    rate = images["done"] / seconds if seconds > 0 and images["done"] else None
    left = run.total - images["done"] - images["rejected"]
    alive = timezone.now() - timedelta(seconds=60)
    return RunProgress(
        total=run.total,
        done=images["done"],
        rejected=images["rejected"],
        rate=rate,
        eta_s=round(left / rate) if rate and left and run.finished_at is None else None,
        shards_waiting=shards["waiting"],
        shards_leased=shards["leased"],
        workers=Worker.objects.filter(last_heartbeat__gt=alive).count(),
    )


def recent_images(run: GenerationRun) -> list[dict[str, Any]]:
    """Return the newest images with their class, for thumbnails."""
    rows = GeneratedImage.objects.filter(run=run, asset__isnull=False).order_by("-asset_id")
    fields = ("index", "asset__uuid", "image_class__name", "prototype")
    return [dict(zip(("index", "uuid", "name", "prototype"), row, strict=True)) for row in
            rows.values_list(*fields)[:RECENT]]  # fmt: skip


def cells_of(run: GenerationRun) -> list[CellRow]:
    """Return the cells with how many of each are drawn."""
    done = {
        (row["image_class"], row["prototype"]): row["n"]
        for row in GeneratedImage.objects.filter(run=run, asset__isnull=False)
        .values("image_class", "prototype")
        .annotate(n=Count("pk"))
    }
    return [
        CellRow(
            cell.image_class.code,
            cell.image_class.name,
            cell.prototype,
            cell.n_generate,
            done.get((cell.image_class_id, cell.prototype), 0),
        )
        for cell in run.cells.select_related("image_class")
    ]
