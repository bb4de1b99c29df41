"""Studies made by the real services: pools with pixels, an editor, arms, parts, draws."""

import zlib
from typing import Any

from review.accounts.models import User
from review.catalog.containers.profile import IntakeProfile
from review.catalog.models import Domain, ImageClass, Pool
from review.catalog.services.intake import Provenance, intake_pixels
from review.studies import services
from review.studies.models import Membership, Part, Study
from tests.worlds.domains import make_domain
from tests.worlds.pixels import draw_cell

PASSWORD = "quiet-tall-lighthouse"
CLASSES = ("BAS", "EOS", "LYT", "MON")


def make_user(name: str, **fields: Any) -> User:
    """Return a user whose address starts with `name`."""
    return User.objects.create_user(f"{name}@example.org", PASSWORD, name=name.title(), **fields)


def make_pool(
    name: str,
    source: str = "real",
    per_class: int = 4,
    *,
    domain: Domain | None = None,
    **fields: Any,
) -> Pool:
    """Return a complete pool with `per_class` cells of each of CLASSES, 24 px."""
    classes = fields.pop("classes", CLASSES)
    domain = domain or make_domain()
    pool = Pool.objects.create(domain=domain, name=name, source=source, state="complete", **fields)
    for image_class in ImageClass.objects.filter(domain=domain, code__in=classes):
        for index in range(per_class):
            add_image(pool, image_class, index)
    return pool


def add_image(pool: Pool, image_class: ImageClass, index: int, **facts: Any) -> Any:
    """Add one cell to a pool; the picture differs by pool, class and index."""
    pixels = draw_cell(hash_seed(pool.name, image_class.code, index), 24)
    return intake_pixels(
        pool=pool,
        source_key=f"{image_class.code}-{index}",
        image_class=image_class,
        pixels=pixels,
        provenance=Provenance(**facts),
        intake_profile=IntakeProfile.of_array(pixels),
    )


def hash_seed(*names: object) -> int:
    """Return a seed that is the same in every process."""
    return zlib.crc32("|".join(map(str, names)).encode())


def make_draft(editor: User, *, per_class: int = 2, real: int = 2, pool_size: int = 6) -> Study:
    """Return a draft with arms real, early and late, a plausibility and a turing part."""
    study = services.create_study(actor=editor, title="Marrow cells", domain=make_domain())
    for code, source in (("real", "real"), ("early", "synthetic"), ("late", "synthetic")):
        pool = make_pool(f"{study.slug} {code}", source, pool_size)
        services.add_arm(actor=editor, study=study, pool=pool, code=code)
    plausibility = services.add_part(actor=editor, study=study, kind=Part.Kind.PLAUSIBILITY)
    turing = services.add_part(actor=editor, study=study, kind=Part.Kind.TURING)
    sizes = {"real": real, "early": per_class, "late": per_class}
    counts = {(arm, name): n for arm, n in sizes.items() for name in CLASSES}
    services.set_draws(actor=editor, part=plausibility, counts=counts)
    ones = {(arm, name): 1 for arm in ("real", "late") for name in CLASSES}
    services.set_draws(actor=editor, part=turing, counts=ones)
    return study


def add_reader(editor: User, study: Study, name: str = "reader") -> Membership:
    """Seat a consented reader."""
    seat = services.add_member(actor=editor, study=study, user=make_user(name))
    return services.consent(seat)


def make_active(editor: User, readers: int = 1, **sizes: int) -> Study:
    """Return an active study with consented readers."""
    study = make_draft(editor, **sizes)
    for number in range(1, readers + 1):
        add_reader(editor, study, f"reader{number}")
    study = prepare(editor, study)
    return services.activate_study(actor=editor, study=study)


def prepare(editor: User, study: Study) -> Study:
    """Prepare at once; the two kinds of test cells differ, so cues may need the override."""
    study = services.prepare_now(actor=editor, study=study)
    if study.prepare_stage == Study.Stage.BLOCKED:
        reason = "The test cells differ on purpose; this is expected."
        study = services.override_audit(actor=editor, study=study, reason=reason)
    return study
