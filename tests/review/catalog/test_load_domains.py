"""Loading is versioned and idempotent."""

import dataclasses
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from review.audit.models import AuditEvent
from review.catalog.domain_files import SHIPPED, DomainFile, read_domain_file
from review.catalog.errors import DomainFileInvalid
from review.catalog.models import CriterionSet, Domain, ImageClass
from review.catalog.services import load_domain, load_domains

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def edited(file: DomainFile, **tables: Any) -> DomainFile:
    return dataclasses.replace(file, content=file.content | tables)


def cells() -> DomainFile:
    return read_domain_file(SHIPPED / "bone_marrow.toml")


def test_loads_the_three_domains_of_the_product() -> None:
    changes = load_domains()

    assert [(c.code, c.outcome, c.criteria_version) for c in changes] == [
        ("bone_marrow", "new", 1),
        ("chest_xray", "new", 1),
        ("dermatology", "new", 1),
    ]
    assert Domain.objects.get(code="bone_marrow").classes.count() == 16
    excluded = ImageClass.objects.filter(role="excluded").values_list("code", flat=True)
    assert set(excluded) == {"ART", "NIF"}
    counting = CriterionSet.objects.get(domain__code="bone_marrow").criteria.filter(counts=True)
    assert counting.count() == 7
    assert CriterionSet.objects.filter(status="draft").count() == 3


def test_the_same_content_changes_nothing() -> None:
    load_domains()
    events = AuditEvent.objects.count()

    changes = load_domains()

    assert {change.outcome for change in changes} == {"unchanged"}
    assert CriterionSet.objects.count() == 3
    assert AuditEvent.objects.count() == events


def test_changed_criteria_make_a_new_set_and_keep_the_old() -> None:
    load_domain(file=cells())
    criteria = [c | {"help": "Look again."} for c in cells().content["criteria"]]

    change = load_domain(file=edited(cells(), criteria=criteria))

    assert (change.outcome, change.criteria_version) == ("changed", 2)
    old, new = CriterionSet.objects.order_by("version")
    assert old.criteria.first().help != "Look again."
    assert new.criteria.first().help == "Look again."


def test_a_studys_own_version_hides_none_of_the_file() -> None:
    load_domain(file=cells())
    signed = CriterionSet.objects.get()
    CriterionSet.objects.filter(pk=signed.pk).update(status="signed")
    CriterionSet.objects.create(
        domain=signed.domain, version=2, content_sha256="fork:1", forked_from=signed
    )
    classes = [c | {"note": "New note."} for c in cells().content["classes"]]

    load_domain(file=edited(cells(), classes=classes))
    assert CriterionSet.objects.count() == 2, "the file's criteria are the same as before"
    criteria = [c | {"help": "Look again."} for c in cells().content["criteria"]]
    change = load_domain(file=edited(cells(), criteria=criteria))
    assert change.criteria_version == 3


def test_a_changed_note_keeps_the_criterion_set() -> None:
    load_domain(file=cells())
    classes = [c | {"note": "New note."} for c in cells().content["classes"]]

    change = load_domain(file=edited(cells(), classes=classes))

    assert (change.outcome, change.criteria_version) == ("changed", 1)
    assert ImageClass.objects.get(code="BAS").note == "New note."


def test_a_class_in_use_cannot_leave_the_file(media: Any) -> None:
    from tests.worlds.building import make_pool

    load_domain(file=cells())
    make_pool("real", per_class=1, domain=Domain.objects.get(code="bone_marrow"))
    classes = [c for c in cells().content["classes"] if c["code"] != "BAS"]

    with pytest.raises(DomainFileInvalid, match="BAS left the file"):
        load_domain(file=edited(cells(), classes=classes))


def test_the_command_reports_and_refuses(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    call_command("load_domains")
    assert "dermatology: new, criteria version 1" in capsys.readouterr().out

    broken = tmp_path / "broken.toml"
    broken.write_text("[domain]\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"broken.toml: file.criteria: is missing"):
        call_command("load_domains", str(broken))
