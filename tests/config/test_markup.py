"""Text that people typed is text on every page: nothing of it becomes markup (trust.md 32)."""

from typing import Any

import pytest
from django.db.models import CharField, TextField, Value
from django.db.models.functions import Concat
from django.test import Client

from generation.feedback.models import Loop
from generation.runs.models import GenerationRun
from generation.training.models import Checkpoint, TrainingJob
from review.accounts.models import User
from review.audit import triggers
from review.catalog.models import Criterion, Domain, ImageClass, ImportJob, Pool
from review.results.models import Snapshot
from review.studies.models import Arm, Membership, Study
from tests.config.test_query_counts import SMALL, Site, build, pages

pytestmark = [pytest.mark.database, pytest.mark.django_db]
EVIL = "</script><img src=x onerror=alert(7)>{{7*7}}'\""
FIELDS: dict[Any, tuple[str, ...]] = {
    Study: ("title", "intro", "consent_text"),
    Arm: ("label",),
    Membership: ("experience",),
    Pool: ("name",),
    Domain: ("name",),
    ImageClass: ("name", "note"),
    Criterion: ("label", "help"),
    User: ("name",),
    GenerationRun: ("name", "error"),
    TrainingJob: ("name", "error"),
    Checkpoint: ("name",),
    Loop: ("name",),
    ImportJob: ("error",),
}


@pytest.fixture
def site(tmp_path: Any, settings: Any) -> Site:
    """A site in which everything that has a name has an evil one."""
    place = {"location": str(tmp_path / "media"), "base_url": None}
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": place}
    settings.STORAGES = settings.STORAGES | {"default": local}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    site = build(SMALL)
    for model, names in FIELDS.items():
        for name in names:
            field = model._meta.get_field(name)
            assert isinstance(field, CharField | TextField)
            room = (field.max_length or 10_000) - len(EVIL) - 20
            assert room > 0, name
            model.objects.update(**{name: Concat(name, Value(EVIL))})
    triggers.remove("default")
    for snapshot in Snapshot.objects.all():
        facts = _poisoned(snapshot.exclusions)
        Snapshot.objects.filter(pk=snapshot.pk).update(exclusions=facts)
    triggers.install("default")
    return site


def _poisoned(facts: Any) -> Any:
    """Return frozen facts with evil titles and labels."""
    if isinstance(facts, dict):
        return {
            key: value + EVIL if key in {"title", "label", "name"} and isinstance(value, str)
            else _poisoned(value)
            for key, value in facts.items()
        }  # fmt: skip
    return [_poisoned(one) for one in facts] if isinstance(facts, list) else facts


def test_no_page_lets_text_become_markup(site: Site) -> None:
    broken, seen = [], set()
    for role, user in site.people.items():
        client = Client()
        client.force_login(user)
        for name, variant, path in pages(site):
            answer = client.get(path)
            if answer.status_code != 200 or "html" not in answer["Content-Type"]:
                continue
            text = b"".join(answer).decode()
            if "onerror=alert(7)" in text:
                seen.add(name)
            if "<img src=x" in text or "</script><img" in text or "49'" in text:
                broken.append((role, name, variant))
    assert broken == []
    assert seen >= {
        "studies:list", "studies:detail", "reader:worklist", "reader:screen", "results:list",
        "results:section", "catalog:pools", "catalog:domain", "runs:list", "training:list",
        "loops:list",
    }  # fmt: skip
