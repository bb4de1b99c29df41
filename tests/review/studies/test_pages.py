"""Pages: the whole way from the form to an active study, errors, constant query counts."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from review.accounts.models import User
from review.jobs.models import Outbox
from review.studies import services, tasks
from review.studies.models import Assignment, Case, Membership, Part, Rendition, Study
from review.studies.services.design import fill_counts
from tests.worlds.building import PASSWORD, add_reader, make_active, make_draft, make_pool, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def client(editor: User) -> Client:
    client = Client(enforce_csrf_checks=False)
    client.force_login(editor)
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"studies:{name}", args=args)


def new_form(**extra: Any) -> dict[str, Any]:
    sources = {"real": "real", "early": "synthetic", "late": "synthetic"}
    pools = {f"pool_{code}": make_pool(code, kind, 8).uuid for code, kind in sources.items()}
    sizes = {"per_class_plausibility": 4, "per_class_turing": 2}
    words = {"title": "Walk", "domain": "bone_marrow", "parts": ["plausibility", "turing"]}
    return {**words, **pools, **sizes, **extra}


def test_the_whole_way_over_http(client: Client) -> None:
    answer = client.post(url("new"), new_form())
    study = Study.objects.get()
    assert answer["Location"] == url("detail", study.slug)
    page = client.post(url("invite", study.slug), {"email": "r@example.org", "role": "reader"})
    link = re.search(r'data-join-url="[^"]*(/studies/join/[^"]+)"', page.content.decode())
    assert link is not None
    reader = Client()
    joined = reader.post(link[1], {"name": "Rosa", "password": PASSWORD})
    assert joined["Location"] == reverse("reader:consent", args=[study.slug])
    services.consent(Membership.objects.get(role="reader"))
    assert client.post(url("prepare", study.slug)).status_code == 302
    for message in Outbox.objects.filter(task="review.studies.tasks.render_chunk"):
        tasks.render_chunk(*message.args)
    if client.get(url("progress", study.slug) + "?as=json").json()["stage"] == "blocked":
        reason = {"reason": "These test cells differ, and that is known."}
        assert client.post(url("override", study.slug), reason).status_code == 302
    assert client.post(url("state", study.slug, "activate")).status_code == 302
    study.refresh_from_db()
    assert study.state == "active"
    assert reader.get(reverse("reader:worklist")).status_code == 200
    assert reader.post(link[1], {"name": "Eve", "password": PASSWORD}).status_code == 410


def test_the_form_fills_the_counts_and_single_cells_win(client: Client) -> None:
    client.post(url("new"), new_form(count_plausibility_early_BAS=7))
    study = Study.objects.get()
    counts = {
        (d.part.kind, d.arm.code, d.image_class.code): d.count
        for part in study.parts.all()
        for d in part.draws.all()
    }
    assert counts["plausibility", "early", "BAS"] == 7
    assert counts["plausibility", "real", "EOS"] == 4
    turing = {arm: counts["turing", arm, "EOS"] for arm in ("real", "early", "late")}
    assert turing == {"real": 2, "early": 1, "late": 1}


def test_a_turing_part_takes_as_many_real_as_synthetic_images() -> None:
    arms = {"real": "real", "early": "synthetic", "late": "synthetic"}
    left = {("real", "BAS"): 9, ("early", "BAS"): 1, ("late", "BAS"): 4}
    counts = fill_counts("turing", arms, ["BAS"], 6, left)
    assert counts == {("real", "BAS"): 5, ("early", "BAS"): 1, ("late", "BAS"): 4}
    assert left["real", "BAS"] == 4


def test_classes_and_seed_can_be_chosen(client: Client) -> None:
    client.post(url("new"), new_form(classes=["BAS", "EOS"], seed=7, repeats_plausibility=10))
    study = Study.objects.get()
    part = study.parts.get(order=1)
    assert set(part.draws.values_list("image_class__code", flat=True)) == {"BAS", "EOS"}
    assert (study.draw_seed, part.repeat_fraction) == (7, 0.1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": " "}, "Give the study a title"),
        ({"domain": "nonsense"}, "Choose the domain"),
        ({"pool_real": "x", "pool_early": "", "pool_late": ""}, "not complete"),
        ({"count_turing_real_BAS": "many"}, "BAS from real in turing: &#x27;many&#x27; is no"),
        ({"per_class_turing": "-5"}, "Images per class in turing: &#x27;-5&#x27; is no whole"),
        ({"min_readers": "few"}, "Readers needed to start: &#x27;few&#x27; is no whole"),
        ({"purpose": "fun"}, "Purpose"),
    ],
)
def test_a_wrong_form_says_what_to_mend_and_makes_nothing(
    client: Client, wrong: dict[str, Any], said: str
) -> None:
    answer = client.post(url("new"), new_form(**wrong))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Study.objects.exists()


def test_the_counts_are_shown_before_anything_is_made(client: Client) -> None:
    sent = new_form(title="", fill="1")
    page = client.post(url("new"), sent).content.decode()
    assert 'name="count_plausibility_early_BAS" min="0" max="8" value="4"' in page
    fragment = client.post(url("new"), sent, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert 'value="4"' in fragment
    assert not Study.objects.exists()


def test_a_frozen_field_is_refused_with_409(client: Client, editor: User) -> None:
    study = make_active(editor)
    for name, args in (("settings", ()), ("part", (1,)), ("draws", (1,))):
        answer = client.post(url(name, study.slug, *args), {"title": "Other", "repeats": "10"})
        assert answer.status_code == 409, name
        assert "frozen" in answer.content.decode()


def test_saving_more_than_there_is_names_the_cells_and_by_how_much(
    client: Client, editor: User
) -> None:
    study = make_draft(editor, pool_size=6)
    sent = {"count_real_BAS": "8", "count_late_EOS": "5", "count_early_MON": "2"}
    saved = client.post(url("draws", study.slug, 1), sent, follow=True).content.decode()
    assert "Counts of part 1 saved." in saved
    assert "EOS" not in saved.split("ask for more than there is.")[1].split("</p>")[0]
    assert "BAS from real: 9 asked, 6 there, 3 too many." in saved
    less = {"count_real_BAS": "2"}
    fine = client.post(url("draws", study.slug, 1), less, follow=True).content.decode()
    assert "more than there is" not in fine


def test_a_part_is_changed_and_its_display_kept(client: Client, editor: User) -> None:
    study = make_draft(editor)
    sent = {"repeats": "20", "controls": "10", "px": "16", "jpeg_quality": "", "switches": "1"}
    assert client.post(url("part", study.slug, 1), sent).status_code == 302
    part = study.parts.get(order=1)
    assert (part.repeat_fraction, part.control_fraction) == (0.2, 0.1)
    assert part.display == {"px": 16}
    assert part.show_intended_class is False


def test_the_study_page_names_what_is_missing(client: Client, editor: User) -> None:
    study = make_draft(editor, pool_size=2)
    page = client.get(url("detail", study.slug)).content.decode()
    assert "1 of BAS in late" in page
    answer = client.post(url("prepare", study.slug))
    assert answer.status_code == 422
    assert not Case.objects.exists()


def test_a_lost_rendition_is_named_with_a_link_to_the_way_back(
    client: Client, editor: User
) -> None:
    study = prepare(editor, make_draft(editor))
    Rendition.objects.filter(pk=Rendition.objects.first().pk).delete()

    page = client.get(url("detail", study.slug)).content.decode()

    place = url("detail", study.slug) + "#back-to-draft"
    assert re.search(rf'<a href="{place}">\d+ of \d+ renditions are stored. Discard', page)
    assert 'id="back-to-draft"' in page


def test_the_planner_is_named_where_counts_are_chosen(client: Client, editor: User) -> None:
    study = make_draft(editor)
    for page in (url("new"), url("detail", study.slug)):
        assert (
            f'href="{reverse("results:planner")}">study planner'
            in client.get(page).content.decode()
        )


def test_the_audit_stands_on_a_page_and_in_json_with_both_tables(
    client: Client, editor: User
) -> None:
    study = prepare(editor, make_draft(editor))

    page = client.get(url("audit", study.slug)).content.decode()
    assert "Renditions: what readers receive" in page
    assert "The same in the files of both" in page or "Sources: what the pools" in page
    told = client.get(url("audit_json", study.slug)).json()
    assert told == {"report": study.audit_report, "override": study.audit_override}
    part = told["report"]["parts"][0]
    assert part["sources"]
    assert {cue["cue"] for cue in part["cues"]} >= {"border", "blockiness", "spectrum slope"}
    assert all(cue["meaning"].lower() in page.lower() for cue in part["cues"])


def test_every_state_has_its_page(client: Client, editor: User) -> None:
    study = make_active(editor)
    for verb in ("pause", "resume", "close"):
        assert client.post(url("state", study.slug, verb)).status_code == 302
        for name in ("detail", "audit", "protocol"):
            assert client.get(url(name, study.slug)).status_code == 200
    assert "Unblind" in client.get(url("detail", study.slug)).content.decode()


def test_a_reader_is_replaced_from_the_page(client: Client, editor: User) -> None:
    study = make_active(editor)
    refused = client.post(url("withdraw", study.slug, "R01"), {"email": "nobody"})
    assert refused.status_code == 422
    assert Membership.objects.get(study=study, code="R01").withdrawn_at is None

    page = client.post(url("withdraw", study.slug, "R01"), {"email": "new@example.org"})
    assert "/studies/join/" in page.content.decode()
    assert "R01 is withdrawn; new@example.org is invited instead." in page.content.decode()
    assert Membership.objects.get(study=study, code="R01").state == "withdrawn"
    assert study.invitations.get(email="new@example.org", accepted_at=None).role == "reader"


def test_readers_are_withdrawn_and_cases_voided_from_the_page(client: Client, editor: User) -> None:
    study = make_active(editor)
    sent = {"kind": "void", "value": "c0003", "reason": "A letter is burnt in."}
    assert client.post(url("amend", study.slug), sent).status_code == 302
    assert Case.objects.get(part__study=study, code="C0003").is_void
    assert "before: read" in client.get(url("protocol", study.slug)).content.decode()
    client.post(url("withdraw", study.slug, "R01"), {"keep_data": "1"})
    assert Membership.objects.get(study=study, code="R01").state == "withdrawn"


def test_text_of_people_is_escaped_everywhere(client: Client, editor: User) -> None:
    study = make_draft(editor)
    bad = "<script>alert(1)</script>"
    services.update_study(actor=editor, study=study, title=bad, intro=bad, consent_text=bad)
    page = client.get(url("detail", study.slug)).content.decode()
    assert bad not in page
    assert "&lt;script&gt;" in page


def count_queries(client: Client, address: str, capture: Any) -> int:
    client.get(address)
    with capture() as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_study_page_takes_the_same_queries_for_more_readers_and_cases(
    client: Client, editor: User
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def capture() -> CaptureQueriesContext:
        return CaptureQueriesContext(connection)

    study = make_active(editor)
    draft = make_draft(editor)
    counts = [count_queries(client, url("detail", s.slug), capture) for s in (study, draft)]
    listing = count_queries(client, url("list"), capture)
    for number in range(5, 9):
        add_reader(editor, study, f"more{number}")
    bigger = services.copy_study(actor=editor, study=draft)
    services.add_part(actor=editor, study=bigger, kind="identify")
    again = [count_queries(client, url("detail", s.slug), capture) for s in (study, bigger)]
    assert again == counts
    assert count_queries(client, url("list"), capture) == listing
    assert max(counts) <= 40
    assert Assignment.objects.filter(session__part__study=study).exists()


def test_an_adjudicator_is_led_to_the_queue_and_finds_it_again(editor: User) -> None:
    study = make_draft(editor)
    who = "a@example.org"
    _, token = services.invite(actor=editor, study=study, email=who, role="adjudicator")
    queue = reverse("adjudication:queue")
    guest = Client()
    joined = guest.post(url("join", token), {"name": "Ada", "password": PASSWORD})
    assert joined["Location"] == queue
    assert guest.get("/")["Location"] == queue
    page = guest.get(queue).content.decode()
    assert f'href="{queue}"' in page
    assert f'href="{url("list")}"' not in page, "an adjudicator runs no study"


def test_a_deadline_is_set_before_the_start_and_taken_out_again(
    client: Client, editor: User
) -> None:
    study = make_draft(editor)
    words = {"title": study.title, "intro": "", "consent_text": study.consent_text}

    client.post(url("settings", study.slug), words | {"deadline": "2099-01-31"})
    page = client.get(url("detail", study.slug)).content.decode()
    assert "until 31 January 2099" in page
    assert 'name="deadline" placeholder="none" value="2099-01-31"' in page

    refused = client.post(url("settings", study.slug), words | {"deadline": "31.1.2027"})
    assert refused.status_code == 422
    assert 'value="31.1.2027"' in refused.content.decode()
    assert Study.objects.get().deadline is not None

    client.post(url("settings", study.slug), words | {"deadline": ""})
    assert Study.objects.get().deadline is None


def test_a_deadline_that_has_passed_is_refused_and_kept_on_the_page(
    client: Client, editor: User
) -> None:
    study = make_draft(editor)
    words = {"title": "Another title", "intro": "", "consent_text": study.consent_text}
    refused = client.post(url("settings", study.slug), words | {"deadline": "2020-02-29"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Deadline: 29 Feb 2020, 00:00 UTC has passed; it is " in page
    assert 'name="deadline" placeholder="none" value="2020-02-29"' in page
    assert Study.objects.get().deadline is None

    stale = datetime(2020, 2, 29, tzinfo=UTC)
    Study.objects.filter(pk=study.pk).update(deadline=stale)
    client.post(url("settings", study.slug), words | {"deadline": "2020-02-29"})
    assert Study.objects.get().title == "Another title", "a deadline left as it was stops nothing"


def test_a_running_study_takes_no_deadline_that_has_passed(client: Client, editor: User) -> None:
    study = make_active(editor)
    sent = {"kind": "deadline", "value": "2020-02-29", "reason": "Two readers were ill."}
    refused = client.post(url("amend", study.slug), sent)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Deadline: 29 Feb 2020, 00:00 UTC has passed; it is " in page
    assert ">2020-02-29</textarea>" in page
    assert not study.amendments.exists()


def test_an_amended_introduction_has_lines_and_is_neither_empty_nor_endless(
    client: Client, editor: User
) -> None:
    study = make_active(editor)
    sent = {"kind": "intro", "reason": "The text was wrong."}
    for value, told in (
        ("  ", "What readers are told first: the new value is empty."),
        ("x" * 10_001, "What readers are told first: 10001 characters; at most 10000."),
    ):
        refused = client.post(url("amend", study.slug), sent | {"value": value})
        assert (refused.status_code, told in refused.content.decode()) == (422, True)
    draft = client.post(url("settings", make_draft(editor).slug), {"intro": "x" * 10_001})
    assert "10001 characters; at most 10000." in draft.content.decode()
    assert not study.amendments.exists()

    page = client.get(url("detail", study.slug)).content.decode()
    assert '<textarea id="id_amend_value" name="value"' in page
    assert (
        client.post(url("amend", study.slug), sent | {"value": "One.\n\nTwo."}).status_code == 302
    )
    study.refresh_from_db()
    assert study.intro == "One.\n\nTwo."


def test_a_refused_form_keeps_what_was_typed_and_stands_open(client: Client, editor: User) -> None:
    study = make_draft(editor)
    part = study.parts.get(order=1)

    def refused(name: str, typed: dict[str, Any], *at: object) -> str:
        answer = client.post(url(name, study.slug, *at), typed)
        assert answer.status_code == 422
        return answer.content.decode()

    typed = {"title": "  ", "intro": "Read slowly.", "min_readers": "3", "consent_text": "New."}
    page = refused("settings", typed)
    assert "<details open><summary>Title, texts" in page
    assert "Read slowly.</textarea>" in page
    assert 'name="min_readers" value="3"' in page

    page = refused("part", {"repeats": "15", "washout_days": "soon", "switches": "1"}, 1)
    assert "<details open><summary>Protocol of this part" in page
    assert page.count('name="repeats" value="15"') == 1
    assert 'name="washout_days" value="soon"' in page
    assert part.gallery == Part.objects.get(pk=part.pk).gallery

    page = refused("draws", {"count_real_BAS": "many", "match": "age group"}, 1)
    assert page.count('value="many"') == 1
    assert page.count('name="match" value="age group"') == 1

    page = refused("invite", {"email": "nobody", "role": "analyst", "experience": "10 years"})
    assert '<option value="analyst" selected>' in page
    assert 'value="10 years"' in page


def test_a_refused_withdrawal_keeps_its_reason(client: Client, editor: User) -> None:
    study = make_active(editor)
    wrong = {"reason": "moved away", "email": "nobody", "keep_data": "1"}
    page = client.post(url("withdraw", study.slug, "R01"), wrong).content.decode()
    assert "<details open><summary>R01" in page
    assert page.count('value="moved away"') == 1
