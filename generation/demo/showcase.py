"""The demo in a browser: everything up to a study that waits for its reader."""

from dataclasses import dataclass

from generation.demo.plan import size_for
from generation.demo.seed import PEOPLE, seed_domains, seed_people, seed_phantoms
from generation.demo.stations import (
    Loopwalk,
    Tell,
    evaluated_classes,
    first_round_cells,
    open_admin,
    seat_people,
)
from review.studies.models import Study

CELLS = "bone_marrow"
OTHERS = ("dermatology", "chest_xray")
TITLE = "Demo: bone marrow cells, round 1"


@dataclass
class Showcase:
    """Build the demo study once; every station goes on where an earlier start stopped."""

    address: str
    tell: Tell
    preset: str = "demo"

    @staticmethod
    def is_ready() -> bool:
        """Say whether the study is there and open, or beyond."""
        return Study.objects.filter(title=TITLE, activated_at__isnull=False).exists()

    def build(self) -> Study:
        """Import, train, draw, build the study, seat its people, open it."""
        seed_domains()
        seed_people()
        for domain in (CELLS, *OTHERS):
            pool = seed_phantoms(domain, lambda a, b: self.tell(f"phantoms: {a} of {b}"))
            if domain == CELLS:
                cells = pool
        codes = evaluated_classes(cells)
        size = size_for(self.preset, classes=len(codes), is_phantom=True)
        walk = Loopwalk(open_admin(self.address), cells, size, self.tell)
        early, late = walk.train()
        loop = walk.start_loop(late, len(codes) * (size.shown + size.turing))
        arms = {"real": cells, "late": walk.turn(loop, 1).pool}
        arms["early"] = walk.draw_early(early, dict.fromkeys(codes, size.shown)).pool
        study = walk.build_study(TITLE, arms, first_round_cells(arms, codes, size), seed=2026)
        seat_people(walk, study).close()
        walk.prepare(study)
        walk.activate(study)
        walk.attach(loop, 1, study)
        study.refresh_from_db()
        return study


def welcome(address: str) -> str:
    """Return what the terminal says when the demo is ready."""
    rows = [f"    {person.email:<28} {person.password:<20} {person.name}" for person in PEOPLE]
    return "\n".join(
        [
            "",
            f"  Semblance is ready at {address}",
            "",
            *rows,
            "",
            "  Sign in as the reader to judge images. Everything here is a procedural phantom,",
            "  not patient data. Ctrl-C stops all processes; the next start is immediate.",
            "",
        ]
    )
