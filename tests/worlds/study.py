"""A small study that is ready to be read: real rendition bytes, readers, stored orders.

Rows are built directly, so that tests of reading do not depend on the making of studies.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import numpy as np
from django.utils import timezone

from review.accounts.models import User
from review.blinding.canonical import RenditionSpec, render_pixels
from review.blinding.container import pack_png, pack_rendition
from review.catalog.models import ImageAsset, ImageClass, Pool
from review.catalog.storage import put_bytes
from review.studies.models import (
    Arm,
    Assignment,
    Case,
    Membership,
    Part,
    Rendition,
    Session,
    Study,
)
from tests.worlds.domains import make_domain
from tests.worlds.pixels import draw_cell, draw_film

PASSWORD = "reading-glasses"
Pixels = Callable[[int], np.ndarray]
ARMS = {"real": "real", "early": "synthetic", "late": "synthetic"}


@dataclass(frozen=True)
class World:
    """A study with those who read it; `sessions[i]` are reader i's, in part order."""

    study: Study
    parts: list[Part]
    readers: list[User]
    sessions: list[list[Session]]

    def assignments(self, reader: int = 0, part: int = 0) -> list[Assignment]:
        """Return a reader's list for a part, in order."""
        return list(self.sessions[reader][part].assignments.order_by("rank"))


@dataclass(frozen=True)
class PartPlan:
    """One part to build: its kind, cases per arm and class, and any field of Part."""

    kind: str = "plausibility"
    per_cell: int = 2
    fields: dict[str, Any] | None = None
    full_form: bool = False


def make_reader(number: int = 1, **fields: Any) -> User:
    """Return a user who can sign in with PASSWORD."""
    email = fields.pop("email", f"reader{number}@example.org")
    return User.objects.create_user(email, PASSWORD, name=f"Reader {number}", **fields)


def make_study(
    *,
    slug: str = "cells",
    domain: str = "bone_marrow",
    classes: Sequence[str] = ("BAS", "EOS"),
    plans: Sequence[PartPlan] = (PartPlan(),),
    readers: int = 1,
    size: int = 64,
    pixels: Pixels | None = None,
) -> World:
    """Build an active study in which every reader reads every case of every part."""
    film = domain == "chest_xray"
    spec = RenditionSpec(size, "grey" if film else "rgb", 12 if film else 8)
    draw = pixels or (draw_film if film else draw_cell)
    study = _make_row(slug, domain)
    arms = [_make_arm(study, code, source) for code, source in ARMS.items()]
    chosen = list(ImageClass.objects.filter(domain=study.domain, code__in=classes))
    parts = []
    for order, plan in enumerate(plans, 1):
        fields = {"display": {"px": size, "film": film}, **(plan.fields or {})}
        part = Part.objects.create(study=study, order=order, kind=plan.kind, **fields)
        for arm in arms:
            _make_cases(part, plan, arm, chosen, lambda seed: _render(draw(seed), spec, film))
        parts.append(part)
    people = [make_reader(number, email=f"{slug}.r{number}@example.org")
              for number in range(1, readers + 1)]  # fmt: skip
    seats = [_seat(study, parts, user, index) for index, user in enumerate(people)]
    return World(study, parts, people, seats)


def _make_row(slug: str, domain_code: str) -> Study:
    domain = make_domain(domain_code)
    now = timezone.now()
    return Study.objects.create(
        title=f"Study of {domain.name.lower()}",
        slug=slug,
        domain=domain,
        criterion_set=domain.criterion_sets.get(version=1),
        state=Study.State.ACTIVE,
        intro="You will see images one at a time.",
        consent_text="I take part of my own will and may stop at any time.",
        prepared_at=now,
        activated_at=now,
    )


def _make_arm(study: Study, code: str, source: str) -> Arm:
    pool = Pool.objects.create(
        domain=study.domain,
        name=f"{study.slug} {code}",
        source=source,
        state=Pool.State.COMPLETE,
    )
    return Arm.objects.create(study=study, pool=pool, code=code, label=f"Arm {code}")


@dataclass(frozen=True)
class _Rendered:
    """Bytes of one picture: as stored in its pool, and as shown."""

    asset: bytes
    shown: bytes
    size: int
    media: str
    bits: int


def _render(pixels: np.ndarray, spec: RenditionSpec, film: bool) -> _Rendered:
    canonical = render_pixels((pixels << 4) if film else pixels, spec)
    packed = pack_rendition(canonical, bits=spec.bits, film=film)
    grey = (pixels >> 4).astype(np.uint8) if film else pixels
    media = "u16" if film else "png"
    return _Rendered(pack_png(grey), packed.content, spec.size, media, spec.bits)


def _make_cases(
    part: Part,
    plan: PartPlan,
    arm: Arm,
    classes: Sequence[ImageClass],
    render: Callable[[int], _Rendered],
) -> None:
    for image_class in classes:
        for index in range(plan.per_cell):
            key = f"{part.study.slug}-{part.order}-{arm.code}-{image_class.code}-{index}"
            seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
            _make_case(part, plan, arm, image_class, key, render(seed))


def _make_case(
    part: Part, plan: PartPlan, arm: Arm, image_class: ImageClass, key: str, rendered: _Rendered
) -> None:
    asset = ImageAsset.objects.create(
        pool=arm.pool,
        source_key=key,
        image_class=image_class,
        pixel_sha256=hashlib.sha256(rendered.asset).hexdigest(),
        width=rendered.size,
        height=rendered.size,
        mode="RGB",
        storage_key=put_bytes("assets", rendered.asset, ".png"),
    )
    case = Case.objects.create(
        part=part,
        image=asset,
        arm=arm,
        code=f"C{part.cases.count() + 1:04d}",
        intended_class=image_class,
        full_form=plan.full_form,
    )
    Rendition.objects.create(
        case=case,
        sha256=hashlib.sha256(rendered.shown).hexdigest(),
        byte_length=len(rendered.shown),
        width=rendered.size,
        height=rendered.size,
        media=rendered.media,
        bits=rendered.bits,
        storage_key=put_bytes("renditions", rendered.shown),
        pipeline="1",
    )


def _seat(study: Study, parts: Sequence[Part], user: User, index: int) -> list[Session]:
    now: datetime = timezone.now()
    membership = Membership.objects.create(
        study=study,
        user=user,
        code=f"R{index + 1:02d}",
        role=Membership.Role.READER,
        state=Membership.State.READING,
        consent_version=study.consent_version,
        consented_at=now,
    )
    return [_list_cases(membership, part, index, now) for part in parts]


def _list_cases(membership: Membership, part: Part, index: int, now: datetime) -> Session:
    session = Session.objects.create(membership=membership, part=part, started_at=now)
    cases = list(part.cases.order_by("pk"))
    Random(f"{part.study.slug}-{part.order}-{index}").shuffle(cases)
    Assignment.objects.bulk_create(
        [
            Assignment(session=session, case=case, rank=place << 20)
            for place, case in enumerate(cases, 1)
        ]
    )
    return session
