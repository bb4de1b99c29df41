"""Which readers get which added cases, and where: behind everything that stands on their lists.

A reader who is in the part, or has not begun it, reads on into the added cases. One who has
finished it gets a sitting of its own for them, which does not interrupt what is under way.
"""

from dataclasses import dataclass

from django.db.models import Max

from review.studies.availability import ready_readers, seen_unblinded, unpaused_readers
from review.studies.models import Assignment, Case, Membership, Part, Session
from review.studies.randomise.blocks import spread_added
from review.studies.randomise.repair import FIRST_MAIN
from review.studies.randomise.tail import order_tail
from review.studies.services.assign import anchors_of
from review.studies.services.lists import STEP, item_of, stratum_of
from review.studies.services.sessions import settle_seat
from review.studies.services.tails import tail_session


@dataclass
class _Reader:
    """A ready reader, what is left on the list of the part, and which added cases are known."""

    seat: Membership
    unread: int
    known: frozenset[str]


def list_added(part: Part, cases: list[Case]) -> int:
    """Write the added cases of a part to the tails of its readers; returns the rows written.

    The study's row must be locked. Where every reader reads every case, paused readers get theirs
    too; where k do, the shortest unread lists do, and a paused reader is asked on going on.
    """
    readers = [_reader(part, seat, cases) for seat in ready_readers(part.study)]
    chosen = _spread(part, cases, readers) if part.readings_per_case else None
    written = 0
    for reader in readers:
        mine = [
            case
            for case in cases
            if case.code not in reader.known
            and (chosen is None or reader.seat.code in chosen[case.code])
        ]
        left_out = len(reader.known) if chosen is None else 0
        if mine:
            written += _append(tail_session(reader.seat, part), mine, left_out)
            settle_seat(reader.seat.pk)
    return written


def _reader(part: Part, seat: Membership, cases: list[Case]) -> _Reader:
    seen = seen_unblinded([seat.user_id])
    queued = Assignment.objects.filter(
        session__membership=seat, session__part=part, state=Assignment.State.QUEUED
    )
    known = frozenset(case.code for case in cases if case.image_id in seen)
    return _Reader(seat, queued.filter(session__is_calibration=False).count(), known)


def _spread(part: Part, cases: list[Case], readers: list[_Reader]) -> dict[str, set[str]]:
    """Return code -> readers: k of those who read now; everybody for the anchors among them."""
    secret = bytes(part.study.secret)
    unpaused = set(unpaused_readers(part.study).values_list("code", flat=True))
    able = {reader.seat.code: reader for reader in readers if reader.seat.code in unpaused}
    spread = spread_added(
        [(case.code, stratum_of(case)) for case in cases],
        {code: reader.unread for code, reader in able.items()},
        part.readings_per_case,
        secret=secret,
        barred={code: reader.known for code, reader in able.items()},
    )
    anchors = anchors_of(part)
    everybody = {reader.seat.code for reader in readers}
    return {code: everybody if code in anchors else set(who) for code, who in spread.items()}


def _append(session: Session, cases: list[Case], left_out: int) -> int:
    """Put cases behind the last place of a sitting, in the order of their keys; nothing moves."""
    part, code = session.part, session.membership.code
    standing = session.assignments.exclude(state=Assignment.State.VOID).order_by("-rank")
    near = standing.select_related("case__arm__pool", "case__intended_class")
    before = near[: max(FIRST_MAIN, len(cases))][::-1]  # no run reaches further back
    tail = order_tail(
        [item_of(row.case) for row in before],
        [item_of(case) for case in cases],
        secret=bytes(part.study.secret),
        part=part.order,
        reader=code,
    )
    last = session.assignments.aggregate(last=Max("rank"))["last"] or 0
    pk_of = {case.code: case.pk for case in cases}
    rows = [
        Assignment(session=session, case_id=pk_of[item.case], rank=last + at * STEP)
        for at, item in enumerate(tail.items, start=1)
    ]
    note = dict(session.order_note)
    note["tails"] = [*note.get("tails", []), tail.note.to_json()]
    note["left_out_as_known"] = note.get("left_out_as_known", 0) + left_out
    Session.objects.filter(pk=session.pk).update(order_note=note)
    return len(Assignment.objects.bulk_create(rows, batch_size=1000))
