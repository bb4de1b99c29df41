"""Read a tree of files into a pool: idempotent, and the same pool after a kill and a second run."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone

from review.audit.services import log_event
from review.catalog.decode import Decoder
from review.catalog.errors import CatalogError, ImageRejected, ImportRefused, MediaFull
from review.catalog.layouts import Skip, SourceImage, read_folder, read_labels_csv
from review.catalog.layouts.labels_csv import TABLE
from review.catalog.matching import ClassMatcher
from review.catalog.models import Domain, ImageAsset, ImageClass, ImportJob, Pool
from review.catalog.pixels import pixel_sha256
from review.catalog.services.intake import Provenance, hash_cluster, store_image
from review.catalog.storage import SPACE_RETRY_S, sweep_temporaries
from review.catalog.trees import Tree
from review.jobs.services import enqueue, heartbeat, worker_name

Layout = Literal["folder", "labels-csv"]
Report = Callable[[int, int], None]
SAVE_EVERY_S = 0.5
MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class ImportOptions:
    """How to read the files. layout None: labels-csv where a labels.csv lies, else folder."""

    layout: Layout | None = None
    class_column: str = "class"
    layout_map: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict for ImportJob.options."""
        return {
            "layout": self.layout,
            "class_column": self.class_column,
            "layout_map": self.layout_map,
        }


@dataclass(frozen=True)
class ImportSummary:
    """What an import did; `classes` counts the pool's images by class code."""

    pool: str
    imported: int
    existing: int
    skipped: tuple[Skip, ...]
    classes: dict[str, int]
    complete: bool

    def to_json(self) -> dict[str, Any]:
        """Return the object that `import_images --json` prints."""
        return {
            "pool": self.pool,
            "imported": self.imported,
            "existing": self.existing,
            "skipped": [{"file": skip.file, "reason": skip.reason} for skip in self.skipped],
            "classes": self.classes,
            "complete": self.complete,
        }


@transaction.atomic
def open_pool(
    *,
    domain: Domain,
    name: str,
    source: str = Pool.Source.REAL,
    is_phantom: bool = False,
    origin: dict[str, Any] | None = None,
) -> Pool:
    """Return the pool to import into, making it if need be. Raises ImportRefused."""
    if not name.strip() or len(name) > 120:
        raise ImportRefused("A pool has a name of 1 to 120 characters.")
    pool, made = Pool.objects.get_or_create(
        domain=domain,
        name=name.strip(),
        defaults={"source": source, "is_phantom": is_phantom, "origin": origin or {}},
    )
    if not made and (pool.source, pool.is_phantom) != (source, is_phantom):
        kind = f"{pool.source}{' phantom' if pool.is_phantom else ''}"
        raise ImportRefused(
            f"Pool {pool.name!r} holds {kind} images; images of one pool share their source. "
            "Choose another pool name."
        )
    return pool


def start_import(*, pool: Pool, options: ImportOptions, actor: Any = None) -> ImportJob:
    """Record an import that is about to begin."""
    return ImportJob.objects.create(pool=pool, options=options.to_json(), requested_by=actor)


def import_tree(*, job: ImportJob, tree: Tree, report: Report | None = None) -> ImportSummary:
    """Run an import to its end under a lease. Raises CatalogError; the job then says why."""
    fence = ImportJob.objects.claim(
        job.pk, worker_name(), states=[ImportJob.State.QUEUED], leased=ImportJob.State.RUNNING
    )
    if fence is None:
        raise ImportRefused(f"Import {job.pk} is already running or finished.")
    lost = threading.Event()
    held = ImportJob.objects
    with heartbeat(lambda: held.beat(job.pk, fence), lost):
        try:
            summary = _Import(job, tree, report, lost).run()
        except CatalogError as error:
            _stop(job, fence, error)
            raise
    held.release(job.pk, fence, ImportJob.State.DONE, error="", finished_at=timezone.now())
    return summary


@transaction.atomic
def _stop(job: ImportJob, fence: int, error: CatalogError) -> None:
    """Say why an import stopped; an upload that met a full disk is tried again by itself."""
    held = ImportJob.objects
    if not (isinstance(error, MediaFull) and job.upload_key):
        ended = {"error": str(error), "finished_at": timezone.now()}
        held.release(job.pk, fence, ImportJob.State.FAILED, **ended)
        return
    waiting = {"error": str(error), "attempts": F("attempts") - 1}
    if held.release(job.pk, fence, ImportJob.State.QUEUED, **waiting):
        enqueue("review.catalog.tasks.run_upload", job.pk, delay_s=SPACE_RETRY_S)


class _Import:
    """One pass over the files of a job."""

    def __init__(
        self, job: ImportJob, tree: Tree, report: Report | None, lost: threading.Event
    ) -> None:
        self.job, self.tree, self.lost = job, tree, lost
        self.pool = job.pool
        self.report = report or (lambda done, total: None)
        self.classes = {c.code: c for c in ImageClass.objects.filter(domain=self.pool.domain)}
        self.skipped: list[Skip] = []
        self.counts: Counter[str] = Counter()
        self.licences: Counter[str] = Counter()
        self.saved_at = 0.0

    def run(self) -> ImportSummary:
        """Read the layout, take every file in, and complete the pool."""
        sweep_temporaries()
        sources = self._read_layout()
        Pool.objects.filter(pk=self.pool.pk).update(state=Pool.State.BUILDING)
        with Decoder() as decoder:
            for done, source in enumerate(sources):
                self._progress(done, len(sources))
                self._take(source, decoder)
        self._progress(len(sources), len(sources), force=True)
        return self._finish()

    def _read_layout(self) -> list[SourceImage | Skip]:
        options = self.job.options
        try:
            matcher = ClassMatcher(self.pool.domain.content, options.get("layout_map"))
        except KeyError as error:
            raise ImportRefused(str(error.args[0])) from error
        layout = options.get("layout") or ("labels-csv" if self.tree.has(TABLE) else "folder")
        if layout == "labels-csv":
            sources = read_labels_csv(self.tree, matcher, options.get("class_column") or "class")
        else:
            sources = read_folder(self.tree, matcher)
        if not sources:
            raise ImportRefused("There are no files to import. Give a folder with images in it.")
        return sources

    def _take(self, source: SourceImage | Skip, decoder: Decoder) -> None:
        if isinstance(source, Skip):
            self.skipped.append(source)
            return
        try:
            decoded = decoder.decode(self.tree.read(source.file))
            mask = self._mask(source, decoder, decoded.pixels.shape[:2])
            asset, is_new = store_image(
                pool=self.pool,
                source_key=pixel_sha256(decoded.pixels),
                image_class=self.classes[source.class_code],
                pixels=decoded.pixels,
                provenance=Provenance(
                    cluster_key=hash_cluster(source.cluster), covariates=source.covariates
                ),
                intake_profile=decoded.profile,
                findings=source.findings,
                mask=mask,
            )
        except ImageRejected as rejected:
            self.skipped.append(Skip(source.file, str(rejected)))
            return
        self._count(source, asset, is_new)

    def _count(self, source: SourceImage, asset: ImageAsset, is_new: bool) -> None:
        held = self.classes[source.class_code].pk
        if not is_new and asset.image_class_id != held:
            code = next(c.code for c in self.classes.values() if c.pk == asset.image_class_id)
            reason = f"the pool already has these pixels, under class {code}"
            self.skipped.append(Skip(source.file, reason))
            return
        self.counts["imported" if is_new else "existing"] += 1
        self.licences[source.covariates.get("licence", "")] += 1

    def _mask(self, source: SourceImage, decoder: Decoder, size: tuple[int, ...]) -> Any:
        """Read the mask beside an image; a bad one is listed and the image goes in without it."""
        if not source.mask:
            return None
        try:
            pixels = decoder.decode(self.tree.read(source.mask)).pixels
            grey = pixels if pixels.ndim == 2 else pixels.max(axis=2)
            if grey.shape != tuple(size):
                raise ImageRejected(f"{grey.shape} pixels, the image has {tuple(size)}")
        except ImageRejected as rejected:
            self.skipped.append(
                Skip(source.mask, f"mask left out, the image is imported: {rejected}")
            )
            return None
        return grey > (grey.max() // 2)

    def _progress(self, done: int, total: int, *, force: bool = False) -> None:
        if self.lost.is_set():
            raise ImportRefused("Another worker took this import over; this one stopped.")
        now = time.monotonic()
        if not force and now - self.saved_at < SAVE_EVERY_S:
            return
        self.saved_at = now
        self.report(done, total)
        ImportJob.objects.filter(pk=self.job.pk).update(
            done=done,
            total=total,
            imported=self.counts["imported"],
            existing=self.counts["existing"],
            skipped=[{"file": skip.file, "reason": skip.reason} for skip in self.skipped],
        )

    @transaction.atomic
    def _finish(self) -> ImportSummary:
        pool = Pool.objects.select_for_update().get(pk=self.pool.pk)
        found = pool.images.values_list("image_class__code").annotate(n=Count("pk"))
        classes = dict(found.order_by("image_class__order"))
        pool.state = Pool.State.COMPLETE if classes else Pool.State.BUILDING
        licences = sorted({*pool.origin.get("licences", []), *self.licences} - {""})
        pool.origin = pool.origin | {"licences": licences}
        pool.save(update_fields=["state", "origin"])
        summary = ImportSummary(
            pool=pool.name,
            imported=self.counts["imported"],
            existing=self.counts["existing"],
            skipped=tuple(self.skipped),
            classes=classes,
            complete=pool.state == Pool.State.COMPLETE,
        )
        log_event(
            actor=self.job.requested_by,
            verb="pool.imported",
            obj=pool,
            after={
                "imported": summary.imported,
                "existing": summary.existing,
                "skipped": len(summary.skipped),
            },
        )
        return summary


def reap_imports() -> int:
    """Requeue uploads whose worker went silent; mark interrupted commands as failed."""
    changed = 0
    for job in ImportJob.objects.expired(ImportJob.State.RUNNING):
        again = bool(job.upload_key) and job.attempts < MAX_ATTEMPTS
        changed += _end(job, again)
    return changed


@transaction.atomic
def _end(job: ImportJob, again: bool) -> int:
    mine = ImportJob.objects.filter(pk=job.pk, fence=job.fence, state=ImportJob.State.RUNNING)
    if again:
        taken = mine.update(state=ImportJob.State.QUEUED, lease_owner="", lease_expires=None)
        if taken:
            enqueue("review.catalog.tasks.run_upload", job.pk)
        return taken
    return mine.update(
        state=ImportJob.State.FAILED,
        lease_owner="",
        error="The import was interrupted. Run it again: what is in the pool already is kept.",
        finished_at=timezone.now(),
    )
