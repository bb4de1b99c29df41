"""An editor sets interim looks while the study is a draft."""

import pytest
from django.test import Client
from django.urls import reverse

from review.accounts.models import User
from review.studies import services
from review.studies.errors import BadProtocol, NotAllowed
from review.studies.protocol import build_protocol
from tests.worlds.building import add_reader, make_draft, make_user, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db]

FORM = {
    "percents": "33, 67 %",
    "boundary": "pocock",
    "endpoint": "plausibility",
    "arm": "late",
    "reference": "early",
}
LOOKS = FORM | {"percents": [50]}


def test_the_form_stores_them_and_shows_them_again(editor: User) -> None:
    study = make_draft(editor)
    client = Client()
    client.force_login(editor)
    url = reverse("studies:looks", args=[study.slug])
    assert client.post(url, FORM).status_code == 302
    study.refresh_from_db()
    looks = study.analysis_plan["looks"]
    assert looks["fractions"] == [0.33, 0.67, 1.0]
    assert (looks["number"], looks["boundary"], looks["arm"]) == (3, "pocock", "late")
    assert study.analysis_plan["margin"] == 0.1
    page = client.get(reverse("studies:detail", args=[study.slug])).content.decode()
    assert 'value="33, 67"' in page
    client.post(url, FORM | {"percents": ""})
    study.refresh_from_db()
    assert study.analysis_plan["looks"] == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"percents": [50, 40]}, "rising"),
        ({"boundary": "haybittle"}, "boundary 'haybittle'"),
        ({"endpoint": "identify"}, "endpoint 'identify'"),
        ({"arm": "early"}, "two different arms"),
        ({"arm": "later"}, "no arm later; there are early, late, real"),
    ],
)
def test_what_makes_no_plan_is_refused(editor: User, wrong: dict, words: str) -> None:
    study = make_draft(editor)
    with pytest.raises(BadProtocol, match=words):
        services.set_looks(actor=editor, study=study, **(LOOKS | wrong))
    study.refresh_from_db()
    assert study.analysis_plan["looks"] == 1


def test_text_for_a_percent_is_named_on_the_page(editor: User) -> None:
    study = make_draft(editor)
    client = Client()
    client.force_login(editor)
    url = reverse("studies:looks", args=[study.slug])
    answer = client.post(url, FORM | {"percents": "half"})
    assert answer.status_code == 422
    assert "half is no whole percent" in answer.content.decode()


def test_a_refused_form_keeps_what_was_typed(editor: User) -> None:
    study = make_draft(editor)
    client = Client()
    client.force_login(editor)
    sent = FORM | {"percents": "33, two thirds", "margin": "0.07", "primary_endpoint": "Cells."}
    page = client.post(reverse("studies:looks", args=[study.slug]), sent).content.decode()
    for kept in ('value="33, two thirds"', 'value="0.07"', 'value="Cells."'):
        assert kept in page
    assert '<option value="pocock" selected>' in page
    assert "<details open><summary>Analysis plan" in page


def test_margin_alpha_and_endpoint_are_set_and_frozen_with_the_plan(editor: User) -> None:
    study = make_draft(editor)
    client = Client()
    client.force_login(editor)
    url = reverse("studies:looks", args=[study.slug])
    words = "Share plausible, late minus early."
    sent = {"margin": "0.15", "alpha": ".025", "primary_endpoint": words}
    assert client.post(url, sent).status_code == 302
    study.refresh_from_db()
    assert study.analysis_plan | {"looks": 1} == study.analysis_plan
    assert (study.analysis_plan["margin"], study.analysis_plan["alpha"]) == (0.15, 0.025)
    assert build_protocol(study)["study"]["analysis_plan"]["primary_endpoint"] == words
    for wrong in ({"margin": "0.4"}, {"alpha": "0"}, {"alpha": "5 %"}, {"margin": "nan"}):
        assert client.post(url, wrong).status_code == 422, wrong


def test_only_editors_set_them(editor: User) -> None:
    study = make_draft(editor)
    with pytest.raises(NotAllowed):
        services.set_looks(actor=make_user("stranger"), study=study, **LOOKS)


@pytest.mark.parametrize("odd", ["²", "9" * 5000])
def test_digits_that_are_no_number_are_refused_everywhere(editor: User, odd: str) -> None:
    study = make_draft(editor)
    client = Client()
    client.force_login(editor)
    pages = {
        reverse("studies:looks", args=[study.slug]): FORM | {"percents": odd},
        reverse("studies:part", args=[study.slug, 1]): {"session_count": odd},
        reverse("studies:draws", args=[study.slug, 1]): {"count_real_MON": odd},
        reverse("studies:new"): {"title": "T", "domain": study.domain.code, "seed": odd},
    }
    for url, sent in pages.items():
        assert client.post(url, sent).status_code == 422, url


def test_the_frozen_plan_can_be_read_and_its_looks_found(editor: User) -> None:
    study = make_draft(editor)
    services.set_looks(actor=editor, study=study, **LOOKS)
    add_reader(editor, study, "reader1")
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    client = Client()
    client.force_login(editor)
    page = client.get(reverse("studies:detail", args=[study.slug])).content.decode()
    assert reverse("results:looks", args=[study.slug]) in page
    assert "at 50, 100 % of the readings" in page
    page = client.get(reverse("studies:protocol", args=[study.slug])).content.decode()
    assert "share of plausible images per arm" in page
    assert "at 50, 100 % of the readings, pocock, plausibility: late minus early" in page
