"""Hold an answer against its question: what is stored, and what follows from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from review.readings.answers import NOTHING_JUDGEABLE, Answer, CriterionState, Gestalt, Reason
from review.readings.errors import InvalidAnswer
from review.readings.facts import Facts, class_exists, load_rules
from review.readings.findings import check_findings, is_judged
from review.readings.models import CaseFlag, Reading
from review.readings.verdict import CriterionRule, derive_verdict
from review.readings.wording import frozen_wording
from review.studies.models import Part

CRITERIA_PARTS = (Part.Kind.PLAUSIBILITY, Part.Kind.LESION)
TURING_LEVELS = 6
RATING_LEVELS = 5
NOTE_LIMIT = 2000
POINT_STEPS = 10_000  # a point is stored in ten-thousandths of the image's sides


@dataclass(frozen=True)
class AnswerRow:
    """One ReadingAnswer to be: exactly one of the three values."""

    question: str
    choice: str | None = None
    number: int | None = None
    text: str | None = None


@dataclass(frozen=True)
class Judgement:
    """What a reading will say."""

    outcome: str
    reason: str
    verdict: bool | None
    rows: tuple[AnswerRow, ...]


def judge(facts: Facts, answer: Answer) -> Judgement:
    """Return the judgement of an answer. Raises InvalidAnswer, in words for the reader."""
    _check_extras(answer)
    if answer.gestalt and not facts.gestalt:
        raise InvalidAnswer("This part asks for no overall verdict. Reload the page.")
    if answer.cannot_judge:
        if answer.cannot_judge not in Reason.values:
            raise InvalidAnswer(f"Unknown reason {answer.cannot_judge[:40]!r}.")
        _refuse_gestalt(answer)
        rows = tuple(_notes(answer))
        return Judgement(Reading.Outcome.CANNOT_JUDGE, answer.cannot_judge, None, rows)
    check_findings(facts.findings, answer.findings)
    if facts.part_kind in CRITERIA_PARTS:
        return _judge_criteria(facts, answer)
    if facts.part_kind == Part.Kind.IDENTIFY:
        return _judge_findings(answer) if facts.findings else _judge_class(facts, answer)
    return _judge_level(facts, answer)


def _check_extras(answer: Answer) -> None:
    if len(answer.note) > NOTE_LIMIT:
        raise InvalidAnswer(
            f"The note has {len(answer.note)} characters; shorten it to {NOTE_LIMIT}."
        )
    for flag in answer.flags:
        if flag.kind not in CaseFlag.Kind.values:
            raise InvalidAnswer(f"Unknown kind of flag {flag.kind[:20]!r}.")
        if len(flag.text) > NOTE_LIMIT:
            raise InvalidAnswer(f"The text of a flag is limited to {NOTE_LIMIT} characters.")


def _notes(answer: Answer) -> Iterator[AnswerRow]:
    if answer.note:
        yield AnswerRow("note", text=answer.note)


def _judge_criteria(facts: Facts, answer: Answer) -> Judgement:
    rules = [rule for rule in _rules(facts) if rule.applies(facts.class_code)]
    verdict = derive_verdict(rules, answer.criteria, full_form=facts.full_form)
    rows = [AnswerRow(f"criterion:{code}", choice=said) for code, said in answer.criteria.items()]
    if answer.perceived_class:
        _check_picker(rules, answer)
        rows.append(_class_row(facts, answer))
    rows.extend(_finding_rows(answer))
    rows.extend(_defect_rows(facts, answer, plausible=verdict.plausible))
    rows.extend(_notes(answer))
    judged = verdict.plausible is not None
    rows.extend(_gestalt_rows(facts, answer, judged=judged))
    outcome = Reading.Outcome.ANSWERED if judged else Reading.Outcome.CANNOT_JUDGE
    return Judgement(outcome, verdict.reason, verdict.plausible, tuple(rows))


def _gestalt_rows(facts: Facts, answer: Answer, *, judged: bool) -> Iterator[AnswerRow]:
    """Yield the overall verdict, which is asked of every image that was judged and of no other."""
    if not facts.gestalt:
        return
    if not judged:
        _refuse_gestalt(answer)
        return
    if not answer.gestalt:
        raise InvalidAnswer("This part asks for an overall verdict too. Give it, then go on.")
    if answer.gestalt not in Gestalt.values:
        raise InvalidAnswer(
            f"The overall verdict is {answer.gestalt[:20]!r}; it can be "
            f"{' or '.join(Gestalt.values)}."
        )
    yield AnswerRow("gestalt", choice=answer.gestalt)


def _refuse_gestalt(answer: Answer) -> None:
    if answer.gestalt:
        raise InvalidAnswer("What cannot be judged has no overall verdict either. Leave it out.")


def _rules(facts: Facts) -> list[CriterionRule]:
    """Return the criteria as they were frozen, or as they stand where nothing was."""
    frozen = frozen_wording(facts.protocol_sha256) if facts.protocol_sha256 else None
    if frozen is None:
        return load_rules(facts.criterion_set_pk)
    return [
        CriterionRule(c.code, c.label, c.counts, c.applies_to, c.opens) for c in frozen.criteria
    ]


def _check_picker(rules: Sequence[CriterionRule], answer: Answer) -> None:
    pickers = [rule.code for rule in rules if rule.opens == "class_picker"]
    if not any(answer.criteria.get(code) == CriterionState.FAILS for code in pickers):
        raise InvalidAnswer("Another class was chosen without saying that the class is another.")


def _class_row(facts: Facts, answer: Answer) -> AnswerRow:
    if not class_exists(facts.domain_pk, answer.perceived_class):
        raise InvalidAnswer(f"Unknown class {answer.perceived_class[:40]!r}.")
    return AnswerRow("class", choice=answer.perceived_class)


def _finding_rows(answer: Answer) -> Iterator[AnswerRow]:
    for code, said in answer.findings.items():
        yield AnswerRow(f"finding:{code}", choice=said)


def _judge_findings(answer: Answer) -> Judgement:
    """Judge a part that asks for findings instead of one class."""
    if answer.perceived_class:
        raise InvalidAnswer("This part asks for findings, not for one class. Reload the page.")
    rows = (*_finding_rows(answer), *_notes(answer))
    if is_judged(answer.findings):
        return Judgement(Reading.Outcome.ANSWERED, "", None, rows)
    return Judgement(Reading.Outcome.CANNOT_JUDGE, NOTHING_JUDGEABLE, None, rows)


def _defect_rows(facts: Facts, answer: Answer, *, plausible: bool | None) -> Iterator[AnswerRow]:
    """Yield the point of the defect, held against what the part asks for."""
    wanted = facts.defect_point if facts.part_kind == Part.Kind.LESION else Part.DefectPoint.OFF
    if answer.defect_at is None:
        if wanted == Part.DefectPoint.REQUIRED and plausible is False:
            raise InvalidAnswer("This part asks where the defect is. Mark it in the image.")
        return
    if wanted == Part.DefectPoint.OFF:
        raise InvalidAnswer("This part does not ask where a defect is.")
    if CriterionState.FAILS not in answer.criteria.values():
        raise InvalidAnswer("A defect is marked, but no criterion fails. Mark what fails there.")
    if not all(0 <= share <= 1 for share in answer.defect_at):
        raise InvalidAnswer("The defect is marked outside the image. Mark it inside.")
    for name, share in zip(("defect_x", "defect_y"), answer.defect_at, strict=True):
        yield AnswerRow(name, number=round(share * POINT_STEPS))


def _judge_class(facts: Facts, answer: Answer) -> Judgement:
    if not answer.perceived_class:
        raise InvalidAnswer("No class was chosen.")
    rows = (_class_row(facts, answer), *_notes(answer))
    return Judgement(Reading.Outcome.ANSWERED, "", None, rows)


def _judge_level(facts: Facts, answer: Answer) -> Judgement:
    turing = facts.part_kind == Part.Kind.TURING
    levels = TURING_LEVELS if turing else RATING_LEVELS
    if answer.value is None or not 1 <= answer.value <= levels:
        raise InvalidAnswer(f"The answer is {answer.value}; it must be 1 to {levels}.")
    rows = (AnswerRow("turing" if turing else "rating", number=answer.value), *_notes(answer))
    return Judgement(Reading.Outcome.ANSWERED, "", None, rows)
