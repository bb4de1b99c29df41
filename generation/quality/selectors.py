"""What the pages and the loop ask about measurements."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from generation.quality.copies import is_more_than_chance
from generation.quality.figures import Figure, distance_figure, share_figure
from generation.quality.models import Copy, Measurement
from generation.quality.nearest import orientations
from generation.quality.reading import Preparation, prepared
from generation.quality.words import (
    AGAINST,
    METRICS,
    against,
    likeness_sentence,
    number,
    with_limits,
)
from generation.runs.models import GenerationRun
from generation.training.dataset import augmentation_of
from review.catalog.errors import MediaMissing
from review.catalog.models import ImageAsset, ImageClass, Pool
from review.catalog.pixels import encode_pixels
from review.catalog.selectors import pools_open_to

SHOWN_REPEATS = 12
SETS = ("generated", "training", "held_out")
TOO_FEW = "too few"


@dataclass(frozen=True)
class MetricLine:
    """One metric: its name, how to read it, and a cell per comparison; notes where refused."""

    name: str
    reading: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class ClassLine:
    """One class: images of each set, how many were compared, and its numbers as text."""

    code: str
    name: str
    counts: tuple[int, ...]
    compared: int
    cells: tuple[str, ...]
    copies: int


@dataclass(frozen=True)
class PairView:
    """Two images side by side; original is None when it was deleted since."""

    image: str
    original: str | None
    label: str
    distance: float
    is_copy: bool


@dataclass(frozen=True)
class Report:
    """A measurement's result as its page shows it."""

    columns: tuple[str, ...]
    metrics: tuple[MetricLine, ...]
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]
    class_columns: tuple[str, ...]
    classes: tuple[ClassLine, ...]
    pairs: tuple[PairView, ...]
    repeats: tuple[PairView, ...]
    n_copies: int
    n_repeats: int
    is_more_than_chance: bool
    likeness: str
    shares: Figure | None
    distances: Figure


def measurements_of(user: Any, run: GenerationRun) -> QuerySet[Measurement]:
    """Return a run's measurements that an admin may see, newest first.

    None that read a pool of a study which the admin still reads: its pairs show what is real.
    """
    closed = Pool.objects.exclude(pk__in=pools_open_to(user))
    rows: QuerySet[Measurement] = run.measurements.exclude(pools__in=closed)
    return rows.select_related("requested_by").order_by("-pk")


def original_png(row: Measurement, number: int) -> bytes | None:
    """Return the training image of a closest pair, framed and turned as it was compared, or None.

    None for a pair that does not exist, or whose image or file is gone.
    """
    pairs, features = row.found["copying"]["closest"], row.found["features"]
    if number >= len(pairs):
        return None
    asset = ImageAsset.objects.filter(uuid=pairs[number]["original"]).first()
    if asset is None:
        return None
    how = Preparation(features["size"], features["crop"], features["channels"])
    try:
        pixels = prepared(asset.storage_key, how)
    except MediaMissing:
        return None
    order = orientations(how.size, augmentation_of(row.run.pool.domain))[pairs[number]["turn"]]
    turned = pixels.reshape(how.size * how.size, -1)[order].reshape(pixels.shape)
    return encode_pixels(turned.squeeze(-1) if how.channels == 1 else turned)


def report_of(row: Measurement) -> Report:
    """Return what the page shows of a finished measurement."""
    result = row.found
    # PostgreSQL keeps no order of keys.
    found = result["comparisons"]
    comparisons = {name: found[name] for name in AGAINST if name in found}
    copying = result["copying"]
    main = "held_out" if "held_out" in comparisons else "training"
    copies = dict(
        row.copies.filter(kind=Copy.Kind.TRAINING)
        .order_by()
        .values_list("image__image_class__code")
        .annotate(n=Count("pk"))
    )
    return Report(
        columns=tuple(against(name) for name in comparisons),
        metrics=tuple(
            MetricLine(*METRICS[key], tuple(with_limits(c[key]) for c in comparisons.values()))
            for key in METRICS
        ),
        refusals=_refusals(comparisons),
        warnings=(*result["warnings"], *_cautions(comparisons)),
        class_columns=(f"KID, {against(main).lower()}", "Coverage", "C_T"),
        classes=_classes(row, main, copies),
        pairs=_pairs(copying["closest"]),
        repeats=_repeats(row),
        n_copies=copying["n_copies"],
        n_repeats=copying["n_repeats"],
        is_more_than_chance=copying["n_exact"] > 0
        or is_more_than_chance(
            copying["n_copies"], result["sets"]["generated"]["n"], copying["n_unseen"]
        ),
        likeness=likeness_sentence(result["likeness"]),
        shares=share_figure(comparisons),
        distances=distance_figure(copying),
    )


def _refusals(comparisons: dict[str, Any]) -> tuple[str, ...]:
    """Return each reason once, with the metrics that gave it."""
    reasons: dict[str, list[str]] = {}
    for cells in comparisons.values():
        for key, (name, _) in METRICS.items():
            if "refused" in cells[key]:
                reasons.setdefault(cells[key]["refused"], []).append(name)
    return tuple(f"{', '.join(dict.fromkeys(names))}: {why}" for why, names in reasons.items())


def _cautions(comparisons: dict[str, Any]) -> tuple[str, ...]:
    """Return each warning of a metric once."""
    said = [
        f"{METRICS[key][0]}: {note}."
        for cells in comparisons.values()
        for key in METRICS
        for note in cells[key].get("warnings", ())
    ]
    return tuple(dict.fromkeys(said))


def _classes(row: Measurement, main: str, copies: dict[str, int]) -> tuple[ClassLine, ...]:
    result = row.found
    sets, compared = result["sets"], result["classes"]
    tested = result["copying"]["test"].get("classes", {})
    names = dict(
        ImageClass.objects.filter(domain=row.run.pool.domain_id).values_list("code", "name")
    )
    return tuple(
        ClassLine(
            code=code,
            name=names.get(code, code),
            counts=tuple(sets[name]["classes"].get(code, 0) for name in SETS),
            compared=result["sample"]["classes"].get(code, 0),
            cells=(*_class_cells(compared.get(code, {}).get(main)), _z(tested.get(code))),
            copies=copies.get(code, 0),
        )
        for code in sets["generated"]["classes"]
    )


def _class_cells(cells: dict[str, Any] | None) -> tuple[str, str]:
    if cells is None or "refused" in cells:
        return TOO_FEW, TOO_FEW
    return with_limits(cells["kid"]), with_limits(cells["coverage"])


def _z(tested: dict[str, Any] | None) -> str:
    return TOO_FEW if tested is None else number(tested["estimate"])


def _pairs(stored: list[dict[str, Any]]) -> tuple[PairView, ...]:
    """Return the stored pairs; an image that was deleted since is None."""
    uuids = [pair[name] for pair in stored for name in ("image", "original")]
    there = {
        str(uuid)
        for uuid in ImageAsset.objects.filter(uuid__in=uuids).values_list("uuid", flat=True)
    }
    return tuple(
        PairView(
            image=pair["image"],
            original=pair["original"] if pair["original"] in there else None,
            label=pair["class"]
            if pair["class"] == pair["original_class"]
            else f"{pair['class']}, beside {pair['original_class']}",
            distance=pair["distance"],
            is_copy=pair["is_copy"],
        )
        for pair in stored
    )


def _repeats(row: Measurement) -> tuple[PairView, ...]:
    """Return the first repeats within the run, nearest first."""
    found = row.copies.filter(kind=Copy.Kind.REPEAT).order_by("distance", "pk")
    fields = ("image__uuid", "original__uuid", "image__image_class__code", "distance")
    return tuple(
        PairView(str(image), str(original) if original else None, code, distance, is_copy=True)
        for image, original, code, distance in found.values_list(*fields)[:SHOWN_REPEATS]
    )
