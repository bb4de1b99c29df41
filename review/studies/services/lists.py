"""Write one reader's lists for one part: the practice block, then the sittings."""

from typing import Any

from django.db.models import QuerySet

from review.studies.availability import seen_unblinded
from review.studies.models import Assignment, Case, Membership, Part, Session
from review.studies.randomise.order import Item, Order, order_cases
from review.studies.randomise.repeats import choose_share
from review.studies.randomise.sittings import order_sittings

STEP = 1 << 32  # between two ranks: room for 32 insertions at one place


def counted_cases(part: Part) -> QuerySet[Case]:
    """Return the cases whose readings count, by code; never a practice case."""
    return _cases(part).exclude(role=Case.Role.CALIBRATION)


def stratum_of(case: Case) -> str:
    return f"{case.arm.code}/{case.intended_class.code}"


def orders_of(membership: Membership, part: Part, cases: list[Case]) -> list[Order]:
    """Compute the lists of a reader from the study's secret; a test compares them with the rows."""
    secret = bytes(part.study.secret)
    main = [(case.code, stratum_of(case)) for case in cases if case.role == Case.Role.MAIN]
    repeated = choose_share(
        main, part.repeat_fraction, secret=secret, names=("repeat", part.order, membership.code)
    )
    return order_sittings(
        [item_of(case) for case in cases],
        {case.code: f"{case.role}/{stratum_of(case)}" for case in cases},
        secret=secret,
        part=part.order,
        reader=membership.code,
        sittings=part.session_count,
        repeated=repeated,
        min_gap=part.min_repeat_gap,
    )


def write_lists(membership: Membership, part: Part, cases: list[Case]) -> int:
    """Write the sessions with their assignments; a reader without cases gets no session."""
    known = seen_unblinded([membership.user_id])
    mine = [case for case in cases if case.image_id not in known]
    if not mine:
        return 0
    practice = [case for case in _practice_cases(part) if case.image_id not in known]
    lists = [(_practice_order(membership, part, practice), True)] if practice else []
    lists += [(order, False) for order in orders_of(membership, part, mine)]
    pk_of = {case.code: case.pk for case in [*practice, *mine]}
    left_out = len(cases) - len(mine)
    written = 0
    for index, (order, is_calibration) in enumerate(lists):
        note: dict[str, Any] = order.note.to_json() | {"left_out_as_known": left_out}
        session = Session.objects.create(
            membership=membership,
            part=part,
            index=index,
            is_calibration=is_calibration,
            order_note=note,
        )
        written += _write_places(session, order, pk_of)
        left_out = 0  # counted once per part
    return written


def _write_places(session: Session, order: Order, pk_of: dict[str, int]) -> int:
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


def _practice_cases(part: Part) -> list[Case]:
    return list(_cases(part).filter(role=Case.Role.CALIBRATION))


def _practice_order(membership: Membership, part: Part, practice: list[Case]) -> Order:
    return order_cases(
        [item_of(case) for case in practice],
        secret=bytes(part.study.secret),
        part=part.order,
        reader=membership.code,
    )


def _cases(part: Part) -> QuerySet[Case]:
    rows = part.cases.filter(is_void=False).order_by("code")
    return rows.select_related("arm__pool", "intended_class")


def item_of(case: Case) -> Item:
    """Return the case as the order sees it."""
    return Item(
        case=case.code,
        image_class=case.intended_class.code,
        source=case.arm.pool.source,
        is_control=case.role == Case.Role.CONTROL,
    )
