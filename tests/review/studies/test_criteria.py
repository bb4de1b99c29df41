"""A study's own version of the criteria."""

from collections.abc import Iterator
from threading import Barrier, Thread

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.urls import reverse

from review.accounts.models import User
from review.catalog.models import CriterionSet, CriterionSignature
from review.studies import services
from review.studies.errors import BadProtocol, NotAllowed, StudyFrozen, WrongState
from review.studies.models import Study
from review.studies.protocol import verify_protocol
from review.studies.services import change_intro, copy_study
from review.studies.services.criteria import (
    fork_criteria,
    freeze_criteria,
    may_sign,
    remove_criterion,
    sign_criteria,
    update_criterion,
)
from tests.worlds.building import make_active, make_draft, make_user
from tests.worlds.domains import make_domain

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def forked(editor: User) -> tuple[Study, CriterionSet]:
    study = make_draft(editor)
    own = fork_criteria(actor=editor, study=study)
    study.refresh_from_db()
    return study, own


def test_the_version_of_the_domain_file_is_not_edited_but_forked(editor: User) -> None:
    study = make_draft(editor)
    first = study.criterion_set
    with pytest.raises(StudyFrozen, match="version of your own"):
        update_criterion(actor=editor, study=study, criterion=first.criteria.first(), help="x")
    own = fork_criteria(actor=editor, study=study)
    study.refresh_from_db()
    update_criterion(actor=editor, study=study, criterion=own.criteria.first(), help="New words.")
    assert (study.criterion_set, own.version) == (own, 2)
    assert own.criteria.count() == first.criteria.count()
    assert first.criteria.first().help != "New words."


def test_every_edit_changes_the_hash(editor: User) -> None:
    study, own = forked(editor)
    before = own.content_sha256
    update_criterion(actor=editor, study=study, criterion=own.criteria.first(), min_px=77)
    own.refresh_from_db()
    assert own.content_sha256 != before


def test_a_version_that_another_study_uses_is_immutable(editor: User) -> None:
    study, own = forked(editor)
    copy_study(actor=editor, study=study)
    with pytest.raises(StudyFrozen):
        remove_criterion(actor=editor, study=study, criterion=own.criteria.first())


def test_an_active_study_keeps_its_criteria(editor: User) -> None:
    with pytest.raises(StudyFrozen):
        fork_criteria(actor=editor, study=make_active(editor))


def test_one_counting_criterion_stays(editor: User) -> None:
    study, own = forked(editor)
    last, *others = own.criteria.filter(counts=True)
    for criterion in others:
        remove_criterion(actor=editor, study=study, criterion=criterion)
    with pytest.raises(BadProtocol, match="At least one"):
        remove_criterion(actor=editor, study=study, criterion=last)
    with pytest.raises(BadProtocol, match="At least one"):
        update_criterion(actor=editor, study=study, criterion=last, counts=False)


def test_a_signature_stays_with_the_set_and_its_texts_never_change(editor: User) -> None:
    study, own = forked(editor)
    reader = make_user("reader")
    with pytest.raises(NotAllowed):
        sign_criteria(actor=reader, study=study, name="Rosa Blum", credentials="MD")
    with pytest.raises(BadProtocol, match="credentials"):
        sign_criteria(actor=editor, study=study, name="Rosa Blum", credentials=" ")
    signed = sign_criteria(actor=editor, study=study, name=" Rosa  Blum ", credentials="MD")
    own.refresh_from_db()
    study.refresh_from_db()
    assert (signed.name, signed.account, own.status) == ("Rosa Blum", editor, "signed")
    assert signed.content_sha256 == own.content_sha256
    with pytest.raises(StudyFrozen):
        update_criterion(actor=editor, study=study, criterion=own.criteria.first(), help="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        CriterionSignature.objects.update(name="Somebody else")


def test_freezing_needs_a_signature_and_ends_them(editor: User) -> None:
    study, own = forked(editor)
    with pytest.raises(WrongState, match="only a signed one"):
        freeze_criteria(actor=editor, study=study)
    sign_criteria(actor=editor, study=study, name="Rosa Blum", credentials="MD")
    with pytest.raises(BadProtocol, match="already"):
        sign_criteria(actor=editor, study=study, name="Rosa Blum", credentials="MD")
    sign_criteria(actor=editor, study=study, name="Ivo Kern", credentials="PhD")
    freeze_criteria(actor=editor, study=study)
    own.refresh_from_db()
    assert own.frozen_at is not None
    with pytest.raises(WrongState, match="frozen"):
        sign_criteria(actor=editor, study=study, name="Third Expert", credentials="MD")


def test_the_page_forks_edits_and_signs(editor: User) -> None:
    study = make_draft(editor)
    client = Client()
    client.force_login(editor)
    client.post(reverse("studies:fork_criteria", args=[study.slug]))
    study.refresh_from_db()
    code = study.criterion_set.criteria.first().code
    sent = {"label": "Shape", "help": "Look again.", "counts": "on", "min_px": "48"}
    client.post(reverse("studies:criterion", args=[study.slug, code]), sent)
    signature = {"name": "Rosa Blum", "credentials": "MD, haematologist"}
    client.post(reverse("studies:sign_criteria", args=[study.slug]), signature)
    client.post(reverse("studies:freeze_criteria", args=[study.slug]))
    page = client.get(reverse("studies:criteria", args=[study.slug])).content.decode()
    assert "Look again." in page
    assert "<strong>Rosa Blum</strong>, MD, haematologist" in page
    assert "signed and frozen" in page


def test_a_signature_from_another_study_changes_no_frozen_protocol(editor: User) -> None:
    running, draft = make_active(editor), make_draft(editor)
    assert running.criterion_set == draft.criterion_set

    sign_criteria(actor=editor, study=draft, name="Ada Lovelace", credentials="MD")
    running = Study.objects.get(pk=running.pk)
    assert verify_protocol(running) == []
    change_intro(actor=editor, study=running, intro="New.", reason="A typo in the first line.")
    running = Study.objects.get(pk=running.pk)
    assert running.protocol["criteria"]["status"] == CriterionSet.Status.DRAFT
    freeze_criteria(actor=editor, study=draft)

    assert verify_protocol(running) == []


def colleague_of(editor: User, study: Study) -> User:
    """Return an editor of the study who is no admin."""
    user = make_user("colleague")
    services.add_member(actor=editor, study=study, user=user, role="editor")
    return user


def test_shared_texts_are_signed_by_admins_and_own_ones_by_editors(editor: User) -> None:
    study = make_draft(editor)
    signed_by = {"name": "Rosa Blum", "credentials": "MD"}
    user = colleague_of(editor, study)
    client = Client()
    client.force_login(user)
    sign = reverse("studies:sign_criteria", args=[study.slug])
    refused = client.post(sign, signed_by)
    assert (refused.status_code, CriterionSignature.objects.count()) == (409, 0)
    assert "an admin" in refused.content.decode()
    assert f'action="{sign}"' not in refused.content.decode()

    fork_criteria(actor=user, study=study)
    assert (
        f'action="{sign}"'
        in client.get(reverse("studies:criteria", args=[study.slug])).content.decode()
    )
    twin = copy_study(actor=editor, study=Study.objects.get(pk=study.pk))
    with pytest.raises(WrongState, match="do not edit"):
        sign_criteria(actor=user, study=study, **signed_by)
    sign_criteria(actor=editor, study=study, **signed_by)
    with pytest.raises(WrongState, match="do not edit"):
        freeze_criteria(actor=user, study=study)
    Study.objects.filter(pk=twin.pk).update(pilot_of=study, purpose="pilot")
    assert may_sign(user, Study.objects.get(pk=study.pk)), "a pilot of the study is no other use"


def test_a_new_study_starts_with_no_draft_of_another_study(editor: User) -> None:
    study, own = forked(editor)
    new = services.create_study(actor=editor, title="New", domain=study.domain)
    assert new.criterion_set == own.forked_from
    sign_criteria(actor=editor, study=study, name="Rosa Blum", credentials="MD")
    after = services.create_study(actor=editor, title="Newer", domain=study.domain)
    assert after.criterion_set == own


@pytest.mark.parametrize("code", ["sign", "freeze", "fork", "pilot"])
def test_a_criterion_may_be_called_like_a_verb(editor: User, code: str) -> None:
    study, own = forked(editor)
    own.criteria.filter(pk=own.criteria.first().pk).update(code=code)
    client = Client()
    client.force_login(editor)
    sent = {"label": "Shape", "help": "Look again.", "counts": "on", "min_px": "48"}
    client.post(reverse("studies:criterion", args=[study.slug, code]), sent)
    assert own.criteria.get(code=code).help == "Look again."


def test_a_refused_edit_keeps_what_was_typed(editor: User) -> None:
    study, own = forked(editor)
    last, *others = own.criteria.filter(counts=True)
    own.criteria.filter(pk__in=[one.pk for one in others]).update(counts=False)
    client = Client()
    client.force_login(editor)
    sent = {"label": "New label", "help": "A long text that took an hour.", "min_px": "48"}
    refused = client.post(reverse("studies:criterion", args=[study.slug, last.code]), sent)
    page = refused.content.decode()
    assert (refused.status_code, "At least one criterion must count" in page) == (422, True)
    assert 'name="help">A long text that took an hour.</textarea>' in page
    assert 'value="New label"' in page
    assert page.count("<details open><summary>Edit") == 1
    assert own.criteria.get(pk=last.pk).label == last.label


@pytest.fixture
def _fresh_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.mark.usefixtures("_fresh_cache")
def test_pilots_have_a_limit_like_invitations(editor: User) -> None:
    study = make_draft(editor)
    client = Client()
    client.force_login(editor)
    url = reverse("studies:pilot_criteria", args=[study.slug])
    assert {client.post(url).status_code for _ in range(40)} == {422}
    assert client.post(url).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_studies_that_fork_at_once_get_versions_of_their_own() -> None:
    editor = make_user("editor", is_staff=True)
    studies = [
        services.create_study(actor=editor, title=f"Study {n}", domain=make_domain())
        for n in range(6)
    ]
    start, errors = Barrier(len(studies)), []

    def fork(study: Study) -> None:
        try:
            start.wait()
            fork_criteria(actor=editor, study=study)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=fork, args=(study,)) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    versions = CriterionSet.objects.order_by("version").values_list("version", flat=True)
    assert list(versions) == [1, 2, 3, 4, 5, 6, 7]
