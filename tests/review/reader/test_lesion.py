"""Lesion parts: the outline, and the point where the defect is."""

import pytest

from review.readings.models import Reading
from review.studies.models import Part, Rendition
from tests.review.reader.browsing import answer_for, open_screen, post, signed_in
from tests.review.reader.test_image_view import FIXED
from tests.worlds.beside import add_outlines
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def _world(**fields):
    plans = [PartPlan("lesion", per_cell=1, fields=fields)]
    return make_study(domain="dermatology", classes=("mel", "nv"), plans=plans)


@pytest.fixture
def world():
    return _world()


def _failing(case: dict, **answer) -> dict:
    body = answer_for(case)
    body["answer"] = {"criteria": {case["criteria"][0]: "fails"}, **answer}
    return body


def _said(reading: Reading) -> dict[str, int | None]:
    rows = reading.answers.filter(question__startswith="defect_")
    return dict(rows.values_list("question", "number"))


def test_a_point_is_stored_as_two_numbers_and_restored(world):
    client = signed_in(world)
    case = open_screen(client, world)["cases"][0]

    post(client, world, _failing(case, defect_at=[0.4312, 0.9]))

    assert _said(Reading.objects.get()) == {"defect_x": 4312, "defect_y": 9000}
    [past] = open_screen(client, world)["past"]
    assert past["answer"]["defect_at"] == [0.4312, 0.9]


def test_a_revision_moves_the_point_or_takes_it_away(world):
    client = signed_in(world)
    case = open_screen(client, world)["cases"][0]
    post(client, world, _failing(case, defect_at=[0.1, 0.2]))

    post(client, world, _failing(case, defect_at=[0.3, 0.2]) | {"base_revision": 1})
    post(client, world, answer_for(case) | {"base_revision": 2})

    points = [_said(reading) for reading in Reading.objects.order_by("revision")]
    assert points == [
        {"defect_x": 1000, "defect_y": 2000},
        {"defect_x": 3000, "defect_y": 2000},
        {},
    ]
    assert open_screen(client, world)["past"][0]["answer"]["defect_at"] is None


@pytest.mark.parametrize(
    "point", [[0.5], [0.5, 0.5, 0.5], ["0.5", 0.5], [True, 0.5], [1.01, 0], [-0.1, 0], {"x": 1}, 5]
)
def test_points_of_another_shape_are_refused(world, point):
    client = signed_in(world)
    case = open_screen(client, world)["cases"][0]

    assert post(client, world, _failing(case, defect_at=point)).status_code == 400
    assert Reading.objects.count() == 0


def test_a_point_without_a_failing_criterion_is_refused(world):
    client = signed_in(world)
    body = answer_for(open_screen(client, world)["cases"][0])
    body["answer"]["defect_at"] = [0.5, 0.5]

    refused = post(client, world, body)

    assert (refused.status_code, refused.json()["error"]) == (422, "invalid")
    assert "no criterion fails" in refused.json()["message"]


def test_the_protocol_may_require_a_point_for_implausible_and_for_nothing_else():
    world = _world(defect_point="required")
    client = signed_in(world)
    cases = open_screen(client, world)["cases"]

    refused = post(client, world, _failing(cases[0]))

    assert refused.status_code == 422
    assert "where the defect is" in refused.json()["message"]
    assert post(client, world, _failing(cases[0], defect_at=[0, 1])).status_code == 200
    assert post(client, world, answer_for(cases[1])).status_code == 200
    cannot = answer_for(cases[2]) | {"answer": {"cannot_judge": "blurred", "defect_at": [0, 0]}}
    assert post(client, world, cannot).status_code == 200
    assert _said(Reading.objects.order_by("pk").last()) == {}


@pytest.mark.parametrize("fields", [{"defect_point": "off"}, {"kind": "plausibility"}])
def test_parts_that_do_not_ask_take_no_point(fields):
    world = _world()
    Part.objects.update(**fields)
    client = signed_in(world)
    case = open_screen(client, world)["cases"][0]

    assert post(client, world, _failing(case, defect_at=[0.5, 0.5])).status_code == 422
    assert post(client, world, _failing(case)).status_code == 200


def test_outlines_have_one_length_and_the_headers_of_an_image(world):
    add_outlines(world)
    client, seen = signed_in(world), set()
    client.get("/read/")

    for assignment in world.assignments()[:4]:
        answer = client.get(f"/read/i/{assignment.public_id}/outline")
        headers = dict(answer.headers)
        seen.add((headers.pop("Content-Length"), headers.pop("Vary", "")))
        assert headers == FIXED | {"Content-Type": "application/octet-stream"}
    assert seen == {("512", "Cookie")}
    assert open_screen(client, world)["lesion"] == {"outline": True, "defect": "optional"}


def test_without_outlines_the_screen_offers_none_and_the_address_is_empty(world):
    client, first = signed_in(world), world.assignments()[0]

    assert open_screen(client, world)["lesion"]["outline"] is False
    assert client.get(f"/read/i/{first.public_id}/outline").status_code == 404


def test_an_outline_is_served_as_long_as_its_case(world):
    add_outlines(world)
    late = world.assignments()[5]

    assert signed_in(world).get(f"/read/i/{late.public_id}/outline").status_code == 404
    assert Rendition.objects.filter(outline_key="").count() == 0


def test_other_parts_have_no_lesion():
    world = make_study()

    assert open_screen(signed_in(world), world)["lesion"] is None
