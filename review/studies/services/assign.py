"""Who reads which cases: written before the first reading, evened out when somebody joins late."""

from collections import defaultdict

from django.db.models import Count, F, Max, QuerySet

from review.studies.availability import ready_readers
from review.studies.models import Assignment, Case, Membership, Part, Session, Study
from review.studies.randomise.blocks import assign_blocks
from review.studies.randomise.keys import keyed_fraction
from review.studies.randomise.repeats import choose_share
from review.studies.services.lists import STEP, counted_cases, stratum_of, write_lists
from review.studies.services.sessions import settle_seat
from review.studies.services.share import take_share
from review.studies.services.tails import tail_session


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
    """Write the lists of a reader who joins while others may be reading already.

    Where k readers read each case, the joiner gets the cases that are short of readers, the
    anchors, and a fair share of what the others have not read yet.
    """
    written = 0
    for part in _parts(membership.study):
        if not part.sessions.filter(membership=membership).exists():
            cases = list(counted_cases(part))
            if part.readings_per_case:
                cases = _late_cases(membership, part, cases)
            written += write_lists(membership, part, cases)
    return written


def _late_cases(membership: Membership, part: Part, cases: list[Case]) -> list[Case]:
    short = {case.pk for case, _ in short_cases(part)}
    anchors = anchors_of(part)
    own = [case for case in cases if case.pk in short or case.code in anchors]
    taken = {case.pk for case in take_share(membership, part, own, set(anchors))}
    taken.update(case.pk for case in own)
    return [case for case in cases if case.pk in taken]


def _parts(study: Study) -> list[Part]:
    return list(study.parts.select_related("study").order_by("order"))


def _reader_set(part: Part) -> set[int]:
    return set(part.sessions.values_list("membership", flat=True))


def _assign_part(part: Part, missing: list[Membership], readers: list[Membership]) -> int:
    cases = list(counted_cases(part))
    strata = [(case.code, stratum_of(case)) for case in cases]
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
        written += write_lists(reader, part, mine)
    return written


def anchors_of(part: Part) -> frozenset[str]:
    """Return the main cases that everybody reads although each case is read by k readers.

    Each addition has its own share, so that the anchors of before stay what they are.
    """
    main = part.cases.filter(role=Case.Role.MAIN).select_related("arm", "intended_class")
    groups: dict[int | None, list[tuple[str, str]]] = defaultdict(list)
    for case in main.annotate(addition=F("candidate__addition")).order_by("code"):
        groups[case.addition].append((case.code, stratum_of(case)))
    secret, names = bytes(part.study.secret), ("anchor", part.order)
    shares = [
        choose_share(strata, part.anchor_fraction, secret=secret, names=names)
        for strata in groups.values()
    ]
    return frozenset().union(*shares)


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
    return [(case, k - counts[case.pk]) for case in counted_cases(part) if counts[case.pk] < k]


def _whose_data_count(study: Study) -> QuerySet[Membership]:
    readers = Membership.objects.filter(study=study, role=Membership.Role.READER)
    return readers.exclude(withdrawn_at__isnull=False, keep_data=False)


def add_to_tail(session: Session, case: Case) -> Assignment:
    """Put a case at a keyed place of the session's unread tail; nothing else moves.

    Whoever has finished the part gets a sitting of its own for it, and a complete seat reads on.
    """
    session = tail_session(session.membership, session.part)
    secret = bytes(session.part.study.secret)
    unread = session.assignments.filter(state=Assignment.State.QUEUED, opened_at=None)
    ranks = list(unread.order_by("rank").values_list("rank", flat=True))
    last = session.assignments.aggregate(last=Max("rank"))["last"] or 0
    edges = [*ranks, max(last, *ranks, 0) + 2 * STEP]
    names = (session.part.order, session.membership.code, case.code, 0)
    at = int(keyed_fraction(secret, *names) * len(edges))
    before = _rank_before(session, edges[at])
    added = Assignment.objects.create(
        session=session, case=case, rank=before + (edges[at] - before) // 2
    )
    settle_seat(session.membership_id)
    return added


def _rank_before(session: Session, rank: int) -> int:
    earlier = session.assignments.filter(rank__lt=rank).aggregate(last=Max("rank"))["last"]
    return int(earlier or 0)
