import pytest

from review.studies.models import Session
from review.studies.selectors.checklist import activation_checklist
from tests.worlds.building import make_active, make_user

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_the_checklist_names_readers_whose_lists_lack_images_they_know() -> None:
    study = make_active(make_user("editor", is_staff=True))
    session = Session.objects.filter(part__study=study).first()
    assert session is not None
    session.order_note = {**session.order_note, "left_out_as_known": 3}
    session.save(update_fields=["order_note"])
    item = next(one for one in activation_checklist(study) if one.key == "lists")
    assert item.state == "warn"
    assert f"{session.membership.code} lacks 3" in item.text
