"""What a demo starts from: domains, three people, and pools of phantoms."""

from collections.abc import Callable
from dataclasses import dataclass

from generation.demo.phantoms import LABEL, Phantom, draw_phantoms
from review.accounts.models import User
from review.catalog.containers.profile import IntakeProfile
from review.catalog.models import Domain, ImageClass, Pool
from review.catalog.pixels import pixel_sha256
from review.catalog.services.domains import load_domains
from review.catalog.services.intake import Provenance, intake_pixels

PER_CLASS = {"bone_marrow": 120, "dermatology": 40, "chest_xray": 40}
SEED = 2026


@dataclass(frozen=True)
class Person:
    """A login of the demo. The password is public: the demo listens on this machine only."""

    email: str
    name: str
    password: str
    is_staff: bool = False


ADMIN = Person("admin@semblance.demo", "Ada (admin)", "demo-admin-2026", is_staff=True)
RESEARCHER = Person("researcher@semblance.demo", "Rosa (researcher)", "demo-research-2026")
READER = Person("reader@semblance.demo", "Rune (reader)", "demo-reader-2026")
PEOPLE = (ADMIN, RESEARCHER, READER)


def seed_people() -> None:
    """Make the three logins, or leave them as they are."""
    for person in PEOPLE:
        if not User.objects.filter(email=person.email).exists():
            User.objects.create_user(
                person.email, person.password, name=person.name, is_staff=person.is_staff
            )


def seed_phantoms(domain: str, report: Callable[[int, int], None], per_class: int = 0) -> Pool:
    """Draw and take in the phantom pool of a domain; safe to repeat after a kill."""
    row = Domain.objects.get(code=domain)
    origin = {"importer": "phantoms", "note": LABEL, "licence": "drawn by code", "seed": SEED}
    pool, _ = Pool.objects.get_or_create(
        domain=row,
        name=f"Phantoms: {row.name}",
        defaults={"source": Pool.Source.REAL, "is_phantom": True, "origin": origin},
    )
    if pool.state == Pool.State.COMPLETE:
        return pool
    classes = {one.code: one for one in row.classes.all()}
    phantoms = list(draw_phantoms(domain, per_class=per_class or PER_CLASS[domain], seed=SEED))
    for done, phantom in enumerate(phantoms, 1):
        _take_in(pool, classes[phantom.code], phantom)
        report(done, len(phantoms))
    pool.state = Pool.State.COMPLETE
    pool.save(update_fields=["state"])
    return pool


def _take_in(pool: Pool, image_class: ImageClass, phantom: Phantom) -> None:
    intake_pixels(
        pool=pool,
        source_key=pixel_sha256(phantom.pixels),
        image_class=image_class,
        pixels=phantom.pixels,
        provenance=Provenance(cluster_key=f"phantom-{phantom.seed}"),
        intake_profile=IntakeProfile.of_array(phantom.pixels),
    )


def seed_domains() -> None:
    """Load the domain files that ship."""
    load_domains()
