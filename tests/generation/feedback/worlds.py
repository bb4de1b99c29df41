"""A loop with a generator, an older version of it, and a study that judged both."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from generation.feedback.models import Loop, Plan, Round
from generation.feedback.services import add_round, create_loop, propose_plan
from generation.runs.models import GeneratedImage, GenerationRun
from generation.training.models import Checkpoint, PrototypeBank
from review.accounts.models import User
from review.catalog.models import Domain
from review.results.models import Snapshot
from review.results.services import unblind_study
from review.studies.models import Assignment, Case, Study
from tests.worlds.domains import make_domain
from tests.worlds.results import Closed, close_world
from tests.worlds.study import PASSWORD, PartPlan

CLASSES = ("BAS", "EOS")
SHARES = {"BAS": [0.75, 0.25], "EOS": [0.5, 0.5]}


@dataclass(frozen=True)
class LoopWorld:
    """A loop after its first round was read; `snapshot` is None while it is still blinded."""

    admin: User
    loop: Loop
    round: Round
    closed: Closed
    snapshot: Snapshot | None


def make_admin() -> User:
    """Return an admin who can sign in with PASSWORD."""
    found = User.objects.filter(email="admin@example.org").first()
    return found or User.objects.create_superuser("admin@example.org", PASSWORD, name="Admin")


def make_generator(domain: Domain, name: str, parent: Checkpoint | None = None) -> Checkpoint:
    """Return a checkpoint row with two prototypes per class; no weights."""
    card = f"{Checkpoint.objects.count() + 1:064x}"
    bank, _ = PrototypeBank.objects.get_or_create(
        card_sha256="b" * 64,
        defaults={
            "domain": domain, "encoder": "embedded", "encoder_sha256": "e" * 64, "dimension": 4,
            "per_class": 2, "classes": list(CLASSES), "shares": SHARES, "storage_key": "",
        },
    )  # fmt: skip
    return Checkpoint.objects.create(
        domain=domain, name=name, family="prototype_ddpm", preset="tiny", bank=bank, parent=parent,
        config={"prototypes": 2}, pool_manifest_sha256="0" * 64, classes=list(CLASSES), step=1,
        card_sha256=card, storage_key="",
    )  # fmt: skip


def make_loop(admin: User, **fields: Any) -> Loop:
    """Start a loop of two classes whose generator was fine-tuned once."""
    domain = make_domain("bone_marrow")
    older = make_generator(domain, "early")
    return create_loop(
        actor=admin,
        **(
            {
                "domain": domain,
                "name": "Cells 2026",
                "checkpoint": make_generator(domain, "late", older),
                "targets": dict.fromkeys(CLASSES, 30),
                "budget": 60,
            }
            | fields
        ),
    )


def weak_eosinophils(assignment: Assignment, index: int) -> dict[str, Any] | None:
    """Accept real cells and basophils; reject most synthetic eosinophils."""
    case = assignment.case
    is_weak = case.arm.code != "real" and case.intended_class.code == "EOS"
    good = not is_weak or index % 6 == 0
    return {"verdict": good, "criterion:nucleus": "passes" if good else "fails"}


def make_judged_loop(*, unblind: bool = True, per_cell: int = 10, **study: Any) -> LoopWorld:
    """Build the loop, have its first round read, and unblind the study unless told not to."""
    admin = make_admin()
    loop = make_loop(admin)
    plans = (PartPlan("plausibility", per_cell),)
    closed = close_world(
        **({"plans": plans, "answer": weak_eosinophils, "slug": "loop", "size": 16} | study)
    )
    _add_provenance(closed.study, loop.checkpoint)
    round_ = add_round(loop=loop, study=closed.study)
    snapshot = unblind_study(actor=closed.editor, study=closed.study) if unblind else None
    round_.refresh_from_db()
    return LoopWorld(admin, loop, round_, closed, snapshot)


def _add_provenance(study: Study, checkpoint: Checkpoint) -> None:
    """Say which generator and prototype each synthetic case came from, as a draw would."""
    parent = checkpoint.parent
    versions = {"late": checkpoint.card_sha256, "early": parent.card_sha256 if parent else ""}
    cases = Case.objects.filter(part__study=study).exclude(arm__code="real")
    for index, case in enumerate(cases.select_related("arm")):
        case.model_version, case.prototype = versions[case.arm.code], index % 2
        case.save(update_fields=["model_version", "prototype"])


def draw_the_late_arm(world: LoopWorld) -> GenerationRun:
    """Say that the late arm's images came from a run that a plan of the loop asked for."""
    loop, study = world.loop, world.closed.study
    cases = Case.objects.filter(part__study=study, arm__code="late").order_by("pk")
    plan = propose_plan(actor=world.admin, loop=make_loop(world.admin, name="Drawn before"))
    Plan.objects.filter(pk=plan.pk).update(loop=loop, round_number=world.round.number)
    run = GenerationRun.objects.create(
        name="late batch", checkpoint=loop.checkpoint, seed=7, total=len(cases),
        sampler={"solver": "dpmpp", "steps": 20, "guidance": 2.0},
        pool=study.arms.get(code="late").pool, requested_by=world.admin, state="complete",
        finished_at=timezone.now(),
    )  # fmt: skip
    Plan.objects.filter(pk=plan.pk).update(run=run, state=Plan.State.LAUNCHED)
    Round.objects.filter(pk=world.round.pk).update(run=run)
    for index, case in enumerate(cases):
        GeneratedImage.objects.create(
            run=run, index=index, seed=1000 + index, image_class=case.intended_class,
            prototype=case.prototype, ms=12.5, reward=0.625, asset=case.image,
            provenance={"sampler": run.sampler, "device": "cpu", "torch": "2.13.0", "batch": 16},
            condition={"text": "a blunt tip"},
        )  # fmt: skip
    return run
