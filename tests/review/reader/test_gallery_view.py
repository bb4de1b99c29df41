"""The gallery over the wire: for who reads the part now, and for nobody beside a turing part."""

import pytest
from django.db import connection
from django.test import Client

from review.catalog.storage import read_bytes
from review.studies.models import GalleryImage, Part, Session, Study
from tests.review.reader.browsing import answer_for, open_screen, post, signed_in
from tests.review.reader.test_image_view import FIXED
from tests.review.readings.answers import submit
from tests.worlds.beside import add_gallery
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def world():
    world = make_study(readers=2, plans=[PartPlan(), PartPlan("turing", per_cell=1)])
    add_gallery(world)
    return world


def _gallery_url(assignment) -> str:
    return f"/read/i/{assignment.public_id}/gallery"


def _listed(client, assignment) -> list[dict]:
    return client.get(_gallery_url(assignment)).json()["classes"]


def test_the_asked_class_alone_is_listed_with_bytes_like_those_of_a_case(world):
    client, first = signed_in(world), world.assignments()[0]
    client.get("/read/")

    [found] = _listed(client, first)

    asked = first.case.intended_class
    assert (found["name"], len(found["images"])) == (asked.name, 3)
    for image in found["images"]:
        answer = client.get(image["url"], HTTP_ACCEPT_ENCODING="gzip, br")
        headers = dict(answer.headers)
        assert (headers.pop("Content-Length"), headers.pop("Vary")) == ("12420", "Cookie")
        assert headers == FIXED
        row = GalleryImage.objects.get(public_id=image["url"].rsplit("/", 1)[1])
        assert row.image_class_id == asked.pk
        assert answer.content == read_bytes(row.storage_key)


def test_the_screen_says_whether_there_is_one(world):
    assert open_screen(signed_in(world), world)["gallery"] is True
    Part.objects.update(gallery=False)
    assert open_screen(signed_in(world), world)["gallery"] is False
    assert signed_in(world).get(_gallery_url(world.assignments()[0])).status_code == 404


def test_a_class_without_references_is_listed_empty(world):
    first = world.assignments()[0]
    GalleryImage.objects.filter(image_class=first.case.intended_class).delete()

    assert _listed(signed_in(world), first) == [
        {"name": first.case.intended_class.name, "images": []}
    ]


def test_others_find_neither_list_nor_image(world):
    first, image = world.assignments()[0], GalleryImage.objects.all()[0]
    other = signed_in(world, reader=1)

    assert other.get(_gallery_url(first)).status_code == 404
    assert Client().get(_gallery_url(first)).status_code == 404
    assert Client().get(f"/read/g/{image.public_id}").status_code == 404
    assert signed_in(make_study(slug="else")).get(f"/read/g/{image.public_id}").status_code == 404


@pytest.mark.parametrize(
    "shut",
    [
        lambda w: Study.objects.update(state="closed", closed_at=w.study.activated_at),
        lambda w: w.study.memberships.update(state="withdrawn", withdrawn_at=w.study.activated_at),
        lambda w: w.study.memberships.update(role="editor"),
        lambda w: w.study.memberships.update(
            state="invited", consent_version=None, consented_at=None
        ),
        lambda w: Study.objects.update(consent_version=2),
        lambda w: Session.objects.update(started_at=None),
        lambda w: Session.objects.update(finished_at=w.study.activated_at),
        lambda w: Session.objects.update(not_before="2100-01-01T00:00Z"),
        lambda w: Part.objects.update(gallery=False),
    ],
)
def test_an_image_is_served_while_its_part_is_read_and_not_otherwise(world, shut):
    client, image = signed_in(world), GalleryImage.objects.all()[0]
    assert client.get(f"/read/g/{image.public_id}").status_code == 200
    shut(world)

    assert client.get(f"/read/g/{image.public_id}").status_code == 404


def test_beside_a_turing_part_there_is_none_whatever_the_rows_say(world):
    for case in world.assignments():
        submit(case)
    GalleryImage.objects.update(part=world.parts[1])
    with connection.cursor() as cursor:  # past the constraint, as a broken row would be
        cursor.execute("UPDATE studies_part SET gallery = (kind <> 'turing')")
    client, image = signed_in(world), GalleryImage.objects.all()[0]

    assert open_screen(client, world)["gallery"] is False
    assert client.get(_gallery_url(world.assignments(part=1)[0])).status_code == 404
    assert client.get(f"/read/g/{image.public_id}").status_code == 404


def test_a_class_that_is_not_shown_is_not_told_by_its_references(world):
    Part.objects.update(show_intended_class=False)

    assert open_screen(signed_in(world), world)["gallery"] is False
    assert signed_in(world).get(_gallery_url(world.assignments()[0])).status_code == 404


def test_identify_shows_all_classes_or_none():
    world = make_study(plans=[PartPlan("identify", per_cell=1)])
    client, first = signed_in(world), world.assignments()[0]
    assert client.get(_gallery_url(first)).status_code == 404

    add_gallery(world)

    assert sorted(len(one["images"]) for one in _listed(client, first))[-2:] == [3, 3]
    lists = [_listed(client, assignment) for assignment in world.assignments()[:4]]
    assert all(one == lists[0] for one in lists)


def test_identify_does_not_tell_which_classes_occur_by_leaving_the_others_out():
    world = make_study(plans=[PartPlan("identify", per_cell=1)])
    add_gallery(world)
    client, first = signed_in(world), world.assignments()[0]
    GalleryImage.objects.filter(image_class=first.case.intended_class).delete()
    evaluated = world.study.domain.classes.filter(role="evaluated").order_by("order")

    assert [one["name"] for one in _listed(client, first)] == [c.name for c in evaluated]


def test_how_often_and_how_long_it_was_open_is_stored(world):
    client = signed_in(world)
    body = answer_for(open_screen(client, world)["cases"][0])
    body["context"] |= {"gallery_opens": 2, "gallery_ms": 5400, "outline_opens": True, "x": 1}

    post(client, world, body)

    reading = world.assignments()[0].readings.get()
    assert reading.context["gallery_opens"] == 2
    assert reading.context["gallery_ms"] == 5400
    assert not {"x", "outline_opens"} & set(reading.context)
