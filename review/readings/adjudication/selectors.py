"""What an adjudicator sees: the image, the question, opinions without names, times or truth."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from review.catalog.models import Criterion
from review.readings.models import Adjudication, CaseFlag, Reading, ReadingAnswer
from review.studies.models import Membership, Study


@dataclass(frozen=True)
class Opinion:
    """One reader's current answer. The letter says nothing: opinions stand in hashed order."""

    letter: str
    verdict: str
    failed: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class OpenCase:
    """A case of the queue."""

    pk: int
    code: str
    rule: str
    kind: str
    class_name: str
    class_note: str
    expectations: dict[str, str]
    opinions: tuple[Opinion, ...]
    flags: tuple[str, ...] = field(default=())


def studies_to_adjudicate(user: Any) -> QuerySet[Study]:
    """Return studies in which the user is an adjudicator and the truth is still hidden."""
    seats = Membership.objects.filter(
        user=user, role=Membership.Role.ADJUDICATOR, withdrawn_at=None
    )
    blind = {"state__in": [Study.State.ACTIVE, Study.State.PAUSED, Study.State.CLOSED]}
    return Study.objects.filter(pk__in=seats.values("study"), **blind)


def open_for(user: Any, study: Study) -> QuerySet[Adjudication]:
    """Return open cases of the study that the user has not voted on, in an order of their own."""
    mine = Adjudication.objects.filter(
        case__part__study=study, state=Adjudication.State.OPEN
    ).exclude(votes__adjudicator=user)
    return mine.order_by("case__code")


def load_case(adjudication_pk: int) -> OpenCase:
    """Return what is shown of one case. Reads no truth column."""
    part = ("case__part__kind", "case__part__study__criterion_set_id")
    words = ("name", "note", "expectations")
    intended = tuple(f"case__intended_class__{word}" for word in words)
    fields = ("pk", "rule", "case_id", "case__code", *part, *intended)
    row = Adjudication.objects.values_list(*fields).get(pk=adjudication_pk)
    pk, rule, case_pk, code, kind, criteria_pk, name, note, expectations = row
    labels = dict(
        Criterion.objects.filter(criterion_set_id=criteria_pk).values_list("code", "label")
    )
    flags = CaseFlag.objects.filter(assignment__case_id=case_pk).order_by("kind")
    kinds = dict(CaseFlag.Kind.choices)
    said = tuple(
        kinds[kind] + (f": {text}" if text else "")
        for kind, text in flags.values_list("kind", "text")
    )
    expected = {labels.get(key, key): text for key, text in expectations.items()}
    return OpenCase(pk, code, rule, kind, name, note, expected, _opinions(case_pk, labels), said)


def _opinions(case_pk: int, labels: dict[str, str]) -> tuple[Opinion, ...]:
    readings = Reading.objects.filter(
        assignment__case_id=case_pk,
        assignment__replicate=0,
        assignment__session__membership__withdrawn_at=None,
    ).order_by("revision")
    current = {r.assignment_id: r for r in readings}
    answers: dict[int, list[ReadingAnswer]] = defaultdict(list)
    for answer in ReadingAnswer.objects.filter(reading__in=current.values()):
        answers[answer.reading_id].append(answer)
    ordered = sorted(current.values(), key=lambda r: hashlib.sha256(r.nonce.bytes).digest())
    return tuple(
        _opinion(chr(ord("A") + index), reading, answers[reading.pk], labels)
        for index, reading in enumerate(ordered)
    )


def _opinion(
    letter: str, reading: Reading, answers: list[ReadingAnswer], labels: dict[str, str]
) -> Opinion:
    verdict = {True: "plausible", False: "implausible", None: "cannot be judged"}[reading.verdict]
    failed = tuple(
        labels.get(code, code)
        for answer in answers
        if answer.choice == "fails" and (code := answer.question.removeprefix("criterion:"))
    )
    note = next((answer.text or "" for answer in answers if answer.question == "note"), "")
    return Opinion(letter, verdict, failed, note)
