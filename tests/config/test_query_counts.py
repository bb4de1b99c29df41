"""Every page costs the same number of queries for a small and for a large site.

Generated from the URL configuration like test_access: whoever adds a page is measured here.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from generation.feedback.models import Loop
from generation.runs.services import launch_run
from generation.training.services import start_training
from review.accounts.models import User
from review.catalog.models import ImportJob, Pool
from review.results.views import SECTIONS
from review.studies import services
from review.studies.models import Assignment, Membership, Study
from tests.config.test_access import addresses
from tests.generation.feedback.worlds import CLASSES, make_judged_loop
from tests.generation.quality.worlds import fill, measured, remember_training
from tests.worlds.building import add_reader, make_draft, prepare
from tests.worlds.results import answer_by_rule, give, seat
from tests.worlds.study import PartPlan, World, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]
PARTS = (PartPlan("plausibility", 1), PartPlan("turing", 1))
COMPUTED = ("results:section", "results:down", "results:cases", "api:", "provenance:")
Page = tuple[str, str, str]  # who, the address's name, the study's state or other variant


@dataclass(frozen=True)
class Scale:
    """How large a site is: cases per class and arm, readers, and rows of everything else."""

    tag: str
    per_cell: int
    readers: int
    others: int


SMALL, LARGE = Scale("small", 4, 2, 2), Scale("large", 20, 4, 10)  # 24 x 2, 120 x 4 readings


@dataclass(frozen=True)
class Site:
    """What a scale was built into: who asks, and what stands in the addresses."""

    people: dict[str, User]
    studies: dict[str, Study]
    ids: dict[str, Any]


def build(scale: Scale) -> Site:
    judged = make_judged_loop(
        per_cell=scale.per_cell, readers=scale.readers, slug=f"judged-{scale.tag}", size=8
    )
    admin, loop = judged.admin, judged.loop
    Loop.objects.filter(pk=loop.pk).update(name=f"Cells {scale.tag}")
    active = _active(scale)
    drafts = [make_draft(admin, pool_size=4 + scale.others) for _ in range(2)]
    for number in range(scale.readers):
        add_reader(admin, drafts[1], f"{scale.tag}.p{number}")
    studies = {
        "draft": drafts[0],
        "prepared": prepare(admin, drafts[1]),
        "active": active.study,
        "unblinded": judged.closed.study,
    }
    counts = dict.fromkeys(CLASSES, 8 * scale.others)
    runs = [
        launch_run(actor=admin, checkpoint=loop.checkpoint, counts=counts, seed=n)
        for n in range(scale.others)
    ]
    pool = Pool.objects.filter(arms__study=drafts[0], source="real").get()
    jobs = [
        start_training(actor=admin, family="cfg_ddpm", preset="tiny", pool=pool, seed=n)
        for n in range(scale.others)
    ]
    remember_training(loop.checkpoint, pool)
    fill(runs[0], ())
    measurement = [measured(runs[0], extractor="untrained") for _ in range(scale.others)][-1]
    for number in range(scale.others):
        ImportJob.objects.create(pool=pool, requested_by=admin)
        for study in studies.values():
            if study.state in {"draft", "active"}:
                email = f"{scale.tag}{number}@example.org"
                services.invite(actor=admin, study=study, email=email)
    asset = pool.images.first()
    assert asset is not None
    assert judged.snapshot is not None
    ids = {
        "loops": {"pk": loop.pk},
        "runs": {"uuid": runs[0].uuid},
        "quality": {"uuid": runs[0].uuid, "pk": measurement.pk, "number": 0},
        "training": {"uuid": jobs[0].uuid},
        "catalog": {"uuid": pool.uuid, "pk": pool.imports.first().pk, "code": "bone_marrow"},
        "catalog:thumbnail": {"uuid": asset.uuid},
        "api": {"uuid": judged.snapshot.uuid},
    }
    people = {"admin": admin, "reader": active.readers[0]}
    people["editor"] = seat(active.study, "editor", f"{scale.tag}.editor@example.org")
    for study in studies.values():
        if study.pk != active.study.pk:
            Membership.objects.create(study=study, user=people["editor"], code="X9", role="editor")
    people["analyst"] = seat(judged.closed.study, "analyst", f"{scale.tag}.analyst@example.org")
    people["adjudicator"] = seat(active.study, "adjudicator", f"{scale.tag}.adj@example.org")
    ids["case"] = (
        Assignment.objects.filter(session__membership__user=people["reader"], state="queued")
        .order_by("rank")[0]
        .public_id
    )
    return Site(people, studies, ids)


def _active(scale: Scale) -> World:
    plans = [PartPlan(plan.kind, scale.per_cell) for plan in PARTS]
    world = make_study(slug=f"active-{scale.tag}", plans=plans, readers=scale.readers, size=8)
    for sessions in world.sessions:
        rows = sessions[0].assignments.select_related("case__arm", "session__part")
        for index, one in enumerate(rows.order_by("rank")[: scale.per_cell * 3]):
            given = answer_by_rule(one, index)
            if given is not None:
                give(one, given)
    return world


def pages(site: Site) -> list[tuple[str, str, str]]:
    """Return (name, variant, path) of everything that can be asked for with GET."""
    found = []
    for name, arguments in addresses():
        space = name.partition(":")[0]
        known = {**site.ids.get(space, {}), **site.ids.get(name, {}), "order": 1}
        known |= {"public_id": site.ids["case"], "name": "readings.csv", "key": "plausibility"}
        known |= {"case": "C0001"}
        states = list(site.studies) if "slug" in arguments else [""]
        if states != [""] and space in {"results", "api", "provenance"}:
            states = ["active", "unblinded"]  # a page before unblinding, a page after it
        for state in states:
            sections = list(SECTIONS) if state == "unblinded" else ["flow"]
            for key in sections if name == "results:section" else [""]:
                values = known | ({"slug": site.studies[state].slug} if state else {})
                values |= {"key": key} if key else {}
                if set(arguments) <= set(values):
                    path = reverse(name, kwargs={one: values[one] for one in arguments})
                    found.append((name, f"{state} {key}".strip(), path))
    return found


def measure(site: Site) -> dict[Page, int]:
    """Return the queries of every page that answers with content.

    Results are asked for twice: the first look at a snapshot computes its report and keeps it.
    """
    costs = {}
    for role, user in site.people.items():
        client = Client()
        client.force_login(user)
        client.get("/")  # the first request of a session writes it
        for name, variant, path in pages(site):
            if role == "admin" and name.startswith(COMPUTED):
                client.get(path)
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(path)
            if answer.status_code == 200:
                costs[role, name, variant] = len(queries)
    return costs


def test_no_page_costs_more_queries_on_a_large_site(
    tmp_path: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review.catalog.storage.os.fsync", lambda descriptor: None)
    place = {"location": str(tmp_path / "media"), "base_url": None}
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": place}
    settings.STORAGES = settings.STORAGES | {"default": local}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    small = measure(build(SMALL))
    large = measure(build(LARGE))

    assert set(large) == set(small)
    grown = {page: (small[page], large[page]) for page in small if large[page] > small[page]}
    assert grown == {}
    rooms = {name.partition(":")[0] for _, name, _ in small}
    assert rooms >= {
        "studies", "reader", "results", "api", "catalog", "runs", "training", "loops", "provenance",
        "quality",
    }  # fmt: skip
    assert len(small) > 80
    assert max(small.values()) < 40
