"""What the run pages show."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from generation.runs.models import GeneratedImage, GenerationRun, Shard, Worker
from review.catalog.selectors import pools_open_to
from review.results.policies import cases_open_to

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


def runs_open_to(user: Any) -> QuerySet[GenerationRun]:
    """Return the runs whose images an admin may look at: none of a study that they still read."""
    return GenerationRun.objects.filter(pool__in=pools_open_to(user))


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


def recent_images(run: GenerationRun, user: Any) -> list[dict[str, Any]]:
    """Return the newest images with their class, for thumbnails.

    `case` is where an image was judged last (slug, part, code), if the user may see that; or None.
    """
    rows = GeneratedImage.objects.filter(run=run, asset__isnull=False).order_by("-asset_id")
    fields = ("index", "asset__uuid", "image_class__name", "prototype", "asset")
    names = ("index", "uuid", "name", "prototype", "asset")
    found = [dict(zip(names, row, strict=True)) for row in rows.values_list(*fields)[:RECENT]]
    judged = _judged(user, [one["asset"] for one in found])
    return [one | {"case": judged.get(one["asset"])} for one in found]


def _judged(user: Any, assets: list[int]) -> dict[int, tuple[str, int, str]]:
    """Return image -> (slug, part, code) of the newest case that the user may look at."""
    cases = cases_open_to(user).filter(image__in=assets).order_by("pk")
    fields = ("image", "part__study__slug", "part__order", "code")
    return {image: (slug, part, code) for image, slug, part, code in cases.values_list(*fields)}


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
