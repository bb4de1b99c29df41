"""Turn the loop without a browser: real HTTP, real workers, simulated readers."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management import call_command

from generation.demo.errors import DemoFailed
from generation.demo.plan import DemoSize, size_for
from generation.demo.readers import Stopwatch, read_study
from generation.demo.recognise import neighbour_reader, recognised_share
from generation.demo.report import difference_report, round_report
from generation.demo.seed import READER, seed_domains, seed_people, seed_phantoms
from generation.demo.standins import PhantomReader, StandIn
from generation.demo.stations import (
    Loopwalk,
    Tell,
    evaluated_classes,
    first_round_cells,
    later_round_cells,
    open_admin,
    seat_people,
)
from generation.demo.visitor import Visitor
from generation.feedback.models import Loop
from generation.training.models import Checkpoint
from review.accounts.models import User
from review.catalog.models import Pool
from review.results.models import Snapshot
from review.studies.models import Study


@dataclass
class HeadlessLoop:
    """Walk the loop `rounds` times at a running site and collect what it showed."""

    address: str
    domain: str
    data: Path | None
    preset: str
    rounds: int
    layout_map: str = ""
    tell: Tell = lambda text: None
    watch: Stopwatch = field(default_factory=Stopwatch)
    visitor: Visitor = field(init=False)

    def run(self) -> dict[str, Any]:
        """Return the JSON object of `run_demo --headless`."""
        seed_domains()
        seed_people()
        User.objects.filter(email=READER.email).update(is_simulated=True)
        pool = self._import()
        self.watch.lap("import")
        codes = evaluated_classes(pool)
        size = size_for(self.preset, classes=len(codes), is_phantom=pool.is_phantom)
        walk = Loopwalk(open_admin(self.address), pool, size, self.tell)
        early, late = walk.train()
        self.watch.lap("train")
        budget = len(codes) * (size.shown + size.turing)
        loop = walk.start_loop(late, budget)
        reports, difference, recognised = [], {}, 0.0
        for number in range(1, self.rounds + 1):
            run = walk.turn(loop, number)
            arms = {"real": pool, "late": run.pool}
            if number == 1:
                drawn = dict.fromkeys(codes, size.shown)
                arms["early"] = walk.draw_early(early, drawn).pool
            self.watch.lap("generate")
            study = self._study(walk, number, arms, codes, size)
            self.watch.lap("study")
            self._read(walk, study, pool, late)
            self.watch.lap("read")
            walk.close(study)
            walk.attach(loop, number, study)
            snapshot = Snapshot.objects.filter(study=study).latest("at")
            if number == 1:
                difference = difference_report(snapshot)
            self.watch.lap("results")
            plan = self._plan(walk, loop, number)
            reports.append(round_report(number, snapshot, plan))
            self.watch.lap("plan")
            if number == 1:
                recognised = recognised_share(pool, run)
                self.watch.lap("recognise")
        return {
            "rounds": reports,
            "difference": difference,
            "recognised": recognised,
            "seconds": self.watch.seconds,
        }

    def _import(self) -> Pool:
        if self.data is None:
            return seed_phantoms(self.domain, self._count("phantoms"))
        name = f"Real: {self.data.name}"
        options = {"map": self.layout_map} if self.layout_map else {}
        call_command(
            "import_images",
            str(self.data),
            domain=self.domain,
            pool=name,
            stdout=sys.stderr,
            **options,
        )
        return Pool.objects.get(domain__code=self.domain, name=name)

    def _study(
        self,
        walk: Loopwalk,
        number: int,
        arms: dict[str, Pool],
        codes: list[str],
        size: DemoSize,
    ) -> Study:
        cells = (
            first_round_cells(arms, codes, size)
            if number == 1
            else later_round_cells(arms["late"], codes, size)
        )
        study = walk.build_study(f"Demo round {number}", arms, cells, seed=2026 + number)
        self.visitor = seat_people(walk, study)
        walk.prepare(study)
        return study

    def _read(self, walk: Loopwalk, study: Study, pool: Pool, late: Checkpoint) -> None:
        walk.activate(study)
        rng = np.random.default_rng([2026, study.pk])
        reader: StandIn = (
            PhantomReader(self.domain, float(late.config["crop"]), rng)
            if pool.is_phantom
            else neighbour_reader(pool, late, rng)
        )
        names = {one.name: one.code for one in pool.domain.classes.all()}
        read_study(self.visitor, study.slug, reader, codes=names, report=self._count("answers"))
        self.visitor.close()

    def _plan(self, walk: Loopwalk, loop: Loop, number: int) -> Any:
        """Return the plan that follows a round: proposed from its readings."""
        return walk.propose(loop, number + 1)

    def _count(self, what: str) -> Any:
        return lambda done, total: self.tell(f"{what}: {done} of {total}")


def check_data(data: Path | None) -> None:
    """Raise DemoFailed for a folder of images that is not there."""
    if data is not None and not data.is_dir():
        raise DemoFailed(f"--data {data} is no folder. Give a folder of images by class.")
