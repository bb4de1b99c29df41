"""Practice cases: drawn apart, read first, answered with feedback, counted nowhere."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from review.accounts.models import User
from review.catalog.models import Pool
from review.readings.adjudication.services import fill_queue
from review.readings.models import Adjudication, Reading
from review.results.flow import study_flow
from review.results.rows import reading_rows
from review.studies import services
from review.studies.errors import BadProtocol, NotReady
from review.studies.models import Case, CaseFeedback, Membership, Session, Study
from review.studies.protocol import verify_protocol
from review.studies.selectors.checklist import draft_checklist
from review.studies.services.calibration import feedback_text
from review.studies.services.draw import draw_images
from tests.review.reader.browsing import answer_for
from tests.worlds.building import CLASSES, add_reader, make_draft, make_pool, prepare
from tests.worlds.reading import reader_at_work

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def practising(editor: User, count: int = 4, **sizes: int) -> Study:
    """Return a draft whose plausibility part has practice cases."""
    study = make_draft(editor, **{"pool_size": 9} | sizes)
    part = study.parts.get(kind="plausibility")
    services.update_part(actor=editor, part=part, calibration_count=count)
    return study


@pytest.fixture
def active(editor: User) -> Study:
    study = practising(editor)
    add_reader(editor, study)
    return services.activate_study(actor=editor, study=prepare(editor, study))


def practice_cases(study: Study) -> list[Case]:
    cases = Case.objects.filter(part__study=study, role="calibration")
    return list(cases.select_related("image__image_class", "intended_class", "arm__pool"))


def test_practice_cases_are_real_unused_images_and_both_answers_occur(active: Study) -> None:
    cases = practice_cases(active)
    others = Case.objects.filter(part__study=active).exclude(role="calibration")
    assert len(cases) == 4
    assert {case.arm.pool.source for case in cases} == {"real"}
    hashes = {case.image.pixel_sha256 for case in cases}
    assert not others.filter(image__pixel_sha256__in=hashes).exists()
    assert {case.expected["verdict"] for case in cases} == {True, False}
    for case in cases:
        is_own = case.intended_class == case.image.image_class
        assert case.expected == {"verdict": is_own, "class": case.image.image_class.code}
        confusable = case.image.image_class.confusable
        assert is_own or case.intended_class.code not in confusable


def test_images_of_an_expert_verified_pool_come_first(editor: User) -> None:
    study = practising(editor)
    bank = make_pool("bank", per_class=3, origin={"verified_by": "two haematologists"})
    services.add_arm(actor=editor, study=study, pool=bank, code="bank")
    prepare(editor, study)
    cases = practice_cases(study)
    assert {case.arm.code for case in cases} == {"bank"}
    assert len({case.image.image_class_id for case in cases}) == 4
    texts = CaseFeedback.objects.filter(case__in=cases).values_list("text", flat=True)
    assert all("Experts verified" in text for text in texts)


def test_no_study_shows_or_practises_with_those_images_again(editor: User, active: Study) -> None:
    first = {case.image.pixel_sha256 for case in practice_cases(active)}
    twin = services.copy_study(actor=editor, study=active)
    prepare(editor, twin)
    assert not Case.objects.filter(part__study=twin, image__pixel_sha256__in=first).exists()
    assert len(practice_cases(twin)) == 4


def test_no_feedback_on_what_a_blind_study_shows(editor: User, active: Study) -> None:
    hashes = Case.objects.filter(part__study=active).values_list("image__pixel_sha256", flat=True)
    shown = set(hashes)
    twin = services.copy_study(actor=editor, study=active)
    part = twin.parts.get(kind="plausibility")
    services.update_part(actor=editor, part=part, calibration_count=40)
    ones = {(arm, name): 1 for arm in ("real", "late") for name in CLASSES}
    services.set_draws(actor=editor, part=part, counts=ones)
    drawn = draw_images(twin)
    practice = {p.image.pixel_sha256 for p in drawn.picked if p.role == "calibration"}
    assert practice
    assert not practice & shown
    assert f"{len(practice)} real images are left" in drawn.problems[0]


def test_the_checklist_and_prepare_name_missing_practice_images(editor: User) -> None:
    study = practising(editor, count=40)
    item = next(item for item in draft_checklist(study) if item.key == "practice-1")
    assert (item.state, item.link) == ("bad", f"/studies/{study.slug}/#part-1")
    assert "asks for 40 practice cases" in item.text
    with pytest.raises(NotReady, match="40 practice cases"):
        services.prepare_study(actor=editor, study=study)
    services.remove_arm(actor=editor, arm=study.arms.get(code="real"))
    texts = [item.text for item in draft_checklist(study) if item.key == "practice"]
    assert texts == [
        "Practice cases are real images, and no arm has any: add a real pool as an arm."
    ]


def test_an_unverified_pool_is_a_warning_with_a_remedy(editor: User) -> None:
    keys = {item.key: item for item in draft_checklist(practising(editor))}
    assert keys["practice-1"].state == "ok"
    assert keys["practice-verified"].state == "warn"
    assert "--verified-by" in keys["practice-verified"].text


@pytest.mark.parametrize(
    ("kind", "fields", "why"),
    [
        ("turing", {"calibration_count": 4}, "spot synthetic images"),
        ("acceptability", {"calibration_count": 4}, "no right degree|No image has a right degree"),
        ("plausibility", {"calibration_count": 1}, "both answers occur"),
        ("plausibility", {"calibration_count": 41}, "2 to 40"),
        ("lesion", {"calibration_count": 4, "show_intended_class": False}, "asked class"),
        ("plausibility", {"session_count": 11}, "1 to 10"),
        ("plausibility", {"session_count": 0}, "1 to 10"),
    ],
)
def test_what_cannot_be_practised_is_refused(
    editor: User, kind: str, fields: dict, why: str
) -> None:
    study = make_draft(editor)
    with pytest.raises(BadProtocol, match=why):
        services.add_part(actor=editor, study=study, kind=kind, **fields)


def test_a_whole_practice_block(active: Study) -> None:
    reader = reader_at_work(active)
    seat = Membership.objects.get(study=active, code="R01")
    page = reader.client.get(f"/read/{active.slug}/start").content.decode()
    assert "Practice: answers here are not counted" in page
    assert "reopen the image before" not in page
    reader.start()
    screen = reader.client.get(f"/read/{active.slug}/").content.decode()
    assert "The practice is over" in screen
    assert "Part 1 is finished" not in screen
    seat.refresh_from_db()
    assert seat.state == "calibrating"
    config = reader.config()
    assert (config["calibration"], config["revise_window"], config["session"]) == (True, 0, "1.0")
    assert all(case["calibration"] for case in config["cases"])

    done = reader.read_session()

    assert len(done) == 4
    told = {answer["feedback"] for _, answer in done}
    assert told <= set(CaseFeedback.objects.values_list("text", flat=True))
    assert done[-1][1]["state"] == "part_done"
    seat.refresh_from_db()
    assert seat.state == "reading"
    reader.start()
    config = reader.config()
    assert (config["calibration"], config["session"], config["past"]) == (False, "1.1", [])
    answer = reader.submit(answer_for(config["cases"][0]) | {"session": "1.1"}).json()
    assert "feedback" not in answer
    assert not any(case["calibration"] for case in answer["cases"])


def test_no_answer_is_changed_after_its_feedback(active: Study) -> None:
    reader = reader_at_work(active)
    reader.start()
    case = reader.config()["cases"][0]
    body = answer_for(case)
    first = reader.submit(body).json()
    revised = reader.submit(answer_for(case) | {"base_revision": 1})
    assert revised.status_code == 409
    assert revised.json()["error"] == "window"
    assert reader.client.get(case["image"]["url"]).status_code == 404
    assert reader.client.get(f"/read/{active.slug}/next").json()["past"] == []
    replayed = reader.submit(body).json()
    assert (replayed["status"], replayed["feedback"]) == ("replayed", first["feedback"])
    assert Reading.objects.count() == 1


def test_practice_is_counted_nowhere(editor: User, active: Study) -> None:
    services.add_member(
        actor=editor, study=active, user=User.objects.create_user("a@b.org"), role="adjudicator"
    )
    reader = reader_at_work(active)
    reader.start()
    case = reader.config()["cases"][0]
    flagged = answer_for(case)
    flagged["answer"]["flags"] = [{"kind": "technical", "text": "smear"}]
    reader.submit(flagged)
    reader.read_session()
    fill_queue(actor=editor, study=active)
    assert not Adjudication.objects.exists()
    rows = list(reading_rows(active))
    assert "calibration" not in {row["role"] for row in rows}
    assert {row["session"] for row in rows if row["part"] == 1} == {1}
    assert min(row["position"] for row in rows) == 1
    flow = study_flow(active, rows)["parts"][0]
    assert flow["calibration"] == 4
    assert flow["cases"] == flow["assigned"] == len([row for row in rows if row["part"] == 1])


def test_feedback_is_read_after_the_answer_and_reads_no_truth(active: Study) -> None:
    reader = reader_at_work(active)
    reader.start()
    with CaptureQueriesContext(connection) as before:
        case = reader.config()["cases"][0]
        reader.client.get(f"/read/{active.slug}/next")
    with CaptureQueriesContext(connection) as at_submit:
        reader.submit(answer_for(case))
    told = "studies_casefeedback"
    assert not any(told in query["sql"] for query in before.captured_queries)
    statements = [query["sql"] for query in at_submit.captured_queries]
    reading = next(at for at, sql in enumerate(statements) if "readings_reading" in sql)
    assert min(at for at, sql in enumerate(statements) if told in sql) > reading
    for statement in statements:
        assert '"expected"' not in statement
        assert "studies_arm" not in statement
        assert "catalog_imageasset" not in statement


@pytest.mark.parametrize("kind", ["plausibility", "lesion", "identify"])
@pytest.mark.parametrize("is_verified", [True, False])
def test_feedback_says_verdict_and_class_and_never_the_source(kind: str, is_verified: bool) -> None:
    for named in ("Basophil", "Eosinophil"):
        text = feedback_text(kind, own="Basophil", named=named, is_verified=is_verified)
        assert "Basophil" in text
        assert text.count(".") <= 2
        assert not {"real", "synthetic", "generated", "photographed"} & set(text.lower().split())


def test_feedback_is_part_of_the_frozen_protocol(active: Study) -> None:
    assert verify_protocol(active) == []
    CaseFeedback.objects.filter(pk=CaseFeedback.objects.first().pk).update(text="Expected: none.")
    assert verify_protocol(active) == ["feedback_sha256 differs from the frozen protocol."]


def test_a_swapped_source_changes_no_feedback(active: Study) -> None:
    reader = reader_at_work(active)
    reader.start()
    case = reader.config()["cases"][0]
    Pool.objects.filter(source="real").update(source="synthetic")
    told = reader.submit(answer_for(case)).json()["feedback"]
    kept = CaseFeedback.objects.get(case__assignments__public_id=case["assignment"])
    assert told == kept.text


def test_a_late_joiner_practises_too(editor: User, active: Study) -> None:
    late = add_reader(editor, active, "late")
    first = late.sessions.get(part__order=1, index=0)
    assert first.is_calibration
    assert first.assignments.count() == 4
    assert Session.objects.filter(is_calibration=True).count() == 2


def test_discarding_frees_the_practice_images(editor: User) -> None:
    study = prepare(editor, practising(editor))
    services.discard_prepare(actor=editor, study=study)
    assert not CaseFeedback.objects.exists()
    prepare(editor, study)
    assert len(practice_cases(study)) == 4
