"""The list of cases: who sees it, how it is filtered and ordered, and the pictures in it."""

import io
import re

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from PIL import Image

from review.blinding.container import unpack_rendition
from review.catalog.models import ImageAsset
from review.catalog.storage import read_bytes
from review.jobs.models import Outbox
from review.results import cases, reports, tasks
from review.results.cases import ready_cases, select_cases
from review.results.errors import FilterRefused
from review.studies.models import Case, Membership
from tests.review.results.test_pages import signed_in
from tests.worlds.results import Closed, close_world, seat, unblinded
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LIST = "/results/cells/cases/"


def codes(client: Client, **query: str) -> list[str]:
    """Return the codes in the table, in order."""
    page = client.get(LIST, query)
    assert page.status_code == 200, page.content.decode()
    return re.findall(r'<th scope="row"><a href="[^"]+">(C\d+)</a>', page.content.decode())


def image_of(case: Case, kind: str = "case_image") -> str:
    return reverse(f"results:{kind}", args=["cells", case.part.order, case.code])


def test_filters_and_orders_by_name() -> None:
    closed, snapshot = unblinded(readers=3)
    client = signed_in(closed.editor)
    lines = {one.case: one for one in ready_cases(snapshot) or () if one.part == 1}
    by_share = codes(client, order="share")
    shares = [-1.0 if lines[code].share is None else lines[code].share for code in by_share]

    assert codes(client) == sorted(lines)
    assert codes(client, order="-case") == sorted(lines, reverse=True)
    assert len(shares) == 24
    assert shares == sorted(shares)
    falling = [lines[code].share or 0 for code in codes(client, order="-share")]
    assert falling == sorted(falling, reverse=True)
    wanted = {"class": "EOS", "arm": "late"}
    assert {(lines[c].class_code, lines[c].arm) for c in codes(client, **wanted)} == {
        ("EOS", "late")
    }
    disputed = codes(client, opinion="disputed")
    assert disputed
    assert all(0.2 < (lines[code].share or 0) < 0.8 for code in disputed)


@pytest.mark.parametrize(
    "query",
    [{"order": "reader__user__email"}, {"class": "ABC"}, {"part": "9"}, {"part": "x"},
     {"arm__pool__source": "real"}, {"opinion": "?"}],
)  # fmt: skip
def test_unknown_names_and_values_are_refused_in_words(query: dict[str, str]) -> None:
    closed, _ = unblinded()

    answer = signed_in(closed.editor).get(LIST, query)

    assert answer.status_code == 400
    assert "There is no" in answer.content.decode()
    assert "All cases are listed below" in answer.content.decode()


def test_a_page_holds_fifty_and_keeps_the_choice() -> None:
    closed, _ = unblinded(plans=(PartPlan("plausibility", 10),))
    client = signed_in(closed.editor)

    first, second = codes(client, order="-case"), codes(client, order="-case", page="2")

    assert (len(first), len(second)) == (50, 10)
    assert [*first, *second] == sorted([*first, *second], reverse=True)
    assert "?order=-case&amp;page=2" in client.get(LIST, {"order": "-case"}).content.decode()


def test_parts_are_listed_one_by_one_under_their_own_question() -> None:
    closed, _ = unblinded()
    client = signed_in(closed.editor)

    plausibility = client.get(LIST).content.decode()
    turing = client.get(LIST, {"part": "2"}).content.decode()

    assert "Called real" not in plausibility
    assert "Called real" in turing


def test_nobody_sees_cases_before_unblinding() -> None:
    closed = close_world()
    client = signed_in(closed.editor)
    case = Case.objects.filter(part__study=closed.study)[0]

    assert client.get(LIST).status_code == 409
    assert client.get(image_of(case)).status_code == 404


def test_readers_and_strangers_get_no_picture() -> None:
    closed, _ = unblinded()
    case = Case.objects.filter(part__study=closed.study)[0]
    analyst = seat(closed.study, "analyst", "analyst@example.org")
    stranger = close_world(slug="other").editor

    for kind in ("case_image", "case_thumbnail"):
        url = image_of(case, kind)
        assert signed_in(analyst).get(url).status_code == 200
        assert signed_in(closed.world.readers[0]).get(url).status_code == 404
        assert signed_in(stranger).get(url).status_code == 404
        assert Client().get(url).status_code == 302


def test_the_picture_is_what_readers_saw() -> None:
    closed, _ = unblinded()
    case = Case.objects.filter(part__study=closed.study)[0]

    answer = signed_in(closed.editor).get(image_of(case))
    small = signed_in(closed.editor).get(image_of(case, "case_thumbnail"))

    shown = unpack_rendition(read_bytes(case.rendition.storage_key))
    assert np.array_equal(np.array(Image.open(io.BytesIO(answer.content))), shown)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert max(Image.open(io.BytesIO(small.content)).size) <= 72


def test_a_film_becomes_a_picture_of_its_full_range() -> None:
    closed, _ = unblinded(
        domain="chest_xray", classes=("Mass",), size=32, plans=(PartPlan("plausibility", 1),)
    )
    case = Case.objects.filter(part__study=closed.study)[0]

    answer = signed_in(closed.editor).get(image_of(case))

    film = unpack_rendition(read_bytes(case.rendition.storage_key))
    expected = (film.astype(float) * 255 / 4095).round()
    assert np.array_equal(np.array(Image.open(io.BytesIO(answer.content))), expected)


def still_judges(closed: Closed, role: str, *, same_pixels: bool) -> Case:
    """Seat the editor in a running study that shows one image of the closed one."""
    running = make_study(slug="running", readers=0, plans=(PartPlan("plausibility", 1),))
    Membership.objects.create(
        study=running.study, user=closed.editor, code="R90", role=role, state="reading",
        consent_version=1,
    )  # fmt: skip
    shared = Case.objects.filter(part__study=closed.study, part__order=1).order_by("code")[0]
    other = Case.objects.filter(part__study=running.study)[0]
    if same_pixels:
        twin = {"pixel_sha256": shared.image.pixel_sha256}
        ImageAsset.objects.filter(pk=other.image_id).update(**twin)
    else:
        Case.objects.filter(pk=other.pk).update(image=shared.image)
    return shared


@pytest.mark.parametrize("role", ["reader", "adjudicator"])
@pytest.mark.parametrize("same_pixels", [True, False])
def test_what_one_still_judges_elsewhere_is_left_out(same_pixels: bool, role: str) -> None:
    closed, _ = unblinded()
    client = signed_in(closed.editor)
    listed = codes(client)

    hidden = still_judges(closed, role, same_pixels=same_pixels)

    assert codes(client) == [code for code in listed if code != hidden.code]
    assert "1 case left out" in client.get(LIST).content.decode()
    assert client.get(image_of(hidden)).status_code == 404


@pytest.mark.parametrize("role", ["reader", "adjudicator"])
def test_pools_of_a_study_that_one_still_judges_are_left_out_whole(role: str) -> None:
    closed, _ = unblinded()
    running = make_study(slug="running", readers=0)
    Membership.objects.create(
        study=running.study, user=closed.editor, code="R90", role=role, state="reading",
        consent_version=1,
    )  # fmt: skip
    real = closed.study.arms.get(code="real").pool
    running.study.arms.filter(code="real").update(pool=real)

    arms = {c.arm.code for c in Case.objects.filter(code__in=codes(signed_in(closed.editor)))}

    assert arms == {"early", "late"}


def test_a_large_study_is_counted_by_the_worker_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "SMALL_ROWS", 1)
    monkeypatch.setattr(reports, "SMALL_ROWS", 1)
    closed, snapshot = unblinded()
    client = signed_in(closed.editor)

    assert client.get(LIST).status_code == 202
    assert Outbox.objects.filter(task="review.results.tasks.build_report").count() == 1
    tasks.build_report(snapshot.pk)
    assert len(codes(client)) == 24


def test_an_altered_snapshot_lists_nothing_and_says_what_to_do() -> None:
    closed, snapshot = unblinded()
    with default_storage.open(snapshot.storage_key, "ab") as file:
        file.write(b"\n")

    page = signed_in(closed.editor).get(LIST).content.decode()

    assert "was changed on disk" in page
    assert "<table" not in page


def test_neighbours_stop_at_the_ends_and_follow_the_order() -> None:
    _, snapshot = unblinded()
    lines = ready_cases(snapshot) or ()

    chosen = select_cases(lines, {"order": "-case"})

    first, second = chosen.lines[0], chosen.lines[1]
    assert chosen.beside(1, first.case) == (None, second)
    assert chosen.beside(1, "C9999") == (None, None)
    with pytest.raises(FilterRefused, match="There is no order"):
        select_cases(lines, {"order": "pk"})
