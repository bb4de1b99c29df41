import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from review.accounts.models import User
from review.studies import services
from review.studies.models import Assignment, Case, Session, Study
from review.studies.selectors.checklist import activation_checklist
from tests.worlds.building import add_reader, make_active, make_user, prepare

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


@pytest.mark.parametrize(("role", "knows"), [("editor", True), ("analyst", True),
                                             ("adjudicator", False)])  # fmt: skip
def test_whoever_may_open_the_pages_of_cases_is_not_shown_them_as_a_reader(
    role: str, knows: bool
) -> None:
    admin, person = make_user("editor", is_staff=True), make_user("person")
    judged = make_active(admin)
    services.add_member(actor=admin, study=judged, user=person, role=role)
    running = make_active_twin(admin, judged)
    now = timezone.now()
    Study.objects.filter(pk=judged.pk).update(state="unblinded", closed_at=now, unblinded_at=now)
    case = Case.objects.filter(part__study=judged, part__order=1)[0]
    url = reverse("results:case_image", args=[judged.slug, 1, case.code])
    client = Client()
    client.force_login(person)
    assert client.get(url).status_code == (200 if knows else 404)

    seat = services.consent(services.add_member(actor=admin, study=running, user=person))

    assert Assignment.objects.filter(session__membership=seat).exists() != knows


def make_active_twin(admin: User, study: Study) -> Study:
    """Return an active copy of a study, which draws the same images."""
    twin = services.copy_study(actor=admin, study=study)
    add_reader(admin, twin, "twin")
    return services.activate_study(actor=admin, study=prepare(admin, twin))
