"""What a running study asks does not change with the domain file."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from review.accounts.models import User
from review.catalog.domain_files import DomainFile
from review.catalog.models import Criterion, Domain, ImageClass
from review.catalog.services.domains import load_domain
from review.readings.wording import frozen_wording
from review.studies import services
from review.studies.models import Part, Study
from review.studies.protocol import verify_protocol
from tests.worlds.building import add_reader, make_active, make_draft, make_user, prepare
from tests.worlds.reading import ReaderAtWork, reader_at_work

pytestmark = [pytest.mark.database, pytest.mark.django_db]
CHANGING = ("csrf",)


@pytest.fixture
def editor(db: None) -> User:
    return make_user("editor", is_staff=True)


def reload_edited(study: Study) -> None:
    """Load the study's domain anew with other words everywhere."""
    content = Domain.objects.get(pk=study.domain_id).content
    content["domain"] |= {"question": "Changed?", "preamble": "Changed.", "version": "99"}
    content["domain"]["display"] |= {"surround": "#000000", "scale": 3}
    for entry in content["classes"]:
        entry |= {"name": f"Changed {entry['code']}", "note": "Changed.", "expect": {}}
    for entry in content["criteria"]:
        entry |= {"label": "Changed", "help": "Changed."}
    load_domain(file=DomainFile("edited.toml", content))
    assert ImageClass.objects.filter(name__startswith="Changed").exists()


def words_on_screen(reader: ReaderAtWork) -> tuple[str, dict]:
    """Return the start page and the screen's configuration, without its CSRF tokens."""
    start = reader.client.get(f"/read/{reader.slug}/start").content.decode()
    start = re.sub(r'[A-Za-z0-9]{64}|nonce="[^"]*"', "", start)
    return start, {k: v for k, v in reader.config().items() if k not in CHANGING}


def test_a_reloaded_domain_changes_nothing_on_screen(editor: User) -> None:
    study = make_active(editor)
    reader = reader_at_work(study)
    reader.start()
    before = words_on_screen(reader)
    assert before[1]["cases"][0]["class_name"]
    reload_edited(study)
    assert words_on_screen(reader) == before
    study.refresh_from_db()
    assert verify_protocol(study) == []


@pytest.mark.parametrize("kind", ["plausibility", "identify"])
def test_a_gallery_keeps_the_names_of_its_classes(editor: User, kind: str) -> None:
    study = make_draft(editor, pool_size=9)
    first = study.parts.get(order=1)
    services.update_part(actor=editor, part=first, gallery=True)
    if kind == "identify":
        Part.objects.filter(pk=first.pk).update(kind=kind)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    reader = reader_at_work(study)
    reader.start()
    beside = f"/read/i/{reader.config()['cases'][0]['assignment']}/gallery"
    before = reader.client.get(beside).json()["classes"]
    assert before
    assert any(one["images"] for one in before)
    reload_edited(study)
    assert reader.client.get(beside).json()["classes"] == before


def test_an_amendment_keeps_the_frozen_words(editor: User) -> None:
    study = make_active(editor)
    words = study.protocol["words"]
    reload_edited(study)
    services.change_intro(actor=editor, study=study, intro="Hello.", reason="The text was wrong.")
    study.refresh_from_db()
    assert study.protocol["words"] == words
    assert verify_protocol(study) == []


def test_a_criterion_changed_by_sql_is_not_shown_and_is_found(editor: User) -> None:
    study = make_active(editor)
    reader = reader_at_work(study)
    reader.start()
    before = reader.config()["criteria"]
    Criterion.objects.filter(criterion_set=study.criterion_set_id).update(help="Changed.")
    assert reader.config()["criteria"] == before
    assert verify_protocol(study)


def test_of_the_protocol_readers_get_the_words_only(editor: User) -> None:
    study = make_active(editor)
    reader = reader_at_work(study)
    reader.start()
    frozen_wording.cache_clear()
    with CaptureQueriesContext(connection) as captured:
        reader.read_session()
    column = re.compile(r'"studies_study"\."protocol"(.{0,40})', re.DOTALL)
    found = [column.findall(query["sql"]) for query in captured.captured_queries]
    assert len([parts for parts in found if parts]) == 1  # once for all cases
    parts = [part for parts in found for part in parts]
    assert all("words" in part or "criteria" in part for part in parts), parts
