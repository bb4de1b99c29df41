"""Ids of another study in a body, a query or below the own study's address reach nothing."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from review.accounts.models import User
from review.audit.models import AuditEvent
from review.catalog.models import Criterion
from review.readings.models import Reading
from review.studies import services
from review.studies.models import Assignment, Invitation, Membership, Study
from review.studies.services.criteria import fork_criteria
from tests.review.reader.browsing import answer_for, open_screen, post, signed_in
from tests.worlds.building import make_draft, make_pool, make_user
from tests.worlds.domains import make_domain
from tests.worlds.study import World, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def worlds() -> tuple[World, World]:
    """The own study and another one, both running, each with one reader."""
    return make_study(slug="mine"), make_study(slug="theirs")


def test_a_reader_answers_no_case_of_another_study(worlds: tuple[World, World]) -> None:
    mine, theirs = worlds
    client = signed_in(mine)
    body = answer_for(open_screen(client, mine)["cases"][0])

    foreign = body | {"assignment": str(theirs.assignments()[0].public_id), "key": str(uuid4())}

    assert post(client, mine, foreign).status_code == 404
    assert not Reading.objects.exists()
    assert post(client, mine, body).status_code == 200


def test_a_session_in_the_query_is_a_name_and_opens_nothing(worlds: tuple[World, World]) -> None:
    mine, theirs = worlds
    client = signed_in(mine)
    name = open_screen(signed_in(theirs), theirs)["session"]

    news = client.get(reverse("reader:next", args=[mine.study.slug]), {"session": name}).json()

    own = {str(one.public_id) for one in mine.assignments()}
    assert {case["assignment"] for case in news["cases"]} <= own
    assert client.get(reverse("reader:next", args=[theirs.study.slug])).status_code == 404


@pytest.fixture
def drafts() -> tuple[Client, Study, Study]:
    """An editor's client, the editor's draft, and one of others."""
    boss, user = make_user("boss", is_staff=True), make_user("editor")
    mine, theirs = make_draft(boss), make_draft(boss)
    services.add_member(actor=boss, study=mine, user=user, role="editor")
    client = Client()
    client.force_login(user)
    return client, mine, theirs


@pytest.mark.parametrize("edits_both", [False, True])
def test_rows_of_another_study_do_not_hang_below_ones_own(
    drafts: tuple[Client, Study, Study], edits_both: bool
) -> None:
    client, mine, theirs = drafts
    boss = User.objects.get(email="boss@example.org")
    if edits_both:
        client.force_login(boss)
    invitation, _ = services.invite(actor=boss, study=theirs, email="x@example.org")
    reader = services.add_member(actor=boss, study=theirs, user=make_user("reader"))
    services.add_arm(actor=boss, study=theirs, pool=make_pool("theirs only"), code="extra")
    own = fork_criteria(actor=boss, study=theirs)
    Criterion.objects.filter(criterion_set=own, order=0).update(code="theirs")
    before = AuditEvent.objects.count()
    wanted: list[tuple[str, list[Any], dict[str, str]]] = [
        ("revoke", [invitation.pk], {}),
        ("withdraw", [reader.code], {"keep_data": "1"}),
        ("remove_arm", ["extra"], {}),
        ("criterion", ["theirs"], {"label": "x", "help": "x"}),
        ("part", [theirs.parts.count() + 7], {"remove": "1"}),
    ]
    for name, ids, sent in wanted:
        answer = client.post(reverse(f"studies:{name}", args=[mine.slug, *ids]), sent)
        assert answer.status_code == 404, name
    assert AuditEvent.objects.count() == before
    assert Invitation.objects.get(pk=invitation.pk).revoked_at is None
    assert Membership.objects.get(pk=reader.pk).withdrawn_at is None


def test_pools_of_another_domain_and_unknown_ids_become_no_arm(
    drafts: tuple[Client, Study, Study],
) -> None:
    client, mine, _ = drafts
    films = make_pool("films", domain=make_domain("chest_xray"), classes=())
    for pool in (films.uuid, uuid4(), "1", ""):
        sent = {"pool": str(pool), "code": "new"}
        answer = client.post(reverse("studies:add_arm", args=[mine.slug]), sent)
        assert answer.status_code == 422, pool
    assert not mine.arms.filter(code="new").exists()
    assert not Assignment.objects.exists()
