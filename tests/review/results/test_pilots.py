"""A pilot of criteria from one click to agreement, signature and freeze, through HTTP."""

import re
from collections.abc import Collection
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from review.catalog.models import ImageClass
from review.readings.answers import Answer
from review.readings.facts import load_facts, load_rules
from review.readings.services import submit_reading
from review.studies import services
from review.studies.errors import BadProtocol, NotReady, SeatTaken, StudyFrozen, WrongState
from review.studies.models import Assignment, Case, Membership, Study
from review.studies.protocol import verify_protocol
from review.studies.services.criteria import fork_criteria, sign_criteria, update_criterion
from review.studies.services.pilot import spread, start_pilot
from review.studies.services.prepare import render_chunk
from tests.worlds.building import (
    CLASSES,
    PASSWORD,
    add_image,
    make_draft,
    make_pool,
    make_user,
)

pytestmark = [pytest.mark.database, pytest.mark.django_db]
EXPERTS = ["ada@example.org", "ben@example.org"]


@pytest.fixture
def editor():
    return make_user("editor", is_staff=True)


@pytest.fixture
def study(editor) -> Study:
    return make_draft(editor, pool_size=6)


def pools_of(study: Study) -> list:
    return [arm.pool for arm in study.arms.filter(code__in=["real", "late"])]


def ready(pilot: Study, editor) -> Study:
    """Render, seat the experts by their links' service, and activate."""
    pks = Case.objects.filter(part__study=pilot).order_by("pk").values_list("pk", flat=True)
    render_chunk(pks[0], pks[len(pks) - 1])
    pilot.refresh_from_db()
    if pilot.prepare_stage == Study.Stage.BLOCKED:
        reason = "The test cells differ on purpose; this is expected."
        services.override_audit(actor=editor, study=pilot, reason=reason)
    for email in EXPERTS:
        user = make_user(email.split("@")[0])
        pilot.invitations.filter(email=email).update(revoked_at=pilot.created_at)
        seat = services.add_member(actor=editor, study=pilot, user=user)
        services.consent(seat)
    pilot.refresh_from_db()
    return services.activate_study(actor=editor, study=pilot)


def read_all(pilot: Study, leave: Collection[int] = ()) -> None:
    """The second expert fails the nucleus of every fifth image and cannot judge one criterion."""
    for seat in Membership.objects.filter(study=pilot, role="reader").order_by("code"):
        rows = Assignment.objects.filter(session__membership=seat).order_by("rank")
        for assignment in rows.exclude(case__in=leave).select_related("case"):
            facts = load_facts(assignment.pk)
            rules = [r for r in load_rules(facts.criterion_set_pk) if r.applies(facts.class_code)]
            said = {rule.code: "passes" for rule in rules}
            if seat.code == "R02" and int(assignment.case.code[1:]) % 5 == 0:
                said |= {"nucleus": "fails", "size": "not_judgeable"}
            submit_reading(
                assignment_pk=assignment.pk, answer=Answer(criteria=said), key=uuid4(),
                base_revision=0,
            )  # fmt: skip


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_one_click_makes_a_whole_pilot(editor, study, django_capture_on_commit_callbacks) -> None:
    sent = {"pools": [str(pool.uuid) for pool in pools_of(study)], "email": [*EXPERTS, ""]}
    url = reverse("studies:pilot_criteria", args=[study.slug])
    with django_capture_on_commit_callbacks(execute=True):
        answer = signed_in(editor).post(url, sent)

    pilot = study.pilots.get()
    part = pilot.parts.get()
    cases = Case.objects.filter(part=part)
    assert answer.url == reverse("studies:detail", args=[pilot.slug])
    assert (pilot.purpose, pilot.criterion_set) == ("pilot", study.criterion_set)
    assert (cases.count(), cases.filter(full_form=True).count()) == (40, 40)
    assert cases.filter(arm__pool__source="real").count() == 20
    assert (part.readings_per_case, part.repeat_fraction, part.control_fraction) == (0, 0, 0)
    assert sorted(address for letter in mail.outbox for address in letter.to) == EXPERTS
    page = signed_in(editor).get(answer.url).content.decode()
    assert "Pilot of" in page


@pytest.mark.parametrize(
    ("emails", "words"),
    [
        (["ada@example.org"], "2 to 3 experts; 1"),
        (["ada@example.org", "ADA@example.org"], "2 to 3 experts; 1"),
        (["ada@example.org", "nonsense"], "no e-mail address"),
    ],
)
def test_addresses_are_checked_before_anything_is_made(editor, study, emails, words) -> None:
    with pytest.raises(BadProtocol, match=words):
        start_pilot(actor=editor, study=study, pools=pools_of(study), emails=emails)
    assert not study.pilots.exists()


def test_a_wrong_pilot_is_answered_on_its_page_with_what_was_typed(editor, study) -> None:
    pool = pools_of(study)[0]
    sent = {"pools": [str(pool.uuid)], "email": ["ada@example.org", "nonsense", ""]}
    answer = signed_in(editor).post(reverse("studies:pilot_criteria", args=[study.slug]), sent)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "no e-mail address" in page
    assert 'value="ada@example.org"' in page
    assert f'value="{pool.uuid}" checked' in page
    assert "<h1>Criteria</h1>" in page


def test_what_a_pilot_cannot_do_makes_nothing(editor, study) -> None:
    real = study.arms.get(code="real").pool
    with pytest.raises(BadProtocol, match="one of synthetic"):
        start_pilot(actor=editor, study=study, pools=[real], emails=EXPERTS)
    small = make_pool("small", "synthetic", 1)
    with pytest.raises(BadProtocol, match="28 images that may be shown"):
        start_pilot(actor=editor, study=study, pools=[real, small], emails=EXPERTS)
    with pytest.raises(SeatTaken):
        mine = [editor.email, EXPERTS[0]]
        start_pilot(actor=editor, study=study, pools=pools_of(study), emails=mine)
    assert not Study.objects.filter(purpose="pilot").exists()


def test_a_pilot_is_only_made_through_its_page(editor, study) -> None:
    with pytest.raises(BadProtocol, match="confirmatory or loop"):
        services.create_study(actor=editor, title="x", domain=study.domain, purpose="pilot")


def test_images_are_spread_over_sources_arms_and_classes() -> None:
    sources = {"real-1": "real", "synthetic-1": "synthetic", "synthetic-2": "synthetic"}
    left = {(arm, code): 9 for arm in sources for code in "ABCD"} | {("real-1", "D"): 1}
    counts = spread(24, sources, left)
    arms = {arm: sum(n for (a, _), n in counts.items() if a == arm) for arm in sources}
    drawn = {code: counts["synthetic-1", code] + counts["synthetic-2", code] for code in "ABCD"}
    assert arms == {"real-1": 12, "synthetic-1": 6, "synthetic-2": 6}
    assert set(drawn.values()) == {3}
    assert sorted(counts["real-1", code] for code in "ABCD") == [1, 3, 4, 4]


def test_its_images_are_not_drawn_again_for_the_study(editor, study) -> None:
    pilot = start_pilot(actor=editor, study=study, pools=pools_of(study), emails=EXPERTS)
    shown = set(Case.objects.filter(part__study=pilot).values_list("image", flat=True))
    services.set_draws(
        actor=editor, part=study.parts.get(kind="turing"), counts={("late", "BAS"): 1}
    )
    with pytest.raises(NotReady, match="Images are missing"):
        services.prepare_study(actor=editor, study=study)  # 40 of the 48 images were piloted
    for code in ("real", "late"):
        pool = study.arms.get(code=code).pool
        for image_class in ImageClass.objects.filter(domain=study.domain, code__in=CLASSES):
            for index in range(6, 12):
                add_image(pool, image_class, index)
    services.set_draws(
        actor=editor,
        part=study.parts.get(kind="turing"),
        counts={(arm, "BAS"): 1 for arm in ("real", "late")},
    )
    services.prepare_study(actor=editor, study=study)
    drawn = set(Case.objects.filter(part__study=study).values_list("image", flat=True))
    assert drawn
    assert not drawn & shown


def test_what_is_piloted_does_not_change_and_is_signed_after_the_close(editor, study) -> None:
    own = fork_criteria(actor=editor, study=study)
    study.refresh_from_db()
    pilot = start_pilot(actor=editor, study=study, pools=pools_of(study), emails=EXPERTS)
    with pytest.raises(StudyFrozen, match="used elsewhere"):
        update_criterion(actor=editor, study=study, criterion=own.criteria.first(), help="x")
    with pytest.raises(WrongState, match="Close it first"):
        sign_criteria(actor=editor, study=study, name="Rosa Blum", credentials="MD")
    with pytest.raises(WrongState, match="Close it first"):
        start_pilot(actor=editor, study=study, pools=pools_of(study), emails=EXPERTS)
    pilot = ready(pilot, editor)
    services.close_study(actor=editor, study=pilot)
    sign_criteria(actor=editor, study=study, name="Rosa Blum", credentials="MD")
    pilot.refresh_from_db()
    assert verify_protocol(pilot) == []


def test_agreement_appears_after_the_close_and_not_before(editor, study) -> None:
    pilot = ready(
        start_pilot(actor=editor, study=study, pools=pools_of(study), emails=EXPERTS), editor
    )
    read_all(pilot)
    client, url = signed_in(editor), reverse("results:pilots", args=[study.slug])
    before = client.get(url).content.decode()
    assert "once it is closed" in before
    assert "AC1" not in before

    services.close_study(actor=editor, study=pilot)
    page = client.get(url).content.decode()

    assert "2 experts answered for 40 images" in page
    assert "in another study" not in page
    nucleus = page[page.index("Nucleus") :]
    assert re.search(r"split on 8 of 40 images", page)
    assert "10.0 % (8 of 80)" in page  # size, not judgeable
    assert "1 passes, 1 fails" in nucleus
    for arm in pilot.arms.all():
        assert arm.label not in page
    fragment = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith('<div id="pilots"')


def test_images_that_nobody_answered_are_told(editor, study) -> None:
    pilot = ready(
        start_pilot(actor=editor, study=study, pools=pools_of(study), emails=EXPERTS), editor
    )
    left = set(
        Case.objects.filter(part__study=pilot).order_by("pk").values_list("pk", flat=True)[:3]
    )
    read_all(pilot, leave=left)
    services.close_study(actor=editor, study=pilot)
    page = signed_in(editor).get(reverse("results:pilots", args=[study.slug])).content.decode()
    assert "answered for 37 of 40 images" in page
    assert "read them in another study" in page


def test_experts_and_strangers_do_not_see_it(editor, study) -> None:
    ready(start_pilot(actor=editor, study=study, pools=pools_of(study), emails=EXPERTS), editor)
    expert = Membership.objects.filter(study__purpose="pilot", role="reader").first().user
    assert expert.check_password(PASSWORD)
    for user in (expert, make_user("stranger")):
        url = reverse("results:pilots", args=[study.slug])
        assert signed_in(user).get(url).status_code == 404


def test_a_pilot_feeds_no_plan(editor, study) -> None:
    from generation.feedback.errors import FeedbackError
    from generation.feedback.evidence import _check_purpose

    pilot = start_pilot(actor=editor, study=study, pools=pools_of(study), emails=EXPERTS)
    with pytest.raises(FeedbackError):
        _check_purpose(pilot)
