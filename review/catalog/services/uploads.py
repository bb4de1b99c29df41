"""Take an upload from the browser, and import it in the background."""

from __future__ import annotations  # File[bytes] exists for mypy only

import tempfile
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from review.catalog.archives import MAX_ENTRIES, open_archive
from review.catalog.errors import CatalogError, ImportRefused, MediaFull
from review.catalog.layouts.labels_csv import TABLE
from review.catalog.matching import ClassMatcher
from review.catalog.models import Domain, ImportJob
from review.catalog.services.importing import ImportOptions, import_tree, open_pool
from review.catalog.storage import full_media, local_path
from review.catalog.trees import ZipTree
from review.jobs.services import enqueue

MAX_UPLOAD_BYTES = 2 * 1024**3
TASK = "review.catalog.tasks.run_upload"
FOLDER = "uploads"


@dataclass(frozen=True)
class UploadForm:
    """What the form says about the files."""

    domain: Domain
    pool: str
    source: str
    origin: str
    class_name: str = ""
    class_column: str = "class"
    layout_map: str = ""


def accept_upload(*, user: Any, form: UploadForm, files: Sequence[File[bytes]]) -> ImportJob:
    """Check and store an upload and queue its import.

    `files` are one zip, or loose images of one class, or loose images with a labels.csv. Raises
    ImportRefused, or MediaFull when the disk is full.
    """
    total = sum(file.size for file in files)
    if not files or total > MAX_UPLOAD_BYTES:
        raise ImportRefused(
            f"{len(files)} files with {total:,} bytes; send 1 byte to {MAX_UPLOAD_BYTES:,} bytes, "
            "or import from a folder on the server."
        )
    matcher = _matcher(form)
    key = _store_zip(files[0]) if _is_zip(files) else _pack_and_store(files, form, matcher)
    return _queue(user, form, key, [_name(file) for file in files])


def _matcher(form: UploadForm) -> ClassMatcher:
    try:
        return ClassMatcher(form.domain.content, form.layout_map or None)
    except KeyError as error:
        raise ImportRefused(str(error.args[0])) from error


@transaction.atomic
def _queue(user: Any, form: UploadForm, key: str, names: list[str]) -> ImportJob:
    shown = names[0] if len(names) == 1 else f"{len(names)} files"
    pool = open_pool(
        domain=form.domain,
        name=form.pool,
        source=form.source,
        origin={"importer": "upload", "files": shown, "text": form.origin},
    )
    options = ImportOptions(None, form.class_column, form.layout_map or None)
    job = ImportJob.objects.create(
        pool=pool, options=options.to_json(), upload_key=key, requested_by=user
    )
    enqueue(TASK, job.pk)
    return job


def _name(file: File[bytes]) -> str:
    return PurePosixPath(file.name or "file").name


def _is_zip(files: Sequence[File[bytes]]) -> bool:
    if len(files) != 1:
        return False
    files[0].seek(0)
    start = files[0].read(4)
    files[0].seek(0)
    return start[:2] == b"PK"


def _store_zip(file: File[bytes]) -> str:
    open_archive(file).close()
    file.seek(0)
    return _save(file)


def _pack_and_store(files: Sequence[File[bytes]], form: UploadForm, matcher: ClassMatcher) -> str:
    """Pack loose files into a zip, so that the worker reads both kinds of upload the same way."""
    if len(files) > MAX_ENTRIES:
        raise ImportRefused(f"{len(files):,} files; the limit is {MAX_ENTRIES:,}. Pack a zip.")
    folder = _folder(files, form, matcher)
    place = Path(settings.FILE_UPLOAD_TEMP_DIR)
    try:
        with tempfile.TemporaryFile(dir=place) as packed:
            _pack(packed, files, folder)
            packed.seek(0)
            return _save(packed)
    except OSError as error:
        raise full_media(None, error, place) from error


def _pack(packed: IO[bytes], files: Sequence[File[bytes]], folder: str) -> None:
    taken: set[str] = set()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, file in enumerate(files):
            name = folder + _name(file)
            name = name if name not in taken else f"{folder}{number}-{_name(file)}"
            taken.add(name)
            with archive.open(name, "w") as member:
                for piece in file.chunks():
                    member.write(piece)


def _folder(files: Sequence[File[bytes]], form: UploadForm, matcher: ClassMatcher) -> str:
    """Return the class folder for loose files; none when a labels.csv tells the classes."""
    if any(_name(file) == TABLE for file in files):
        return ""
    found = matcher.match(form.class_name)
    if found.code is None:
        raise ImportRefused(
            f"Loose images need the class they show, or a {TABLE}: "
            f"{found.reason if form.class_name else 'no class was given'}."
        )
    return f"{found.code}/"


def _save(content: IO[bytes]) -> str:
    try:
        return default_storage.save(f"{FOLDER}/{uuid.uuid4().hex}.zip", File(content))
    except OSError as error:
        raise full_media(None, error, local_path(FOLDER)) from error


def run_upload(job_pk: int) -> None:
    """Import a stored upload; harmless when repeated. Failures end up on the job."""
    job = ImportJob.objects.filter(pk=job_pk, state=ImportJob.State.QUEUED).first()
    if job is None:
        return
    ImportJob.objects.filter(pk=job_pk).update(attempts=F("attempts") + 1)
    try:
        with default_storage.open(job.upload_key, "rb") as file, ZipTree(file) as tree:
            import_tree(job=job, tree=tree)
    except MediaFull:  # queued again by import_tree; the upload is kept
        return
    except (CatalogError, OSError) as error:
        ImportJob.objects.filter(pk=job_pk, state=ImportJob.State.QUEUED).update(
            state=ImportJob.State.FAILED, error=str(error), finished_at=timezone.now()
        )
    ended = [ImportJob.State.DONE, ImportJob.State.FAILED]
    if ImportJob.objects.filter(pk=job_pk, state__in=ended).exists():
        default_storage.delete(job.upload_key)


def sweep_uploads(older_than: timedelta = timedelta(days=1)) -> int:
    """Delete stored uploads that no unfinished import will read any more. Return how many."""
    if not default_storage.exists(FOLDER):
        return 0
    waiting = set(ImportJob.objects.filter(finished_at=None).values_list("upload_key", flat=True))
    removed = 0
    for name in default_storage.listdir(FOLDER)[1]:
        key = f"{FOLDER}/{name}"
        old = default_storage.get_modified_time(key) < timezone.now() - older_than
        if old and key not in waiting:
            default_storage.delete(key)
            removed += 1
    return removed
