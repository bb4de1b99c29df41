"""Fill the queue and take votes. Readings are never changed by an adjudication."""

from collections import defaultdict
from typing import Any

from django.db import transaction
from django.db.models import TextChoices

from review.audit.services import log_event, study_chain
from review.readings.adjudication.errors import NotAdjudicator, QueueClosed
from review.readings.adjudication.rules import majority, rule_for
from review.readings.models import Adjudication, AdjudicationVote, CaseFlag, Reading
from review.studies.models import Membership, Part, Study

JUDGED_PARTS = (Part.Kind.PLAUSIBILITY, Part.Kind.LESION)


class Vote(TextChoices):
    """What an adjudicator may say."""

    PLAUSIBLE = "plausible"
    IMPLAUSIBLE = "implausible"
    CANNOT_JUDGE = "cannot_judge", "cannot be judged"


@transaction.atomic
def fill_queue(*, actor: Any, study: Study) -> int:
    """Send the study's disputed, split and flagged cases to adjudicators; return how many are new.

    Safe to repeat. Raises QueueClosed once the study is unblinded.
    """
    _ensure_open(study)
    verdicts = _verdicts(study)
    flags = _flags(study)
    found = {pk: rule_for(verdicts[pk], flags[pk]) for pk in verdicts.keys() | flags.keys()}
    known = set(Adjudication.objects.filter(case_id__in=found).values_list("case_id", flat=True))
    rows = [
        Adjudication(case_id=pk, rule=rule)
        for pk, rule in sorted(found.items())
        if rule and pk not in known
    ]
    Adjudication.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        log_event(
            actor=actor,
            verb="adjudication.queued",
            obj=study,
            chain=study_chain(study.pk),
            after={"cases": len(rows)},
        )
    return len(rows)


def fill_waiting_queues() -> int:
    """Fill the queue of every blind study that has an adjudicator; return how many are new."""
    seats = Membership.objects.filter(role=Membership.Role.ADJUDICATOR, withdrawn_at=None)
    blind = [Study.State.ACTIVE, Study.State.PAUSED, Study.State.CLOSED]
    studies = Study.objects.filter(pk__in=seats.values("study"), state__in=blind)
    return sum(fill_queue(actor=None, study=study) for study in studies)


@transaction.atomic
def cast_vote(
    *, adjudicator: Any, adjudication: Adjudication, value: str, rationale: str = ""
) -> AdjudicationVote:
    """Store one adjudicator's opinion once; the majority of the seats resolves the case.

    Raises NotAdjudicator, QueueClosed, or ValueError for a value that is not offered.
    """
    alone = Study.objects.select_for_update(of=("self",))  # no unblinding while this is stored
    study = alone.get(parts__cases=adjudication.case_id)
    _ensure_open(study)
    if value not in Vote.values:
        raise ValueError(f"{value!r} is no opinion; choose one of {', '.join(Vote.values)}.")
    seats = _seats(study)
    if not seats.filter(user=adjudicator).exists():
        raise NotAdjudicator(f"You have no adjudicator's seat in study {study.slug!r}.")
    locked = Adjudication.objects.select_for_update().get(pk=adjudication.pk)
    vote, is_new = AdjudicationVote.objects.get_or_create(
        adjudication=locked,
        adjudicator=adjudicator,
        defaults={"value": value, "rationale": rationale.strip()},
    )
    if is_new:
        _resolve(locked, seats.count())
        log_event(
            actor=adjudicator,
            verb="adjudication.voted",
            obj=locked,
            chain=study_chain(study.pk),
            after={"value": value},
        )
    return vote


def _resolve(adjudication: Adjudication, seats: int) -> None:
    values = adjudication.votes.values_list("value", flat=True)
    if majority(values, seats):
        adjudication.state = Adjudication.State.RESOLVED
        adjudication.save(update_fields=["state"])


def _seats(study: Study) -> Any:
    role = Membership.Role.ADJUDICATOR
    return study.memberships.filter(role=role, withdrawn_at=None)


def _ensure_open(study: Study) -> None:
    if study.state in {Study.State.UNBLINDED, Study.State.ARCHIVED}:
        raise QueueClosed(
            f"Study {study.slug!r} is unblinded: an opinion given now would not be blind."
        )


def _verdicts(study: Study) -> dict[int, list[bool | None]]:
    """Return case -> the current verdict of each reader, first readings only (no repeats)."""
    rows = (
        Reading.objects.filter(
            assignment__case__part__study=study,
            assignment__case__part__kind__in=JUDGED_PARTS,
            assignment__replicate=0,
            assignment__session__is_calibration=False,
            assignment__session__membership__withdrawn_at=None,
        )
        .order_by("revision")
        .values_list("assignment_id", "assignment__case_id", "verdict")
    )
    current = {assignment: (case, verdict) for assignment, case, verdict in rows}
    verdicts: dict[int, list[bool | None]] = defaultdict(list)
    for case, verdict in current.values():
        verdicts[case].append(verdict)
    return verdicts


def _flags(study: Study) -> dict[int, list[str]]:
    rows = CaseFlag.objects.filter(
        assignment__case__part__study=study,
        assignment__case__part__kind__in=JUDGED_PARTS,
        assignment__session__is_calibration=False,
    ).values_list("assignment__case_id", "kind")
    flags: dict[int, list[str]] = defaultdict(list)
    for case, kind in rows:
        flags[case].append(kind)
    return flags
