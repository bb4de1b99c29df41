"""Turn frozen snapshots into shown images and readings for pooling.

Read from snapshots only, and only from the plausibility parts of loop studies. Real images become
controls that measure readers; synthetic images of generators outside the loop's lineage are left
out and counted. Copies, as the newest measurement of each run found them, are marked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from generation.feedback.errors import WrongState
from generation.feedback.reads import Read, ShownImage
from generation.quality.marks import copy_marks
from review.catalog.models import ImageClass
from review.results.frames import load_snapshot
from review.results.models import Snapshot
from review.studies.models import Membership, Study

if TYPE_CHECKING:
    import pandas as pd

# How far a real image's own label can be trusted as the truth of a control.
TRUST = {"high": 0.95, "medium": 0.90, "low": 0.80}
PHANTOM_TRUST = 0.98
COLUMNS = (
    "image", "class", "truth_class", "source", "is_phantom", "prototype", "model_version",
    "inclusion_probability", "reader", "revision", "verdict",
)  # fmt: skip


@dataclass
class Evidence:
    """Images and readings of several snapshots; `outside` counts images of other generators.

    unchecked: images of runs that nobody measured, so that copies among them are not known.
    """

    images: dict[str, ShownImage] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)
    unchecked: set[str] = field(default_factory=set)

    @property
    def copies(self) -> list[str]:
        """Keys of images that count as copies."""
        return sorted(key for key, image in self.images.items() if image.is_copy)


def plausibility_rows(snapshot: Snapshot) -> "pd.DataFrame":
    """Return first readings in the plausibility part that count: no repeats, no calibration."""
    frame = load_snapshot(snapshot)
    return frame[
        (frame["part_kind"] == "plausibility")
        & (frame["replicate"] == 0)
        & (frame["role"] != "calibration")
        & frame["outcome"].isin(["answered", "cannot_judge"])
    ]


def gather_evidence(
    snapshots: Iterable[Snapshot], lineage: Sequence[str], classes: Mapping[str, ImageClass]
) -> Evidence:
    """Collect what readers said about images of a loop's generators and about real images.

    Raises WrongState for a snapshot of a confirmatory study: its readings never steer generation.
    """
    evidence = Evidence()
    ages = {card: age for age, card in enumerate(lineage)}
    for snapshot in snapshots:
        _check_purpose(snapshot.study)
        people = _readers(snapshot.study)
        rows = plausibility_rows(snapshot)
        for values in rows[list(COLUMNS)].itertuples(index=False, name=None):
            row = dict(zip(COLUMNS, values, strict=True))
            image = _image(row, ages, classes)
            if image is None:
                evidence.outside.add(row["image"])
                continue
            evidence.images.setdefault(image.key, image)
            evidence.reads.append(_read(row, image.key, people[row["reader"]]))
    _mark_copies(evidence)
    return evidence


def _check_purpose(study: Study) -> None:
    if study.purpose != Study.Purpose.LOOP:
        raise WrongState(
            f"Study {study.slug!r} is a {study.purpose} study; only loop studies feed a plan. "
            "Take it out of the loop."
        )


def _mark_copies(evidence: Evidence) -> None:
    """Mark copies of training images, and of images that repeat each other all but one."""
    images = evidence.images.items()
    keys = {_uuid(key): key for key, image in images if image.control_truth is None}
    marks = copy_marks(keys)
    evidence.unchecked |= marks.unchecked
    seen = set(keys) - set(marks.repeats)  # an original that readers saw stands for its repeats
    for uuid in sorted(keys):
        original = marks.repeats.get(uuid)
        if uuid in marks.copies or (original is not None and original in seen):
            image = evidence.images[keys[uuid]]
            evidence.images[keys[uuid]] = replace(image, is_copy=True)
        elif original is not None:
            seen.add(original)


def _uuid(key: str) -> str:
    return key.partition(":")[0]


def _readers(study: Study) -> dict[str, str]:
    """Return seat code -> person, so that one person in two studies stays one reader."""
    seats = Membership.objects.filter(study=study, role=Membership.Role.READER)
    return {code: f"user:{user}" for code, user in seats.values_list("code", "user_id")}


def _image(
    row: Mapping[str, Any], ages: Mapping[str, int], classes: Mapping[str, ImageClass]
) -> ShownImage | None:
    key, code = f"{row['image']}:{row['class']}", str(row["class"])
    if row["source"] == "real":
        certainty = classes[code].label_certainty if code in classes else "low"
        return ShownImage(
            key=key,
            image_class=code,
            control_truth=bool(row["class"] == row["truth_class"]),
            trust=PHANTOM_TRUST if row["is_phantom"] else TRUST[certainty],
        )
    if row["model_version"] not in ages:
        return None
    return ShownImage(
        key=key,
        image_class=code,
        prototype=int(_known(row["prototype"], 0)),
        age=ages[row["model_version"]],
        incl_prob=float(_known(row["inclusion_probability"], 1.0)),
    )


def _read(row: Mapping[str, Any], image: str, reader: str) -> Read:
    """Return a reading with the verdict that the server derived when it came in."""
    verdict = _known(row["verdict"], None)
    return Read(
        image=image,
        reader=reader,
        revision=int(_known(row["revision"], 0)),
        verdict=None if verdict is None else bool(verdict),
    )


def _known(value: Any, default: Any) -> Any:
    import pandas as pd

    return default if pd.isna(value) else value
