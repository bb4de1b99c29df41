"""Write every reader's list before the first reading: the truth of who reads what, and when."""

from collections import defaultdict
from typing import Any

from django.db.models import Count, Max, QuerySet

from review.studies.availability import ready_readers, seen_unblinded
from review.studies.models import Assignment, Case, Membership, Part, Session, Study
from review.studies.randomise.blocks import assign_blocks
from review.studies.randomise.keys import keyed_fraction
from review.studies.randomise.order import Item, Order, order_cases
from review.studies.randomise.repeats import choose_share

STEP = 1 << 32  # between two ranks: room for 32 insertions at one place


def assign_all(study: Study) -> int:
    """Write the missing lists of all ready readers; nobody has read yet. Returns the rows written.

    In a part where k of the readers read each case, a changed set of readers changes the blocks:
    its lists are made anew.
    """
    readers = list(ready_readers(study))
    written = 0
    for part in _parts(study):
        if part.readings_per_case and _reader_set(part) != {r.pk for r in readers}:
            part.sessions.all().delete()
        have = _reader_set(part)
        missing = [reader for reader in readers if reader.pk not in have]
        if missing:
            written += _assign_part(part, missing, readers)
    return written


def assign_reader(membership: Membership) -> int:
    """Write the lists of a reader who joins while others may be reading already."""
    written = 0
    for part in _parts(membership.study):
        if not part.sessions.filter(membership=membership).exists():
            cases = list(_cases(part))
            if part.readings_per_case:
                wanted = {case.pk for case, _ in short_cases(part)}
                anchors = anchors_of(part)
                cases = [case for case in cases if case.pk in wanted or case.code in anchors]
            written += _write_list(membership, part, cases)
    return written


def order_of(membership: Membership, part: Part, cases: list[Case]) -> Order:
    """Compute the list of a reader from the study's secret; a test compares it with the rows."""
    secret = bytes(part.study.secret)
    names: dict[str, Any] = {"secret": secret, "part": part.order, "reader": membership.code}
    main = [(case.code, _stratum(case)) for case in cases if _is_main(case)]
    repeated = choose_share(
        main, part.repeat_fraction, secret=secret, names=("repeat", part.order, membership.code)
    )
    items = [
        Item(
            case=case.code,
            image_class=case.intended_class.code,
            source=case.arm.pool.source,
            is_control=not _is_main(case),
        )
        for case in cases
    ]
    return order_cases(items, **names, repeated=repeated, min_gap=part.min_repeat_gap)


def _stratum(case: Case) -> str:
    return f"{case.arm.code}/{case.intended_class.code}"


def _is_main(case: Case) -> bool:
    return case.role == Case.Role.MAIN


def _parts(study: Study) -> list[Part]:
    return list(study.parts.select_related("study").order_by("order"))


def _cases(part: Part) -> QuerySet[Case]:
    rows = part.cases.filter(is_void=False).order_by("code")
    return rows.select_related("arm__pool", "intended_class")


def _reader_set(part: Part) -> set[int]:
    return set(part.sessions.values_list("membership", flat=True))


def _assign_part(part: Part, missing: list[Membership], readers: list[Membership]) -> int:
    cases = list(_cases(part))
    strata = [(case.code, _stratum(case)) for case in cases]
    blocks = assign_blocks(
        strata,
        [reader.code for reader in readers],
        part.readings_per_case,
        secret=bytes(part.study.secret),
    )
    anchors = anchors_of(part)
    written = 0
    for reader in missing:
        mine = [c for c in cases if reader.code in blocks[c.code] or c.code in anchors]
        written += _write_list(reader, part, mine)
    return written


def _write_list(membership: Membership, part: Part, cases: list[Case]) -> int:
    """Write one session with its assignments; a reader without cases gets no session."""
    known = seen_unblinded([membership.user_id])
    mine = [case for case in cases if case.image_id not in known]
    if not mine:
        return 0
    order = order_of(membership, part, mine)
    note: dict[str, Any] = order.note.to_json() | {"left_out_as_known": len(cases) - len(mine)}
    session = Session.objects.create(membership=membership, part=part, order_note=note)
    pk_of = {case.code: case.pk for case in mine}
    rows = [
        Assignment(
            session=session,
            case_id=pk_of[placed.item.case],
            rank=(at + 1) * STEP,
            replicate=placed.replicate,
        )
        for at, placed in enumerate(order.places)
    ]
    return len(Assignment.objects.bulk_create(rows, batch_size=1000))


def anchors_of(part: Part) -> frozenset[str]:
    """Return the main cases that everybody reads although each case is read by k readers."""
    main = part.cases.filter(role=Case.Role.MAIN).select_related("arm", "intended_class")
    strata = [(case.code, _stratum(case)) for case in main.order_by("code")]
    names = ("anchor", part.order)
    return choose_share(strata, part.anchor_fraction, secret=bytes(part.study.secret), names=names)


def short_cases(part: Part) -> list[tuple[Case, int]]:
    """Return the cases that fewer than k readers have on their lists, with how many are short."""
    held = (
        Assignment.objects.filter(session__part=part, replicate=0)
        .exclude(state=Assignment.State.VOID)
        .filter(session__membership__in=_whose_data_count(part.study))
        .values_list("case")
        .annotate(n=Count("pk"))
        .order_by()
    )
    counts: dict[int, int] = defaultdict(int, dict(held))
    k = part.readings_per_case
    return [(case, k - counts[case.pk]) for case in _cases(part) if counts[case.pk] < k]


def _whose_data_count(study: Study) -> QuerySet[Membership]:
    readers = Membership.objects.filter(study=study, role=Membership.Role.READER)
    return readers.exclude(withdrawn_at__isnull=False, keep_data=False)


def add_to_tail(session: Session, case: Case) -> Assignment:
    """Put a case at a keyed place of the session's unread tail; nothing else moves."""
    secret = bytes(session.part.study.secret)
    unread = session.assignments.filter(state=Assignment.State.QUEUED, opened_at=None)
    ranks = list(unread.order_by("rank").values_list("rank", flat=True))
    last = session.assignments.aggregate(last=Max("rank"))["last"] or 0
    edges = [*ranks, max(last, *ranks, 0) + 2 * STEP]
    names = (session.part.order, session.membership.code, case.code, 0)
    at = int(keyed_fraction(secret, *names) * len(edges))
    before = _rank_before(session, edges[at])
    Session.objects.filter(pk=session.pk).update(finished_at=None)
    return Assignment.objects.create(
        session=session, case=case, rank=before + (edges[at] - before) // 2
    )


def _rank_before(session: Session, rank: int) -> int:
    earlier = session.assignments.filter(rank__lt=rank).aggregate(last=Max("rank"))["last"]
    return int(earlier or 0)
