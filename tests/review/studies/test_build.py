"""Building a draft."""

from typing import Any

import pytest

from review.accounts.models import User
from review.audit.models import AuditEvent
from review.studies import services
from review.studies.errors import BadProtocol, NotAllowed, StudyFrozen
from review.studies.models import Membership, Study
from tests.worlds.building import (
    add_reader,
    make_draft,
    make_pool,
    make_user,
    prepare,
)
from tests.worlds.domains import make_domain

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_the_creator_becomes_the_first_editor_and_the_chain_starts(editor: User) -> None:
    study = services.create_study(actor=editor, title="First look", domain=make_domain())
    seat = Membership.objects.get(study=study)
    assert (seat.user, seat.role, seat.code) == (editor, "editor", "E01")
    assert AuditEvent.objects.filter(chain=f"study:{study.pk}", verb="study.created").exists()


def test_somebody_without_a_seat_starts_no_study(editor: User) -> None:
    with pytest.raises(NotAllowed):
        services.create_study(actor=make_user("guest"), title="Mine", domain=make_domain())


def test_two_studies_of_one_title_get_their_own_addresses(editor: User) -> None:
    slugs = [
        services.create_study(actor=editor, title="New", domain=make_domain()).slug
        for _ in range(2)
    ]
    assert len(set(slugs)) == 2
    assert "new" not in slugs


def test_parts_keep_the_default_order_of_kinds(editor: User) -> None:
    study = services.create_study(actor=editor, title="Order", domain=make_domain())
    for kind in ("turing", "plausibility", "identify"):
        services.add_part(actor=editor, study=study, kind=kind)
    kinds = list(study.parts.order_by("order").values_list("order", "kind"))
    assert kinds == [(1, "identify"), (2, "plausibility"), (3, "turing")]


def test_a_turing_part_never_shows_the_asked_class(editor: User) -> None:
    study = services.create_study(actor=editor, title="Turing", domain=make_domain())
    part = services.add_part(actor=editor, study=study, kind="turing")
    assert part.show_intended_class is False
    with pytest.raises(BadProtocol, match="tells the source"):
        services.update_part(actor=editor, part=part, show_intended_class=True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"repeat_fraction": 9.0}, "Unannounced repeats: 900 %; take 0 to 50 %"),
        ({"readings_per_case": 500}, "Readings per case: 500; at most 99"),
        ({"washout_days": 10**17}, "Days of pause: 100000000000000000; at most 366"),
        ({"min_repeat_gap": 10**12}, "Places between repeats"),
        ({"revise_window": 10**12}, "Cases that stay revisable"),
    ],
)
def test_a_number_out_of_its_limits_is_refused_in_the_words_of_the_page(
    editor: User, wrong: dict[str, Any], said: str
) -> None:
    study = services.create_study(actor=editor, title="Huge", domain=make_domain())
    part = services.add_part(actor=editor, study=study, kind="plausibility")
    with pytest.raises(BadProtocol, match=said):
        services.update_part(actor=editor, part=part, **wrong)


def test_no_study_waits_for_more_readers_than_there_can_be(editor: User) -> None:
    study = services.create_study(actor=editor, title="Crowd", domain=make_domain())
    with pytest.raises(BadProtocol, match="Readers needed to start: 100000; at most 99"):
        services.update_study(actor=editor, study=study, min_readers=100_000)
    with pytest.raises(BadProtocol, match="at most 99"):
        services.create_study(actor=editor, title="No", domain=make_domain(), min_readers=100)


def test_excluded_classes_are_never_drawn(editor: User) -> None:
    study = make_draft(editor)
    part = study.parts.get(order=1)
    with pytest.raises(BadProtocol, match="excluded"):
        services.set_draws(actor=editor, part=part, counts={("real", "ART"): 1})


def test_real_arms_are_cropped_to_the_field_of_view_of_the_generator(editor: User) -> None:
    study = services.create_study(actor=editor, title="Crop", domain=make_domain())
    real = make_pool("real", per_class=0)
    drawn = make_pool("drawn", "synthetic", 0, origin={"crop": 0.75})
    services.add_arm(actor=editor, study=study, pool=real, code="real")
    services.add_arm(actor=editor, study=study, pool=drawn, code="late")
    crops = dict(study.arms.values_list("code", "centre_crop"))
    assert crops == {"real": 0.75, "late": 1.0}


def test_a_pool_that_is_being_built_or_of_another_domain_is_no_arm(editor: User) -> None:
    study = services.create_study(actor=editor, title="Arms", domain=make_domain())
    building = make_pool("building", per_class=0)
    building.state = "building"
    building.save()
    with pytest.raises(BadProtocol, match="still being built"):
        services.add_arm(actor=editor, study=study, pool=building, code="real")
    other = make_pool("skin", per_class=0, domain=make_domain("dermatology"))
    with pytest.raises(BadProtocol, match="another domain"):
        services.add_arm(actor=editor, study=study, pool=other, code="real")


def test_a_prepared_or_active_study_is_frozen(editor: User) -> None:
    study = prepare(editor, make_draft(editor))
    part = study.parts.get(order=1)
    with pytest.raises(StudyFrozen, match="prepared"):
        services.update_part(actor=editor, part=part, repeat_fraction=0.1)
    with pytest.raises(StudyFrozen):
        services.update_study(actor=editor, study=study, title="Other")


def test_a_changed_consent_text_gets_a_new_version(editor: User) -> None:
    study = make_draft(editor)
    services.update_study(actor=editor, study=study, consent_text="New words.")
    services.update_study(actor=editor, study=study, consent_text="New words.")
    assert Study.objects.get(pk=study.pk).consent_version == 2


def test_an_admin_who_reads_a_study_neither_edits_nor_sees_it(editor: User) -> None:
    study = make_draft(editor)
    admin = make_user("admin", is_staff=True)
    services.add_member(actor=editor, study=study, user=admin)
    with pytest.raises(NotAllowed):
        services.update_study(actor=admin, study=study, title="Mine now")
    assert not Study.objects.run_by(admin).filter(pk=study.pk).exists()


def test_a_copy_has_a_title_that_fits(editor: User) -> None:
    study = services.update_study(actor=editor, study=make_draft(editor), title="t" * 160)
    assert len(services.copy_study(actor=editor, study=study).title) == 160
    with pytest.raises(BadProtocol, match="161 characters"):
        services.copy_study(actor=editor, study=study, title="t" * 161)


def test_copying_hands_on_everything_an_editor_chose(editor: User) -> None:
    study = make_draft(editor, pool_size=9)
    part = study.parts.get(kind="plausibility")
    chosen = {"calibration_count": 3, "session_count": 2, "washout_days": 5}
    services.update_part(actor=editor, part=part, **chosen)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    twin = services.copy_study(actor=editor, study=study)
    assert {name: design(twin)["parts"][0][name] for name in chosen} == chosen
    assert design(twin) == design(study)
    assert bytes(twin.secret) != bytes(study.secret)
    assert twin.state == "draft"


def design(study: Study) -> dict:
    """Return every column that is neither a key nor a state, with the draws by name."""
    from review.studies.models import Arm, Draw, Part
    from review.studies.services.copying import STUDY_OWN
    from review.studies.services.render import asked_display

    def row(thing: object, model: type, leave: set[str]) -> dict:
        names = [f.attname for f in model._meta.concrete_fields if f.name not in leave]
        return {name: getattr(thing, name) for name in names}

    draws = Draw.objects.filter(part__study=study).order_by("part__order", "pk")
    return {
        "study": row(study, Study, STUDY_OWN),
        "arms": [row(arm, Arm, {"id", "study"}) for arm in study.arms.order_by("code")],
        "parts": [
            row(part, Part, {"id", "study", "display"}) | {"display": asked_display(part)}
            for part in study.parts.order_by("order")
        ],
        "draws": [
            (d.part.order, d.arm.code, *row(d, Draw, {"id", "part", "arm"}).items()) for d in draws
        ],
    }
