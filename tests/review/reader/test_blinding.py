"""No byte and no query of a reader request depends on where an image comes from."""

import ast
import gzip
import json
import random
import re
import secrets
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from review.catalog.models import Pool
from review.readings import services
from review.readings.models import ReadingAnswer
from review.studies.models import Arm, Assignment, Case, CaseFeedback, Session
from review.studies.models.case import TRUTH_COLUMNS
from tests.review.reader.browsing import (
    CONFIG,
    answer_for,
    body_of,
    open_screen,
    post,
    signed_in,
)
from tests.worlds.adding import add_cases
from tests.worlds.beside import add_gallery, add_outlines
from tests.worlds.building import make_active, make_user
from tests.worlds.reading import reader_at_work
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]
TRUTH_TABLES = (
    "catalog_pool",
    "catalog_imageasset",
    "studies_arm",
    "studies_draw",
    "studies_addition",
    "studies_candidate",
    "runs_generatedimage",
)
LITERALS = re.compile(r"'(?:[^']|'')*'|\bs\d+_x\d+|\b\d+\b")  # and names of savepoints
KINDS = ["plausibility", "turing", "identify", "acceptability", "lesion"]
KINDS += ["findings", "practice", "gestalt"]


@pytest.fixture
def world():
    asked = PartPlan("identify", per_cell=1, fields={"findings": ["BAS", "EOS"]})
    overall = PartPlan(per_cell=1, fields={"gestalt": True})
    plain = [PartPlan(kind, per_cell=1) for kind in KINDS[:5]]
    world = make_study(plans=[*plain, asked, PartPlan(per_cell=1), overall])
    for part in (0, 2, 4):
        add_gallery(world, part, per_class=1)
    add_outlines(world, part=4)
    _make_practice(world.sessions[0][6])
    return world


def _make_practice(session: Session) -> None:
    """Make a session one of practice: a comment follows each answer."""
    Session.objects.filter(pk=session.pk).update(is_calibration=True)
    for case in session.part.cases.all():
        CaseFeedback.objects.create(case=case, text=f"An expert found {case.code} plausible.")


def _read_everything(client, world) -> list[tuple[str, int, tuple, bytes]]:
    """Visit every reader URL and read every part to its end, as a browser with gzip does."""
    seen = []

    def keep(name: str, answer) -> None:
        cookies = tuple((key, morsel.value) for key, morsel in answer.cookies.items())
        headers = (*answer.items(), *cookies)
        seen.append((name, answer.status_code, headers, answer.content))

    slug = world.study.slug
    for number, kind in enumerate(KINDS):
        Session.objects.filter(pk=world.sessions[0][number].pk).update(started_at=None)
        for path in ("", f"{slug}/", f"{slug}/consent", f"{slug}/start", f"{slug}/shortcuts"):
            keep(path, client.get(f"/read/{path}"))
        keep("start", client.post(f"/read/{slug}/start", {"viewport": "1280x800"}))
        news = open_screen(client, world)
        keep("screen", client.get(f"/read/{slug}/"))
        while news["state"] == "reading":
            for case in news["cases"]:
                keep(case["image"]["url"], client.get(case["image"]["url"]))
            _look_beside(client, news["cases"][0]["image"]["url"], keep)
            keep("next", client.get(f"/read/{slug}/next"))
            answer = post(client, world, answer_for(news["cases"][0], kind) | {"key": str(_key())})
            keep("submit", answer)
            news = json.loads(body_of(answer))
    keep("after", client.get(f"/read/{slug}/"))
    return seen


def _look_beside(client, url: str, keep) -> None:
    """Ask for the outline and the references of a case, whether there are any or not."""
    keep("outline", client.get(f"{url}/outline"))
    listed = client.get(f"{url}/gallery")
    keep("gallery", listed)
    for one in json.loads(body_of(listed))["classes"] if listed.status_code == 200 else ():
        for image in one["images"]:
            keep("reference", client.get(image["url"]))


def _comments(body: bytes) -> bool:
    packed = body.startswith(b"\x1f\x8b")
    return b"An expert found" in (gzip.decompress(body) if packed else body)


def _key() -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def test_no_query_of_a_reader_request_reads_the_truth(world):
    client = signed_in(world)

    with CaptureQueriesContext(connection) as captured:
        _read_everything(client, world)

    statements = [query["sql"] for query in captured.captured_queries]
    assert len(statements) > 500
    for statement in statements:
        for table in TRUTH_TABLES:
            assert table not in statement, statement
        for column in TRUTH_COLUMNS:
            assert not re.search(rf'"studies_case"\."{column}"', statement), statement


def test_hidden_classes_are_not_even_queried(world):
    client, sessions = signed_in(world), world.sessions[0]
    Session.objects.filter(pk=sessions[0].pk).update(finished_at=world.study.activated_at)
    sessions[1].part.show_intended_class = False
    sessions[1].part.save()

    with CaptureQueriesContext(connection) as captured:
        cases = open_screen(client, world)["cases"]
        client.get(f"/read/{world.study.slug}/next")

    assert {case["class_name"] for case in cases} == {""}
    assert {len(case["expectations"]) + len(case["note"]) for case in cases} == {0}
    assert not any("intended_class_id" in query["sql"] for query in captured.captured_queries)


@pytest.fixture
def same_randomness(monkeypatch):
    """Draw CSRF masks, nonces, gzip padding and row nonces from a seed, so that runs compare."""

    def reseed() -> None:
        draw = random.Random(7)
        random.seed(7)
        monkeypatch.setattr(secrets, "choice", lambda pool: pool[draw.randrange(len(pool))])
        monkeypatch.setattr(secrets, "randbelow", draw.randrange)
        monkeypatch.setattr("os.urandom", draw.randbytes)
        monkeypatch.setattr(services, "uuid4", lambda: UUID(int=draw.getrandbits(128), version=4))

    return reseed


def _swap_sources() -> None:
    """Turn every source label around and move every case to another arm."""
    for pool in Pool.objects.all():
        pool.source = "synthetic" if pool.source == "real" else "real"
        pool.save()
    arms = list(Arm.objects.order_by("pk"))
    for case in Case.objects.all():
        place = next(i for i, arm in enumerate(arms) if arm.pk == case.arm_id)
        Case.objects.filter(pk=case.pk).update(
            arm=arms[(place + 1) % len(arms)],
            prototype=3,
            round=9,
            model_version="x",
            cluster_key="y",
            stratum="z",
            inclusion_probability=0.5,
            covariates={"site": "w"},
            findings=["LYT"],
        )


def _forget_readings(world) -> None:
    """Put the study back to before the first answer, with the same addresses."""
    from review.audit import triggers

    triggers.remove("default")
    with connection.cursor() as cursor:
        for table in ("readings_readinganswer", "readings_reading"):
            cursor.execute(f"DELETE FROM {table}")
    triggers.install("default")
    Assignment.objects.update(state="queued", answered_at=None)
    Session.objects.update(finished_at=None, chain_head="0" * 64)


def test_swapping_every_source_label_changes_no_byte(world, same_randomness):
    assert "django.middleware.gzip.GZipMiddleware" in settings.MIDDLEWARE
    client = signed_in(world)
    client.defaults["HTTP_ACCEPT_ENCODING"] = "gzip"
    client.get("/read/")  # the session's refresh happens once, before both rounds
    same_randomness()
    client.cookies.pop("csrftoken", None)
    before = _read_everything(client, world)

    _swap_sources()
    _forget_readings(world)
    same_randomness()
    client.cookies.pop("csrftoken", None)
    after = _read_everything(client, world)

    assert len(before) == len(after) > 100
    for one, other in zip(before, after, strict=True):
        assert one == other, one[0]
    assert any(("Content-Encoding", "gzip") in headers for _, _, headers, _ in before)
    served = [name for name, status, _, _ in before if status == 200]
    assert {"outline", "gallery", "reference"} <= set(served)
    told = [body for name, _, _, body in before if name == "submit" and _comments(body)]
    assert len(told) == len(world.assignments(part=6))
    given = ReadingAnswer.objects.filter(question="gestalt")
    assert given.count() == len(world.assignments(part=7))


def test_swapping_every_source_label_changes_no_query(world, same_randomness):
    """Time is a channel too: real and synthetic images cost the same work, in the same order."""
    client = signed_in(world)
    client.get("/read/")

    def statements() -> list[str]:
        same_randomness()
        client.cookies.pop("csrftoken", None)
        with CaptureQueriesContext(connection) as captured:
            _read_everything(client, world)
        return [LITERALS.sub("?", query["sql"]) for query in captured.captured_queries]

    before = statements()
    _swap_sources()
    _forget_readings(world)

    assert statements() == before


def _read_added(client, slug: str) -> list[tuple[str, int, tuple, bytes]]:
    """Read the sitting that is due to its end, with a pause before each answer."""
    seen = []

    def keep(name: str, answer):
        cookies = [(key, one.value) for key, one in answer.cookies.items() if key != "messages"]
        seen.append((name, answer.status_code, (*answer.items(), *cookies), answer.content))
        return answer  # the cookie of messages is signed with the time

    keep("start", client.get(f"/read/{slug}/start"))
    keep("started", client.post(f"/read/{slug}/start", {"viewport": "1280x800"}))
    page = keep("screen", client.get(f"/read/{slug}/"))
    news = json.loads(CONFIG.search(body_of(page)).group(1))
    session = news["session"]
    while news["state"] == "reading":
        for case in news["cases"]:
            keep("image", client.get(case["image"]["url"]))
        keep("gallery", client.get(news["cases"][0]["image"]["url"] + "/gallery"))
        keep("pause", client.post(f"/read/{slug}/pause"))
        keep("paused", client.get(f"/read/{slug}/next"))
        keep("resume", client.post(f"/read/{slug}/resume"))
        body = answer_for(news["cases"][0]) | {"session": session, "key": str(_key())}
        sent = client.post(f"/read/{slug}/submit", json.dumps(body), "application/json")
        news = json.loads(body_of(keep("submit", sent)))
    keep("list", client.get("/read/"))
    return seen


@pytest.mark.parametrize("is_finished", [True, False])
def test_swapping_every_source_label_changes_no_byte_of_added_cases(same_randomness, is_finished):
    """Added behind a part that was read, and behind one that nobody has begun."""
    editor = make_user("editor", is_staff=True)
    study = make_active(editor, pool_size=20)
    reader = reader_at_work(study)
    if is_finished:
        reader.read_session()
    add_cases(editor, study, {(1, "real", "EOS"): 2, (1, "early", "BAS"): 2})
    reader.client.get("/read/")

    def read() -> list[tuple[str, int, tuple, bytes]]:
        same_randomness()
        reader.client.cookies.pop("csrftoken", None)
        reader.client.cookies.pop("messages", None)
        before = transaction.savepoint()
        seen = _read_added(reader.client, study.slug)
        transaction.savepoint_rollback(before)
        return seen

    before = read()
    _swap_sources()
    after = read()

    n_added = Case.objects.filter(candidate__isnull=False).count()
    assert sum(name == "submit" for name, *_ in before) == n_added + (0 if is_finished else 25)
    for one, other in zip(before, after, strict=True):
        assert one == other, one[0]


def test_the_swap_test_sees_a_leak(world, same_randomness, monkeypatch):
    """Break the rule on purpose: a header that depends on the source is noticed."""
    from review.reader import api
    from review.readings import image_response

    plain = api.find_rendition

    def leaking(user, public_id):
        case = Case.objects.get(assignments__public_id=public_id)
        monkeypatch.setitem(image_response.HEADERS, "X-Arm", case.arm.code)
        return plain(user, public_id)

    monkeypatch.setattr(api, "find_rendition", leaking)
    client, first = signed_in(world), world.assignments()[0]
    before = client.get(f"/read/i/{first.public_id}")
    _swap_sources()

    assert client.get(f"/read/i/{first.public_id}").items() != before.items()


def test_addresses_are_random_and_differ_between_readers():
    world = make_study(readers=2)
    mine = {a.case_id: a.public_id for a in world.assignments(0)}
    others = {a.case_id: a.public_id for a in world.assignments(1)}

    assert all(mine[case] != others[case] for case in mine)
    assert all(address.version == 4 for address in mine.values())


def test_a_payload_holds_the_allowed_fields_only(world):
    case = open_screen(signed_in(world), world)["cases"][0]

    assert set(case) == {
        *("assignment", "part", "class_name", "note", "expectations", "criteria", "full_form"),
        *("position", "total", "image", "base_revision", "answer", "calibration"),
    }
    assert set(case["image"]) == {"url", "width", "height", "media", "bits"}


@pytest.mark.parametrize("room", ["reader", "readings"])
def test_reader_code_imports_no_model_that_knows_the_source(room):
    forbidden = {"ImageAsset", "Pool", "Arm", "Draw", "Candidate", "GeneratedImage"}
    for path in (Path(settings.BASE_DIR) / "review" / room).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not forbidden & {name.name for name in node.names}, path
