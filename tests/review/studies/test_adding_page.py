"""The page of an addition: ask, watch, look, commit; what went wrong is said where it was typed."""

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from review.accounts.models import User
from review.audit.models import AuditEvent
from review.studies import services
from review.studies.models import Addition, Amendment, Study
from review.studies.services.adding.working import prepare_addition
from tests.review.studies.test_prepare import bright
from tests.worlds.adding import REASON, add_cases, begin
from tests.worlds.building import add_reader, make_active, make_draft, prepare
from tests.worlds.reading import reader_at_work

pytestmark = [pytest.mark.database, pytest.mark.django_db]
ASKED = {"count_1_early_BAS": "2", "count_1_late_BAS": "1", "reason": REASON}


@pytest.fixture
def study(editor: User) -> Study:
    return make_active(editor, pool_size=8)


@pytest.fixture
def client(editor: User) -> Client:
    client = Client()
    client.force_login(editor)
    return client


def url(study: Study, name: str = "addition", *more: str) -> str:
    return reverse(f"studies:{name}", args=[study.slug, *more])


def post(client: Client, study: Study, verb: str, **sent: str) -> Any:
    return client.post(url(study, "change_addition", verb), sent)


def text(client: Client, study: Study) -> str:
    return unescape(client.get(url(study)).content.decode())


def work(study: Study) -> Addition:
    addition = Addition.objects.get(study=study)
    prepare_addition(addition.pk)
    addition.refresh_from_db()
    return addition


def test_from_the_form_to_the_amendment(client: Client, study: Study) -> None:
    page = text(client, study)
    assert 'name="count_1_early_BAS" min="0" max="' in page
    assert "count_2_early_BAS" not in page  # the design draws none there
    assert url(study) in client.get(url(study, "detail")).content.decode()
    assert post(client, study, "start", **ASKED)["Location"] == url(study)
    assert "waiting for a worker" in text(client, study)
    state = client.get(url(study, "addition_progress") + "?as=json").json()
    assert (state["state"], state["done"], state["total"]) == ("queued", 0, 3)
    if work(study).state == "blocked":
        post(client, study, "override", reason="The test cells differ on purpose.")
    page = text(client, study)
    assert "Ready to be added" in page
    assert "Nothing is added yet" not in page
    assert "ready to be added" in client.get(url(study, "detail")).content.decode()
    post(client, study, "commit")
    assert Amendment.objects.get(study=study).kind == "add 3 cases to part 1"
    page = text(client, study)
    assert "Added before" in page
    assert REASON in page
    assert 'name="count_1_early_BAS"' in page  # the form is there for the next one


def test_the_poll_refreshes_the_page_once_the_work_is_done(client: Client, study: Study) -> None:
    post(client, study, "start", **ASKED)
    running = client.get(url(study, "addition_progress"))
    assert b"every 1s" in running.content
    assert "HX-Refresh" not in running
    work(study)
    assert client.get(url(study, "addition_progress"))["HX-Refresh"] == "true"


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({}, 422, "Nothing to add"),
        ({"count_1_early_BAS": "x"}, 422, "'x' of BAS from early in part 1: take 0 to"),
        ({"count_1_early_BAS": "7"}, 422, "asks for 7 of BAS from early, 6 are left"),
        ({"count_1_early_BAS": "1", "reason": "why"}, 422, "at least 10 characters"),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(
    client: Client, study: Study, sent: dict[str, str], status: int, words: str
) -> None:
    answer = post(client, study, "start", **{"reason": REASON, **sent})
    assert answer.status_code == status
    page = unescape(answer.content.decode())
    assert words in page
    assert f">{sent.get('reason', REASON)}</textarea>" in page
    for name, value in sent.items():
        assert name == "reason" or f'name="{name}"' in page
        assert name == "reason" or f'value="{value}"' in page


def test_verbs_that_do_not_fit_are_conflicts(client: Client, study: Study) -> None:
    assert post(client, study, "commit").status_code == 409
    assert post(client, study, "destroy").status_code == 404
    post(client, study, "start", **ASKED)
    again = post(client, study, "start", **ASKED)
    assert again.status_code == 409
    assert "already" in again.content.decode()
    assert post(client, study, "commit").status_code == 409
    assert post(client, study, "override", reason="x" * 30).status_code == 409
    assert post(client, study, "discard")["Location"] == url(study)
    assert not Addition.objects.exists()


def test_one_source_alone_is_warned_of_and_allowed(
    client: Client, editor: User, study: Study
) -> None:
    addition = begin(editor, study, {(1, "early", "BAS"): 1, (1, "late", "EOS"): 1})
    page = text(client, study)
    assert "Part 1 gets synthetic images only" in page
    services.commit_addition(actor=editor, addition=addition)
    mixed = make_draft(editor, pool_size=20)
    add_reader(editor, mixed, "second")
    mixed = services.activate_study(actor=editor, study=prepare(editor, mixed))
    begin(editor, mixed, {(1, "real", "BAS"): 1, (1, "early", "BAS"): 1})
    assert "images only" not in text(client, mixed)


def test_readers_who_are_past_the_part_are_named(
    client: Client, editor: User, study: Study
) -> None:
    add_reader(editor, study, "second")
    reader_at_work(study).read_session()
    begin(editor, study, {(1, "early", "BAS"): 1})
    page = text(client, study)
    assert "R01 finished part 1: the added cases come to them as one more session" in page
    assert "began a later part" not in page
    reader_at_work(study).start()
    assert "R01 began a later part than part 1" in text(client, study)


def test_a_block_is_overridden_on_the_page(client: Client, editor: User) -> None:
    study = make_draft(editor, per_class=5, real=5, pool_size=20)
    bright(study)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    post(client, study, "start", **ASKED)
    work(study)
    page = text(client, study)
    assert "Blocked by the blinding audit" in page
    assert "Add to the study" not in page
    short = post(client, study, "override", reason="fine")
    assert (short.status_code, b">fine</textarea>" in short.content) == (422, True)
    post(client, study, "override", reason="The early generator is too bright; we report it.")
    assert "Add to the study" in text(client, study)


def test_a_failed_addition_says_why_and_is_tried_again(
    client: Client, editor: User, study: Study
) -> None:
    addition = begin(editor, study, {(1, "early", "BAS"): 1})
    Addition.objects.filter(pk=addition.pk).update(state="failed", error="The disk is full.")
    page = text(client, study)
    assert "The disk is full." in page
    assert "Try again" in page
    post(client, study, "retry")
    assert work(study).state in {"ready", "blocked"}


def test_what_another_editor_began_meanwhile_is_not_committed_unseen(
    client: Client, editor: User, study: Study
) -> None:
    seen = begin(editor, study, {(1, "early", "BAS"): 1})
    field = f'name="addition" value="{seen.pk}"'
    assert text(client, study).count(field) == 2  # add, discard
    services.discard_addition(actor=editor, addition=seen)
    begin(editor, study, {(1, "early", "EOS"): 3})

    for verb in ("commit", "discard", "override", "retry"):
        answer = post(client, study, verb, addition=str(seen.pk), reason="x" * 30)
        assert (answer.status_code, "Look at these first" in answer.content.decode()) == (409, True)
    assert Addition.objects.get(study=study).state == "ready"


def test_every_verb_leaves_its_event(client: Client, editor: User, study: Study) -> None:
    addition = begin(editor, study, {(1, "early", "BAS"): 1})
    Addition.objects.filter(pk=addition.pk).update(state="failed", error="The disk is full.")
    post(client, study, "retry")
    post(client, study, "discard")
    events = AuditEvent.objects.filter(verb__startswith="addition.", actor=editor)
    verbs = events.order_by("number").values_list("verb", flat=True)
    mine = [verb for verb in verbs if verb != "addition.audit_overridden"]  # cells differ
    assert mine == ["addition.started", "addition.retried", "addition.discarded"]


def test_a_study_that_does_not_run_says_so(client: Client, editor: User, study: Study) -> None:
    add_cases(editor, study, {(1, "early", "BAS"): 1})
    services.close_study(actor=editor, study=study)
    page = text(client, study)
    assert "this one is closed" in page
    assert "Added before" in page
    assert post(client, study, "start", **ASKED).status_code == 409


def test_progress_grows_for_everybody_alike(client: Client, editor: User, study: Study) -> None:
    before = client.get(url(study, "detail")).content.decode()
    assert "0 of 33" in before
    add_cases(editor, study, {(1, "early", "BAS"): 1, (1, "late", "BAS"): 1})
    assert "0 of 35" in client.get(url(study, "detail")).content.decode()
