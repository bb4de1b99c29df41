"""The stations of the loop, each driven over HTTP by the person who would do it.

Every station looks for its own result first, so that an interrupted demo goes on where it stopped.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from generation.demo.errors import DemoFailed
from generation.demo.plan import BUDGET_OF_LATE, DemoSize
from generation.demo.seed import ADMIN, READER, RESEARCHER, Person
from generation.demo.visitor import Visitor, said, wait_until
from generation.feedback.models import Loop, Plan, Round
from generation.runs.models import GenerationRun
from generation.runs.selectors import progress_of
from generation.training.models import Checkpoint, TrainingJob
from review.catalog.models import ImageClass, Pool
from review.studies.models import Study

Tell = Callable[[str], None]
JOIN = re.compile(r'data-join-url="([^"]+)"')
TRAIN_SECONDS = 3600
RUN_SECONDS = 1800
PREPARE_SECONDS = 600
ENDED = ("complete", "failed", "cancelled")


@dataclass
class Loopwalk:
    """One loop being walked: its admin, its size, and where it tells how far it is."""

    admin: Visitor
    pool: Pool
    size: DemoSize
    tell: Tell
    name: str = "Demo"

    # --- train -----------------------------------------------------------------------------------
    def train(self) -> tuple[Checkpoint, Checkpoint]:
        """Train on the pool; return the early and the late checkpoint."""
        title = f"{self.name} generator"
        job = TrainingJob.objects.filter(name=title).exclude(state="failed").first()
        if job is None:
            self.admin.page("/training/new/")
            fields = {
                "pool": self.pool.pk,
                "family": "prototype_ddpm",
                "preset": self.size.preset,
                "seed": 1,
                "prototypes": self.size.prototypes,
                "steps": self.size.steps or "",
                "early_steps": str(self.size.early),
                "guidance": "" if self.size.guidance is None else self.size.guidance,
                "name": title,
            }
            self.admin.submit("/training/new/", fields)
            job = TrainingJob.objects.get(name=title)
        wait_until(lambda: self._trained(job), "the training", timeout_s=TRAIN_SECONDS)
        if job.state != TrainingJob.State.DONE:
            raise DemoFailed(f"The training is {job.state}: {job.error}")
        made = Checkpoint.objects.filter(bank__card_sha256=job.options["bank"], family=job.family)
        return made.get(step=self.size.early), made.get(step=job.total_steps)

    def _trained(self, job: TrainingJob) -> bool:
        job.refresh_from_db()
        stage = job.metrics.get("stage", "waiting for a worker")
        self.tell(f"{stage}, step {job.step} of {job.total_steps}")
        return job.finished_at is not None

    # --- draw ------------------------------------------------------------------------------------
    def start_loop(self, late: Checkpoint, budget: int) -> Loop:
        """Start the loop of the late checkpoint."""
        title = f"{self.name} loop"
        if not Loop.objects.filter(name=title).exists():
            self.admin.page("/loops/new/")
            fields = {"name": title, "checkpoint": late.pk, "policy": "quota_fill"}
            fields |= {"target": BUDGET_OF_LATE, "budget": budget}
            self.admin.submit("/loops/new/", fields)
        return Loop.objects.get(name=title)

    def turn(self, loop: Loop, number: int) -> GenerationRun:
        """Propose, approve and launch the plan of a round; return its finished run."""
        home = f"/loops/{loop.pk}/"
        known = Round.objects.filter(loop=loop, number=number).first()
        if known is None:
            plan = self.propose(loop, number)
            if plan.state == Plan.State.DRAFT:
                self.admin.submit(f"{home}plans/{plan.pk}/approve/", {})
            self._must(home, self.admin.submit(f"{home}plans/{plan.pk}/launch/", {}).text)
            known = Round.objects.get(loop=loop, number=number)
        if known.run is None:
            raise DemoFailed(f"Round {number} has no run.")
        return self.finish(known.run)

    def propose(self, loop: Loop, number: int) -> Plan:
        """Return the open plan of a round, proposed when there is none."""
        home = f"/loops/{loop.pk}/"
        opened = Plan.objects.filter(
            loop=loop, round_number=number, state__in=[Plan.State.DRAFT, Plan.State.APPROVED]
        )
        if not opened.exists():
            self.admin.page(home)
            self._must(home, self.admin.submit(f"{home}propose/", {}).text)
        plan = opened.first()
        if plan is None:
            raise DemoFailed(f"No plan was proposed for round {number}.")
        return plan

    def draw_early(self, early: Checkpoint, counts: dict[str, int]) -> GenerationRun:
        """Draw the early arm: so many images of each class."""
        title = f"{self.name} early"
        if not GenerationRun.objects.filter(name=title).exists():
            self.admin.page("/runs/new/")
            text = ", ".join(f"{code}={n}" for code, n in counts.items())
            fields = {"checkpoint": early.pk, "counts": text, "name": title, "seed": 7}
            self.admin.submit("/runs/new/", fields)
        return self.finish(GenerationRun.objects.get(name=title))

    def finish(self, run: GenerationRun) -> GenerationRun:
        """Wait until a run has ended."""

        def ended() -> bool:
            run.refresh_from_db()
            progress = progress_of(run)
            rate = f", {progress.rate:.1f}/s" if progress.rate else ""
            self.tell(f"{run.name}: {progress.done} of {run.total} images{rate}")
            return run.state in ENDED

        wait_until(ended, f"run {run.name!r}", timeout_s=RUN_SECONDS)
        if run.state != GenerationRun.State.COMPLETE:
            raise DemoFailed(f"Run {run.name!r} is {run.state}: {run.error}")
        return run

    # --- study -----------------------------------------------------------------------------------
    def build_study(
        self, title: str, arms: dict[str, Pool], cells: dict[str, int], seed: int
    ) -> Study:
        """Build a draft. cells: `count_<kind>_<arm>_<class>` -> number."""
        known = Study.objects.filter(title=title).first()
        if known is None:
            self.admin.page("/studies/new/")
            fields: dict[str, Any] = {
                "title": title,
                "domain": self.pool.domain.code,
                "purpose": "loop",
                "parts": ["plausibility", "turing"],
                "classes": sorted({key.rsplit("_", 1)[1] for key in cells}),
                "per_class_plausibility": "0",
                "per_class_turing": "0",
                "min_readers": "1",
                "seed": str(seed),
            }
            fields |= {f"pool_{code}": str(pool.uuid) for code, pool in arms.items()}
            self.admin.submit("/studies/new/", {**fields, **cells})
            known = Study.objects.get(title=title)
        return known

    def prepare(self, study: Study) -> None:
        """Draw, render and audit; readers have their seats, so images they know are left out."""
        study.refresh_from_db()
        if study.state != Study.State.DRAFT:
            return
        if study.prepare_stage != Study.Stage.BLOCKED:
            self._render(study)
        self._pass_audit(study)

    def _render(self, study: Study) -> None:
        home = f"/studies/{study.slug}/"
        self.admin.page(home)
        self.admin.submit(f"{home}prepare/", {})

        def ready() -> bool:
            state = self.admin.client.get(f"{home}progress/?as=json").json()
            self.tell(f"{study.title}: {state['stage']} {state['done']} of {state['total']}")
            if state.get("error"):
                raise DemoFailed(f"{study.title} cannot be prepared: {state['error']}")
            if state["audit"] == "stopped":
                raise DemoFailed(f"{study.title}: the blinding audit found a container leak.")
            return bool(state["state"] == "prepared" or state["stage"] == "blocked")

        wait_until(ready, f"preparing {study.title!r}", timeout_s=PREPARE_SECONDS)

    def _pass_audit(self, study: Study) -> None:
        """Override a blocking content cue with a written reason; container faults never pass."""
        study.refresh_from_db()
        report = study.audit_report
        if study.state != Study.State.DRAFT or report.get("state") != "blocked":
            return
        reason = (
            "Demo: a generator trained for minutes differs from its pool in content cues; the "
            "study is a demonstration and feeds no claim."
        )
        self.admin.page(f"/studies/{study.slug}/audit/")
        self.admin.submit(f"/studies/{study.slug}/audit/override/", {"reason": reason})

    def seat(self, study: Study, person: Person, role: str) -> Visitor:
        """Invite a person, who follows the link; return them signed in."""
        guest = Visitor(self.admin.base).sign_in(person.email, person.password)
        if study.memberships.filter(user__email=person.email).exists():
            return guest
        self.admin.page(f"/studies/{study.slug}/")
        fields = {"email": person.email, "role": role}
        page = self.admin.submit(f"/studies/{study.slug}/invite/", fields).text
        found = JOIN.search(page)
        if found is None:
            raise DemoFailed(f"No invitation link was shown: {said(page)}")
        path = found.group(1).split("/studies/join/", 1)[1]
        guest.page(f"/studies/join/{path}")
        guest.submit(f"/studies/join/{path}", {"name": person.name})
        if guest.where.endswith("/consent"):
            guest.submit(guest.where, {"agree": "yes"})
        return guest

    def activate(self, study: Study) -> None:
        """Open the study for reading."""
        study.refresh_from_db()
        if study.state == Study.State.PREPARED:
            self._verb(study, "activate")

    def close(self, study: Study) -> None:
        """Close and unblind."""
        study.refresh_from_db()
        if study.state == Study.State.ACTIVE:
            self._verb(study, "close")
        if study.unblinded_at is None:
            self.admin.page(f"/results/{study.slug}/unblind/")
            self.admin.submit(f"/results/{study.slug}/unblind/", {"confirm": "yes"})
        study.refresh_from_db()
        if study.unblinded_at is None:
            raise DemoFailed(f"{study.title} was not unblinded.")

    def _verb(self, study: Study, verb: str) -> None:
        home = f"/studies/{study.slug}/"
        self.admin.page(home)
        page = self.admin.submit(f"{home}state/{verb}/", {}).text
        study.refresh_from_db()
        wanted = {"activate": "active", "close": "closed"}[verb]
        if study.state != wanted:
            raise DemoFailed(f"{study.title} is {study.state}, not {wanted}: {said(page)}")

    def attach(self, loop: Loop, number: int, study: Study) -> None:
        """Say that a study judges a round."""
        if not Round.objects.filter(loop=loop, number=number, study=study).exists():
            home = f"/loops/{loop.pk}/"
            self.admin.page(home)
            page = self.admin.submit(f"{home}rounds/{number}/study/", {"study": study.pk}).text
            self._must(home, page)
            if not Round.objects.filter(loop=loop, number=number, study=study).exists():
                raise DemoFailed(f"Round {number} did not take the study: {said(page)}")

    def _must(self, where: str, page: str) -> None:
        if "notice bad" in page:
            raise DemoFailed(f"{where}: {said(page)}")


def evaluated_classes(pool: Pool) -> list[str]:
    """Return the codes of the pool's classes that studies judge, in the domain's order."""
    rows = pool.images.filter(image_class__role=ImageClass.Role.EVALUATED)
    counted = rows.values("image_class__code", "image_class__order").annotate(n=Count("pk"))
    return [row["image_class__code"] for row in counted.order_by("image_class__order")]


def per_class(pool: Pool) -> dict[str, int]:
    """Return how many images of each class a pool holds."""
    counted = pool.images.values("image_class__code").annotate(n=Count("pk"))
    return {row["image_class__code"]: row["n"] for row in counted}


def first_round_cells(arms: dict[str, Pool], codes: list[str], size: DemoSize) -> dict[str, int]:
    """Return the counts of round 1: real, early and late judged alike, a turing part beside.

    A pool that lost an image as blank gives one less.
    """
    cells, drawn = {}, {code: per_class(pool) for code, pool in arms.items()}
    for code in codes:
        late = drawn["late"].get(code, 0)
        turing = min(size.turing, late // 2)
        cells[f"count_plausibility_real_{code}"] = size.real
        cells[f"count_plausibility_early_{code}"] = min(size.shown, drawn["early"].get(code, 0))
        cells[f"count_plausibility_late_{code}"] = min(size.shown, late - turing)
        cells[f"count_turing_real_{code}"] = turing
        cells[f"count_turing_late_{code}"] = turing
    return cells


def later_round_cells(late: Pool, codes: list[str], size: DemoSize) -> dict[str, int]:
    """Return the counts of a later round: all that the plan drew, and real controls beside."""
    cells, drawn = {}, per_class(late)
    for code in codes:
        n = drawn.get(code, 0)
        turing = min(size.turing, n // 6)
        shown = n - turing
        cells[f"count_plausibility_late_{code}"] = shown
        cells[f"count_plausibility_real_{code}"] = min(max(2, round(shown * 0.35)), size.real)
        cells[f"count_turing_late_{code}"] = turing
        cells[f"count_turing_real_{code}"] = turing
    return cells


def open_admin(base: str) -> Visitor:
    """Return the demo's admin, signed in."""
    return Visitor(base).sign_in(ADMIN.email, ADMIN.password)


def seat_people(walk: Loopwalk, study: Study) -> Visitor:
    """Seat the researcher as editor and the reader as reader; return the reader."""
    walk.seat(study, RESEARCHER, "editor").close()
    return walk.seat(study, READER, "reader")
