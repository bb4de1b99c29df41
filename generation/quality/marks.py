"""What the loop asks: which of the images that readers saw are copies."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from generation.quality.models import Copy, Measurement
from generation.quality.words import short_sentence
from generation.runs.models import GeneratedImage

AT_ONCE = 500  # databases limit the values of one query


@dataclass(frozen=True)
class CopyMarks:
    """Among images, by their uuid: copies of training images, repeats, and what nobody checked.

    repeats: image -> the earlier image of its run that it repeats. results: hashes of the
    measurements that say so.
    """

    copies: frozenset[str]
    repeats: Mapping[str, str]
    unchecked: frozenset[str]
    results: tuple[str, ...]


def copy_marks(images: Collection[str]) -> CopyMarks:
    """Return the marks of drawn images by the newest finished measurement of each run."""
    run_of = dict(_pairs(images))
    newest = _newest(set(run_of.values()))
    chosen = {row.pk for row in newest.values()}
    copies: set[str] = set()
    repeats: dict[str, str] = {}
    found = Copy.objects.filter(measurement__in=chosen).order_by("image__generated__index")
    fields = ("kind", "image__uuid", "original__uuid")
    for kind, image, original in found.values_list(*fields):
        if str(image) not in run_of:
            continue
        if kind == Copy.Kind.TRAINING:
            copies.add(str(image))
        elif original is not None:
            repeats[str(image)] = str(original)
    return CopyMarks(
        copies=frozenset(copies),
        repeats=repeats,
        unchecked=frozenset(image for image, run in run_of.items() if run not in newest),
        results=tuple(sorted(row.result_sha256 for row in newest.values())),
    )


def run_sentences(runs: Collection[int]) -> dict[int, str]:
    """Return run -> its image metrics in a line, of those that have been measured."""
    return {run: short_sentence(row.found) for run, row in _newest(set(runs)).items()}


def _newest(runs: set[int]) -> dict[int, Measurement]:
    rows = Measurement.objects.filter(run__in=runs, state=Measurement.State.DONE)
    return {row.run_id: row for row in rows.order_by("pk")}


def _pairs(images: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yield (image, its run) of images that a run drew."""
    ordered = sorted(images)
    for start in range(0, len(ordered), AT_ONCE):
        part = ordered[start : start + AT_ONCE]
        rows = GeneratedImage.objects.filter(asset__uuid__in=part)
        for uuid, run in rows.values_list("asset__uuid", "run"):
            yield str(uuid), run
