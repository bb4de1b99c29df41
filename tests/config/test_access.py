"""Every address x everybody who has no business there: generated from the URL configuration.

A new address fails here until it is named in one of the tables, so nobody forgets to think of it.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse

from review.accounts.models import User
from review.results.models import Snapshot
from review.studies.models import Assignment, Membership, Study
from tests.worlds.results import unblinded
from tests.worlds.runs import make_shard

pytestmark = [pytest.mark.database, pytest.mark.django_db]

# Addresses for everybody, or for everybody who has signed in; they show a person's own things only.
OPEN = {"account_signup", "studies:join", "api:schema"}
OWN = {
    "home",
    "studies:list",
    "reader:worklist",
    "adjudication:queue",
    "results:list",
    "results:planner",
    "results:tokens",
    "results:revoke_token",
    "api:studies",
    "loops:list",
}
CREATES_STUDIES = {"studies:new"}
ADMIN_ROOMS = ("catalog:", "training:", "runs:", "quality:", "loops:")
STUDY_ROOMS = ("studies:", "reader:", "adjudication:", "results:", "api:", "provenance:")


def addresses() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (name, names of its arguments) of every address but allauth's own."""

    def walk(patterns: Any, space: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        for one in patterns:
            if hasattr(one, "url_patterns"):
                inner = f"{space}{one.namespace}:" if one.namespace else space
                yield from walk(one.url_patterns, inner)
            else:
                yield f"{space}{one.name}", tuple(one.pattern.converters)

    for name, arguments in walk(get_resolver().url_patterns, ""):
        if not name.startswith(("account_", "mfa_")) or name in OPEN:
            yield name, arguments


FOREIGN = [
    (name, arguments)
    for name, arguments in addresses()
    if name not in OPEN | OWN | CREATES_STUDIES and name.startswith(ADMIN_ROOMS + STUDY_ROOMS)
]


@pytest.fixture
def world(tmp_path: Any) -> dict[str, Any]:
    """A study with results that belongs to others, and the ids of everything in it."""
    snapshot = _snapshot()
    study = snapshot.study
    shard = make_shard()
    assignment = Assignment.objects.filter(case__part__study=study).first()
    assert assignment is not None
    ids = {"slug": study.slug, "public_id": assignment.public_id, "code": "real", "key": "flow"}
    numbers = {"pk": 1, "plan_pk": 1, "cell_pk": 1, "number": 1, "order": 1}
    rows = {"snapshot": snapshot.uuid, "run": shard.run.uuid, "pool": shard.run.pool.uuid}
    words = {"name": "readings.csv", "verb": "close", "token": "x", "case": assignment.case.code}
    return {**ids, **numbers, **rows, **words}


def _snapshot() -> Snapshot:
    made = unblinded()
    return made if isinstance(made, Snapshot) else Snapshot.objects.latest("pk")


def path_of(name: str, arguments: tuple[str, ...], world: dict[str, Any]) -> str:
    values = {key: world.get(key, uuid4()) for key in arguments}
    if "uuid" in values:
        kind = "snapshot" if name.startswith("api:") else "run"
        values["uuid"] = world["pool" if name.startswith("catalog:") else kind]
    return reverse(name, kwargs=values)


def person(role: str) -> Client:
    """Return somebody of another study: its reader or its editor."""
    user = User.objects.create_user(f"other.{role}@example.org", "x")
    first = Study.objects.first()
    assert first is not None
    shared = {"domain": first.domain, "criterion_set": first.criterion_set}
    other = Study.objects.create(title="Other", slug=f"other-{role}", **shared)
    Membership.objects.create(study=other, user=user, role=role, code="X01")
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", ["reader", "editor"])
def test_strangers_find_nothing(world: dict[str, Any], role: str) -> None:
    client = person(role)
    leaks = []
    for name, arguments in FOREIGN:
        path = path_of(name, arguments, world)
        for method in ("get", "post"):
            answer = getattr(client, method)(path)
            if answer.status_code not in {404, 405} and not _asks_who_it_is(answer):
                leaks.append(f"{method} {name} -> {answer.status_code}")
    assert leaks == []


def _asks_who_it_is(answer: HttpResponse) -> bool:
    """The same for an address that does not exist: nothing is said about the study."""
    return answer.get("Location", "").startswith("/accounts/reauthenticate/")


def test_the_unknown_are_sent_to_sign_in_or_refused(world: dict[str, Any]) -> None:
    client = Client()
    leaks = []
    for name, arguments in addresses():
        if name in OPEN:
            continue
        path = path_of(name, arguments, world)
        for method in ("get", "post"):
            answer = getattr(client, method)(path)
            if not _is_refused(answer):
                leaks.append(f"{method} {name} -> {answer.status_code}")
    assert leaks == []


def _is_refused(answer: HttpResponse) -> bool:
    if answer.status_code == 302:
        return answer["Location"].startswith("/accounts/login/")
    return answer.status_code in {401, 403, 404, 405}


def test_every_address_is_thought_of() -> None:
    known = OPEN | OWN | CREATES_STUDIES | {name for name, _ in FOREIGN}
    assert {name for name, _ in addresses()} - known == set()


def test_a_reader_sees_no_editors_page_of_the_own_study(world: dict[str, Any]) -> None:
    reader = Membership.objects.get(study__slug=world["slug"], code="R01").user
    client = Client()
    client.force_login(reader)
    mine = {"studies:leave"}
    leaks = []
    for name, arguments in FOREIGN:
        if name in mine or name.startswith("reader:"):
            continue
        status = client.get(path_of(name, arguments, world)).status_code
        if status not in {404, 405}:
            leaks.append(f"{name} -> {status}")
    assert leaks == []
