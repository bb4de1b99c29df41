"""Give a reader who joins late a fair share of what the others have not read yet."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.utils import timezone

from review.studies.availability import ready_readers, seen_unblinded
from review.studies.models import Assignment, Case, Membership, Part, Session
from review.studies.randomise.keys import keyed_rank
from review.studies.services.guards import log_study
from review.studies.services.lists import stratum_of
from review.studies.services.sessions import finish_emptied

# The next cases of a list stay where they are: a reader may hold them on the screen, or be sent
# them while we look (readings.windows: the current case and three more).
KEPT_AHEAD = 8


@dataclass
class _Donor:
    """What one reader has not read: how much in all, and which cases may go to another."""

    membership: Membership
    left: int = 0
    movable: dict[int, Assignment] = field(default_factory=dict)  # by case
    loads: Counter[str] = field(default_factory=Counter)


def take_share(membership: Membership, part: Part, own: list[Case], fixed: set[str]) -> list[Case]:
    """Move unread cases from the longest lists, until none is longer than the joiner's by two.

    `own` are the cases that the joiner gets anyway, `fixed` the codes that nobody gives away
    (anchors). Strata in which the joiner has little go first. A moved case leaves its former
    list, its repeat with it: nobody had seen either. The study's row must be locked.
    """
    donors = _donors(membership, part, {case.pk for case in own}, fixed)
    mine: Counter[str] = Counter(stratum_of(case) for case in own)
    taken: dict[int, list[Assignment]] = defaultdict(list)
    secret = bytes(part.study.secret)
    while True:
        rich = max(
            (donor for donor in donors if donor.movable),
            key=lambda donor: (donor.left, donor.membership.code),
            default=None,
        )
        if rich is None or rich.left - mine.total() < 2:
            break
        moved = min(rich.movable.values(), key=lambda a: _rank(a, mine, rich.loads, secret))
        taken[rich.membership.pk].append(moved)
        mine[stratum_of(moved.case)] += 1
        rich.loads[stratum_of(moved.case)] -= 1
        rich.left -= 1
        for donor in donors:
            donor.movable.pop(moved.case_id, None)
    _take_away(membership, part, taken)
    return [assignment.case for group in taken.values() for assignment in group]


def _rank(
    assignment: Assignment, mine: Counter[str], theirs: Counter[str], secret: bytes
) -> tuple[int, int, int]:
    stratum = stratum_of(assignment.case)
    return mine[stratum], -theirs[stratum], keyed_rank(secret, "share", assignment.case.code)


def _donors(membership: Membership, part: Part, held: set[int], fixed: set[str]) -> list[_Donor]:
    readers = ready_readers(part.study).exclude(pk=membership.pk)
    known = seen_unblinded([membership.user_id])
    donors = []
    for reader in readers:
        donor = _Donor(reader)
        sessions = Session.objects.filter(
            membership=reader, part=part, is_calibration=False, finished_at=None
        )
        for session in sessions.select_for_update().order_by("pk"):
            _look_through(session, donor)
        donor.movable = {
            case: a
            for case, a in donor.movable.items()
            if case not in held and a.case.code not in fixed and a.case.image_id not in known
        }
        donors.append(donor)
    return donors


def _look_through(session: Session, donor: _Donor) -> None:
    """Add one session's unread cases to what its reader has left."""
    queued = session.assignments.filter(state=Assignment.State.QUEUED).order_by("rank")
    rows = list(queued.select_related("case__arm", "case__intended_class"))
    for at, assignment in enumerate(rows):
        if assignment.replicate:
            continue
        donor.left += 1
        donor.loads[stratum_of(assignment.case)] += 1
        if at >= KEPT_AHEAD and assignment.opened_at is None:
            donor.movable[assignment.case_id] = assignment


def _take_away(membership: Membership, part: Part, taken: dict[int, list[Assignment]]) -> None:
    """Delete the moved rows, which nobody has seen, and log who gave what."""
    for giver, moved in taken.items():
        rows = Assignment.objects.filter(
            session__membership=giver,
            session__part=part,
            case__in=[assignment.case_id for assignment in moved],
            state=Assignment.State.QUEUED,
        )
        sessions = set(rows.values_list("session", flat=True))
        rows.delete()
        finish_emptied(sessions, timezone.now())
        codes = sorted(assignment.case.code for assignment in moved)
        former = Membership.objects.get(pk=giver)
        after = {"part": part.order, "from": former.code, "to": membership.code, "cases": codes}
        log_study(None, part.study, "lists.shared", membership, after=after)
