import hashlib

import pytest
from django.test import Client

from review.readings.services import submit_reading
from review.studies.models import Assignment, Membership, Rendition, Study
from tests.review.reader.browsing import signed_in
from tests.review.readings.answers import plausible_answer, submit
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]
FIXED = {
    "Cache-Control": "private, no-store, no-transform",
    "Content-Encoding": "identity",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Type": "image/png",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@pytest.fixture
def world():
    return make_study(readers=2)


def _url(assignment) -> str:
    return f"/read/i/{assignment.public_id}"


def test_every_image_of_a_part_has_one_length_and_one_set_of_headers(world):
    client, seen = signed_in(world), set()
    client.get("/read/")  # the session's refresh is not part of an image

    for assignment in world.assignments():
        answer = client.get(_url(assignment), HTTP_ACCEPT_ENCODING="gzip, br")
        headers = dict(answer.headers)
        seen.add((headers.pop("Content-Length"), headers.pop("Vary", "")))
        assert headers == FIXED
        assert len(answer.content) == 12420
        submit(assignment)

    assert seen == {("12420", "Cookie")}


def test_the_bytes_are_the_rendition(world):
    first = world.assignments()[0]

    answer = signed_in(world).get(_url(first))

    sha256 = Rendition.objects.get(case=first.case_id).sha256
    assert hashlib.sha256(answer.content).hexdigest() == sha256


def test_films_travel_raw():
    world = make_study(slug="films", domain="chest_xray", classes=("Mass",), size=32)

    answer = signed_in(world).get(_url(world.assignments()[0]))

    assert answer["Content-Type"] == "application/octet-stream"
    assert (answer.content[:4], len(answer.content)) == (b"SMBF", 16 + 2 * 32 * 32)


def test_nobody_else_gets_an_image(world):
    first = world.assignments()[0]

    assert signed_in(world, reader=1).get(_url(first)).status_code == 404
    assert Client().get(_url(first)).status_code == 404
    assert Client().get("/read/i/00000000-0000-4000-8000-000000000000").status_code == 404


def test_only_the_next_three_and_the_last_five_are_served(world):
    client, cases = signed_in(world), world.assignments()
    codes = [client.get(_url(case)).status_code for case in cases]
    assert codes == [200] * 4 + [404] * 8

    for case in cases[:7]:
        submit(case)

    codes = [client.get(_url(case)).status_code for case in cases]
    assert codes == [404] * 2 + [200] * 9 + [404]


def test_a_part_that_is_not_open_shows_nothing():
    world = make_study(plans=[PartPlan(), PartPlan("turing")])

    assert signed_in(world).get(_url(world.assignments(part=1)[0])).status_code == 404


@pytest.mark.parametrize(
    "shut",
    [
        lambda w: Study.objects.update(state="closed", closed_at=w.study.activated_at),
        lambda w: Membership.objects.update(state="withdrawn", withdrawn_at=w.study.activated_at),
        lambda w: Membership.objects.update(role="editor"),
        lambda w: Membership.objects.update(
            state="invited", consent_version=None, consented_at=None
        ),
        lambda w: Study.objects.update(consent_version=2),
        lambda w: Assignment.objects.update(state="void"),
    ],
)
def test_closed_withdrawn_unconsented_and_void_show_nothing(world, shut):
    first = world.assignments()[0]
    shut(world)

    assert signed_in(world).get(_url(first)).status_code == 404


def test_a_simulated_submit_moves_the_window(world):
    first, *_, fifth = world.assignments()[:5]
    client = signed_in(world)
    assert client.get(_url(fifth)).status_code == 404

    submit_reading(
        assignment_pk=first.pk,
        answer=plausible_answer(first),
        key=first.public_id,
        base_revision=0,
    )

    assert client.get(_url(fifth)).status_code == 200
