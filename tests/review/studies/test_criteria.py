"""A study's own version of the criteria."""

import pytest
from django.test import Client
from django.urls import reverse

from review.accounts.models import User
from review.catalog.models import CriterionSet
from review.studies.errors import BadProtocol, NotAllowed, StudyFrozen
from review.studies.models import Study
from review.studies.services import add_member, copy_study
from review.studies.services.criteria import (
    fork_criteria,
    remove_criterion,
    sign_criteria,
    update_criterion,
)
from tests.worlds.building import make_active, make_draft, make_user

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


def test_admins_sign_and_a_signed_version_never_changes(editor: User) -> None:
    study, own = forked(editor)
    colleague = make_user("colleague")
    add_member(actor=editor, study=study, user=colleague, role="editor")
    with pytest.raises(NotAllowed, match="admin"):
        sign_criteria(actor=colleague, study=study, expert="Dr. Rosa")
    sign_criteria(actor=editor, study=study, expert="Dr. Rosa")
    study.refresh_from_db()
    assert study.criterion_set.status == "signed"
    with pytest.raises(StudyFrozen):
        update_criterion(actor=editor, study=study, criterion=own.criteria.first(), help="x")


def test_the_page_forks_edits_and_signs(editor: User) -> None:
    study = make_draft(editor)
    client = Client()
    client.force_login(editor)
    client.post(reverse("studies:fork_criteria", args=[study.slug]))
    study.refresh_from_db()
    code = study.criterion_set.criteria.first().code
    sent = {"label": "Shape", "help": "Look again.", "counts": "on", "min_px": "48"}
    client.post(reverse("studies:criterion", args=[study.slug, code]), sent)
    client.post(reverse("studies:sign_criteria", args=[study.slug]), {"expert": "Dr. Rosa"})
    page = client.get(reverse("studies:criteria", args=[study.slug])).content.decode()
    assert "Look again." in page
    assert "signed by an expert" in page
