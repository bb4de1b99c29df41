"""A study that was frozen under protocol format 3, with rows that never change.

`protocol_format_3.json` is what the code of that format wrote for it, byte for byte.
"""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from review.catalog.models import (
    Criterion,
    CriterionSet,
    Domain,
    ImageAsset,
    ImageClass,
    Pool,
)
from review.studies.models import Arm, Case, Draw, Part, Rendition, Study

DOCUMENT = Path(__file__).with_name("protocol_format_3.json")
SHA256 = "e9f2704352d05b7ce86abcd198ca381c25bb9201f7abd8edc17e3494dc81512a"
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
DISPLAY: dict[str, Any] = {
    "scale": 8, "width_cm": 10.0, "kernel": "bicubic", "kernel_toggle": True,
    "surround": "#777777", "allow_touch": True, "min_screen_px": 700, "px": 24, "film": False,
    "asked": {"px": 24},
    "rendition": {"size": 24, "colour": "rgb", "bits": 8, "film": False, "jpeg_quality": None,
                  "depths": {}, "outline": False},
}  # fmt: skip


def frozen_document() -> dict[str, Any]:
    """Return the protocol as it was frozen."""
    return json.loads(DOCUMENT.read_text())


def make_study() -> Study:
    """Return the study with every row that its protocol speaks of; nothing is frozen yet."""
    domain = Domain.objects.create(
        code="old_cells", name="Old cells", version="1", status="signed", content_sha256="d" * 64,
        content={"domain": {"question": "Could this be a real {class_name}?", "preamble": "Look.",
                            "display": {"scale": 8, "surround": "#777777"}}},
    )  # fmt: skip
    criteria = CriterionSet.objects.create(domain=domain, version=1, content_sha256="c" * 64)
    for order, code in enumerate(("size", "nucleus"), 1):
        Criterion.objects.create(
            criterion_set=criteria, code=code, label=code.title(), help="?", order=order,
            counts=True, min_px=0, applies_to=[], opens="",
        )  # fmt: skip
    study = Study.objects.create(
        uuid=uuid.UUID(int=1), title="An old study", slug="old", domain=domain,
        criterion_set=criteria, state="active", secret=b"s" * 32, draw_seed=7,
        consent_text="I take part.", analysis_plan={"margin": 0.1}, prepared_at=AT, activated_at=AT,
    )  # fmt: skip
    image_class = ImageClass.objects.create(
        domain=domain, code="BAS", name="Basophil", order=1, role="evaluated", aliases=[],
        note="Coarse granules.", expectations={}, confusable=[], label_certainty="high",
    )  # fmt: skip
    for number, kind in enumerate(("plausibility", "lesion"), 1):
        part = Part.objects.create(study=study, order=number, kind=kind, display=DISPLAY)
        for source in ("real", "synthetic"):
            _add_case(part, source, image_class)
    return study


def _add_case(part: Part, source: str, image_class: ImageClass) -> None:
    number = 100 * part.order + (source == "real")
    pool = Pool.objects.create(
        uuid=uuid.UUID(int=1000 + number), domain=part.study.domain, name=f"{source} {part.order}",
        source=source, state="complete",
    )  # fmt: skip
    arm = Arm.objects.create(study=part.study, pool=pool, code=f"{source}-{part.order}", label="A")
    Draw.objects.create(part=part, arm=arm, image_class=image_class, count=1, seed=7)
    image = ImageAsset.objects.create(
        uuid=uuid.UUID(int=2000 + number), pool=pool, source_key="1", image_class=image_class,
        pixel_sha256=f"{number:064d}", width=24, height=24, mode="RGB", storage_key="none",
    )  # fmt: skip
    case = Case.objects.create(
        part=part, image=image, arm=arm, code=f"C{number}", intended_class=image_class
    )
    Rendition.objects.create(
        case=case, sha256=f"{number:064d}", byte_length=10, width=24, height=24, media="png",
        bits=8, storage_key="none", pipeline="1",
    )  # fmt: skip
