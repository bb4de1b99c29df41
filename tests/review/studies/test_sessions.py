"""Several sessions per part: balanced shares, a washout between them, repeats in a later one."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from review.accounts.models import User
from review.readings.worklist import worklist_of
from review.studies import services
from review.studies.models import Assignment, Case, Membership, Session, Study
from review.studies.randomise.order import Item, order_cases
from review.studies.randomise.sittings import order_sittings, split_cases
from tests.worlds.building import add_reader, make_draft, prepare
from tests.worlds.reading import reader_at_work

SECRET = b"s" * 32
DAYS = 7


def items_of(n: int) -> list[Item]:
    return [Item(f"C{i:04d}", f"k{i % 4}", "real" if i % 3 == 0 else "synthetic") for i in range(n)]


@given(n=st.integers(1, 120), sittings=st.integers(1, 10), strata=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_sittings_differ_by_one_case_in_total_and_in_every_stratum(
    n: int, sittings: int, strata: int
) -> None:
    strata_of = {f"C{i:04d}": f"s{i % strata}" for i in range(n)}
    place = split_cases(strata_of, sittings, secret=SECRET, names=("x",))
    for name in (None, *set(strata_of.values())):
        counts = Counter(place[case] for case in place if name in (None, strata_of[case]))
        sizes = [counts[number] for number in range(sittings)]
        assert max(sizes) - min(sizes) <= 1


@given(n=st.integers(30, 150), sittings=st.integers(1, 4), share=st.sampled_from([0.0, 0.1, 0.2]))
@settings(max_examples=40, deadline=None)
def test_every_case_comes_once_and_repeats_come_a_sitting_later(
    n: int, sittings: int, share: float
) -> None:
    items = items_of(n)
    repeated = frozenset(item.case for item in items[: int(share * n)])
    orders = order_sittings(
        items,
        {item.case: item.image_class for item in items},
        secret=SECRET,
        part=1,
        reader="R01",
        sittings=sittings,
        repeated=repeated,
        min_gap=5,
    )
    at = {
        (placed.item.case, placed.replicate): (number, place)
        for number, order in enumerate(orders)
        for place, placed in enumerate(order.places)
    }
    assert len(at) == n + len(repeated) == sum(len(order.places) for order in orders)
    before = [0]
    for order in orders:
        before.append(before[-1] + len(order.places))
    for case in repeated:
        (first, one), (second, other) = at[case, 0], at[case, 1]
        assert second == min(first + 1, sittings - 1)
        assert before[second] + other - before[first] - one >= 5


def test_one_sitting_is_the_order_that_was_there_before() -> None:
    items = items_of(60)
    repeated = frozenset(item.case for item in items[:9])
    strata = {item.case: item.image_class for item in items}
    names = {"secret": SECRET, "part": 1, "reader": "R01", "repeated": repeated, "min_gap": 20}
    assert order_sittings(items, strata, sittings=1, **names) == [order_cases(items, **names)]


@pytest.fixture
def active(editor: User) -> Study:
    study = make_draft(editor, per_class=3, real=3)
    part = study.parts.get(order=1)
    services.update_part(
        actor=editor, part=part, session_count=2, washout_days=DAYS, repeat_fraction=0.2
    )
    add_reader(editor, study)
    return services.activate_study(actor=editor, study=prepare(editor, study))


def sessions_of(study: Study, part: int = 1, code: str = "R01") -> list[Session]:
    mine = Session.objects.filter(membership__study=study, membership__code=code)
    return list(mine.filter(part__order=part).order_by("index"))


@pytest.mark.database
@pytest.mark.django_db
def test_lists_are_split_and_balanced_over_strata(active: Study) -> None:
    one, two = sessions_of(active)
    cells = [
        Counter(
            session.assignments.filter(replicate=0, case__role="main").values_list(
                "case__arm__code", "case__intended_class__code"
            )
        )
        for session in (one, two)
    ]
    assert all(abs(cells[0][cell] - cells[1][cell]) <= 1 for cell in cells[0] | cells[1])
    assert not one.assignments.filter(replicate=1).exists()
    again = two.assignments.filter(replicate=1).values_list("case", flat=True)
    assert again.filter(case__in=one.assignments.values("case")).exists()


@pytest.mark.database
@pytest.mark.django_db
def test_the_next_session_opens_days_after_the_one_before(active: Study) -> None:
    reader = reader_at_work(active)
    page = reader.client.get(f"/read/{active.slug}/start").content.decode()
    assert "session 1 of 2" in page
    reader.start()
    screen = reader.client.get(f"/read/{active.slug}/").content.decode()
    assert "Session 1 of 2 is finished" in screen
    assert "Part 1 is finished" not in screen
    done = reader.read_session()
    assert done[-1][1]["state"] == "washout"
    _, second = sessions_of(active)
    opens = timezone.now() + timedelta(days=DAYS)
    assert abs(second.not_before - opens) < timedelta(minutes=5)
    row = worklist_of(Membership.objects.get(study=active, code="R01").user)[0]
    assert (row.situation, row.opens_at) == ("washout", second.not_before)
    text = reader.client.get("/read/").content.decode()
    assert "The next session opens on" in text
    assert f"{second.not_before:%B %Y}" in text
    ahead = second.assignments.order_by("rank").first()
    assert reader.client.get(f"/read/i/{ahead.public_id}").status_code == 404

    Session.objects.filter(pk=second.pk).update(not_before=timezone.now() - timedelta(hours=1))
    page = reader.client.get(f"/read/{active.slug}/start").content.decode()
    assert "session 2 of 2" in page
    assert len(reader.read_session()) == second.assignments.count()
    assert sessions_of(active, part=2)[0].not_before is None


@pytest.mark.database
@pytest.mark.django_db
def test_no_washout_between_practice_and_its_part(editor: User) -> None:
    study = make_draft(editor, pool_size=9)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, calibration_count=2, washout_days=DAYS)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    reader_at_work(study).read_session()
    assert sessions_of(study)[1].not_before is None


@pytest.mark.database
@pytest.mark.django_db
def test_voiding_the_rest_of_a_session_starts_the_pause(editor: User, active: Study) -> None:
    first, second = sessions_of(active)
    for case in Case.objects.filter(assignments__session=first):
        services.void_case(actor=editor, case=case, reason="A burnt-in letter is visible.")
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.finished_at is not None
    assert second.not_before is not None


@pytest.mark.database
@pytest.mark.django_db
def test_cases_of_a_drop_out_enter_the_last_sessions_once(editor: User) -> None:
    study = make_draft(editor, per_class=3, real=3)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, session_count=3, readings_per_case=2)
    for name in ("ann", "bob", "cem"):
        add_reader(editor, study, name)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    before = {
        s.pk: list(s.assignments.order_by("rank").values_list("pk", flat=True))
        for code in ("R01", "R02")
        for s in sessions_of(study, code=code)
    }
    gone = Membership.objects.get(study=study, code="R03")
    services.withdraw_reader(actor=editor, membership=gone, keep_data=False, reason="moved away")
    for code in ("R01", "R02"):
        cases = Assignment.objects.filter(session__in=sessions_of(study, code=code))
        held = Counter(cases.values_list("case", flat=True))
        assert set(held.values()) == {1}
        assert len(held) == part.cases.count()
        *early, _ = sessions_of(study, code=code)
        for session in early:
            assert (
                list(session.assignments.order_by("rank").values_list("pk", flat=True))
                == (before[session.pk])
            )
