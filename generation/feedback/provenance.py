"""Where the image of one case came from: its pool, or the run, generator and plan that drew it.

Read after unblinding only, through `case_to_show`. A prototype is named by its number: what it
looks like is a real training image, which only the catalogue may show, to admins.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from generation.families.cards import CARD
from generation.feedback.models import Plan, PlanCell, Round
from generation.feedback.policies import visible_loops
from generation.feedback.services.decide import effective
from generation.quality.marks import copy_marks
from generation.runs.models import GeneratedImage, GenerationRun
from generation.training.lineage import ancestry_of, prototype_shares, prototypes_per_class
from generation.training.models import Checkpoint
from review.catalog.errors import MediaMissing
from review.catalog.models import Pool
from review.catalog.selectors import pools_open_to
from review.catalog.storage import local_path, read_bytes
from review.results.policies import cases_open_to
from review.studies.models import Case

WEIGHTS = ("model.safetensors", "ema.safetensors")
OTHERS = 20


@dataclass(frozen=True)
class PoolFacts:
    """Where a pool came from. `uuid` only for who may open its page."""

    name: str
    source: str
    is_phantom: bool
    importer: str
    licences: tuple[str, ...]
    citation: str
    note: str
    verified_by: str
    uuid: str = ""


@dataclass(frozen=True)
class Version:
    """A generator, or one that it was fine-tuned from, by name and card hash."""

    name: str
    card_sha256: str
    step: int


@dataclass(frozen=True)
class PlanFacts:
    """The plan that asked for the image, with its cell's numbers.

    Who may not open the loop, as somebody who reads in it, gets `loop_pk` 0 and no cell: its
    numbers and reasons tell which classes are weak.
    """

    loop: str
    loop_pk: int
    round_number: int
    plan_sha256: str
    policy: str
    n_show: int
    n_generate: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """How a run drew the image. `run_uuid` only for who may open the run's page."""

    run: str
    run_uuid: str
    index: int
    seed: int
    family: str
    preset: str
    version: Version
    ancestors: tuple[Version, ...]
    weights: tuple[tuple[str, str], ...]
    prototype: int
    prototypes: int
    prototype_share: float
    bank_sha256: str
    encoder: str
    condition: Mapping[str, Any]
    sampler: Mapping[str, Any]
    numerics: Mapping[str, Any]
    ms: float | None
    copy: str
    reward: float | None
    plan: PlanFacts | None
    loop_round: str


@dataclass(frozen=True)
class OtherCase:
    """The same image in another part or study that the user may look at."""

    study: str
    slug: str
    part: int
    kind: str
    code: str


@dataclass(frozen=True)
class Origin:
    """Everything about where a case's image came from."""

    pool: PoolFacts
    drawn: Drawn | None
    others: tuple[OtherCase, ...]


def case_to_show(user: Any, slug: str, part: int, code: str) -> Case:
    """Return a case of an unblinded study that the user runs and may see the truth of, or 404."""
    rows = cases_open_to(user).select_related(
        "part__study__domain",
        "arm",
        "intended_class",
        "rendition",
        "image__image_class",
        "image__pool",
        "image__generated__image_class",
        "image__generated__run__checkpoint__bank",
    )
    return get_object_or_404(rows, part__study__slug=slug, part__order=part, code=code)


def origin_of(user: Any, case: Case) -> Origin:
    """Return where the image of a case came from; links only where the user may follow them."""
    opened: QuerySet[Pool] = pools_open_to(user) if user.is_staff else Pool.objects.none()
    may_open = opened.filter(pk=case.image.pool_id).exists()
    generated = getattr(case.image, "generated", None)
    return Origin(
        pool=_pool_facts(case.image.pool, case.image.covariates, may_open=may_open),
        drawn=_drawn(user, generated, may_open=may_open) if generated else None,
        others=_others(user, case),
    )


def _pool_facts(pool: Pool, covariates: Mapping[str, Any], *, may_open: bool) -> PoolFacts:
    origin = pool.origin
    own = [str(covariates["licence"])] if covariates.get("licence") else []
    of_pool = origin.get("licences") or [origin.get("licence", "")]
    return PoolFacts(
        name=pool.name,
        source=pool.source,
        is_phantom=pool.is_phantom,
        importer=str(origin.get("importer", "")),
        licences=tuple(str(one) for one in own or of_pool if one),
        citation=str(origin.get("citation", "")),
        note=str(origin.get("note") or origin.get("text") or ""),
        verified_by=pool.verified_by,
        uuid=str(pool.uuid) if may_open else "",
    )


def _drawn(user: Any, image: GeneratedImage, *, may_open: bool) -> Drawn:
    run, checkpoint = image.run, image.run.checkpoint
    shares = prototype_shares(checkpoint, image.image_class.code)
    known = dict(image.provenance)
    sampler = known.pop("sampler", None) or run.sampler
    numerics = (known or run.fingerprint).items()
    plan = _plan_facts(user, image)
    return Drawn(
        run=run.name,
        run_uuid=str(run.uuid) if may_open else "",
        index=image.index,
        seed=image.seed,
        family=checkpoint.family,
        preset=checkpoint.preset,
        version=_version(checkpoint),
        ancestors=tuple(_version(one) for one in ancestry_of(checkpoint)[1:]),
        weights=weights_of(checkpoint),
        prototype=image.prototype,
        prototypes=prototypes_per_class(checkpoint),
        prototype_share=shares[image.prototype] if image.prototype < len(shares) else 0.0,
        bank_sha256=checkpoint.bank.card_sha256 if checkpoint.bank else "",
        encoder=checkpoint.bank.encoder if checkpoint.bank else "",
        condition=image.condition,
        sampler=sampler,
        numerics={name: value for name, value in numerics if sampler.get(name) != value},
        ms=image.ms,
        copy=_copy(image),
        reward=image.reward,
        plan=plan,
        loop_round="" if plan else _round_of(run),
    )


def _version(checkpoint: Checkpoint) -> Version:
    return Version(checkpoint.name, checkpoint.card_sha256, checkpoint.step)


def _copy(image: GeneratedImage) -> str:
    """Say whether the image repeats another, as the newest image metrics of its run found."""
    uuid = str(image.asset.uuid) if image.asset else ""
    marks = copy_marks([uuid])
    if uuid in marks.unchecked:
        return "not checked: nobody measured the run"
    if uuid in marks.copies:
        return "repeats a training image"
    return "repeats an earlier image of the run" if uuid in marks.repeats else "none found"


def weights_of(checkpoint: Checkpoint) -> tuple[tuple[str, str], ...]:
    """Return (file, SHA-256) of a checkpoint's weights as its card lists them.

    Nothing where the card is not the registered one or lies in a packed remote folder: the card's
    own hash, which names the generator, covers them all the same.
    """
    key = f"{checkpoint.storage_key}/{CARD}"
    if not checkpoint.storage_key or local_path(key) is None:
        return ()
    try:
        card = read_bytes(key)
    except (MediaMissing, OSError):
        return ()
    if hashlib.sha256(card).hexdigest() != checkpoint.card_sha256:
        return ()
    files = json.loads(card).get("files", {})
    return tuple((name, files[name]) for name in WEIGHTS if name in files)


def _plan_facts(user: Any, image: GeneratedImage) -> PlanFacts | None:
    plan = Plan.objects.filter(run=image.run_id).select_related("loop").first()
    if plan is None:
        return None
    is_open = visible_loops(user).filter(pk=plan.loop_id).exists()
    cell = _cell(plan, image) if is_open else None
    numbers = effective(cell) if cell else None
    return PlanFacts(
        loop=plan.loop.name,
        loop_pk=plan.loop_id if is_open else 0,
        round_number=plan.round_number,
        plan_sha256=plan.plan_sha256,
        policy=plan.policy.replace("_", " "),
        n_show=numbers.show if numbers else 0,
        n_generate=numbers.generate if numbers else 0,
        reasons=tuple(cell.reasons) if cell else (),
    )


def _cell(plan: Plan, image: GeneratedImage) -> PlanCell | None:
    own = {"image_class": image.image_class_id, "prototype": image.prototype}
    return PlanCell.objects.filter(plan=plan, **own).select_related("plan").first()


def _round_of(run: GenerationRun) -> str:
    """Return loop and round of a run that was attached to a round by hand, or nothing."""
    found = Round.objects.filter(run=run).select_related("loop").first()
    return f"{found.loop.name}, round {found.number}" if found else ""


def _others(user: Any, case: Case) -> tuple[OtherCase, ...]:
    """Return other cases with the same pixels that the user may look at, newest first."""
    same = cases_open_to(user).filter(image__pixel_sha256=case.image.pixel_sha256)
    rows = same.exclude(pk=case.pk).order_by("-pk").select_related("part__study")[:OTHERS]
    return tuple(
        OtherCase(
            study=one.part.study.title,
            slug=one.part.study.slug,
            part=one.part.order,
            kind=one.part.get_kind_display(),
            code=one.code,
        )
        for one in rows
    )
