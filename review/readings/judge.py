"""Hold an answer against its question: what is stored, and what follows from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from review.readings.answers import Answer, CriterionState, Reason
from review.readings.errors import InvalidAnswer
from review.readings.facts import Facts, class_exists, load_rules
from review.readings.models import CaseFlag, Reading
from review.readings.verdict import CriterionRule, derive_verdict
from review.studies.models import Part

CRITERIA_PARTS = (Part.Kind.PLAUSIBILITY, Part.Kind.LESION)
TURING_LEVELS = 6
RATING_LEVELS = 5
NOTE_LIMIT = 2000


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
    if answer.cannot_judge:
        if answer.cannot_judge not in Reason.values:
            raise InvalidAnswer(f"Unknown reason {answer.cannot_judge[:40]!r}.")
        rows = tuple(_notes(answer))
        return Judgement(Reading.Outcome.CANNOT_JUDGE, answer.cannot_judge, None, rows)
    if facts.part_kind in CRITERIA_PARTS:
        return _judge_criteria(facts, answer)
    if facts.part_kind == Part.Kind.IDENTIFY:
        return _judge_class(facts, answer)
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
    rules = [r for r in load_rules(facts.criterion_set_pk) if r.applies(facts.class_code)]
    verdict = derive_verdict(rules, answer.criteria, full_form=facts.full_form)
    rows = [AnswerRow(f"criterion:{code}", choice=said) for code, said in answer.criteria.items()]
    if answer.perceived_class:
        _check_picker(rules, answer)
        rows.append(_class_row(facts, answer))
    rows.extend(_notes(answer))
    judged = verdict.plausible is not None
    outcome = Reading.Outcome.ANSWERED if judged else Reading.Outcome.CANNOT_JUDGE
    return Judgement(outcome, verdict.reason, verdict.plausible, tuple(rows))


def _check_picker(rules: Sequence[CriterionRule], answer: Answer) -> None:
    pickers = [rule.code for rule in rules if rule.opens == "class_picker"]
    if not any(answer.criteria.get(code) == CriterionState.FAILS for code in pickers):
        raise InvalidAnswer("Another class was chosen without saying that the class is another.")


def _class_row(facts: Facts, answer: Answer) -> AnswerRow:
    if not class_exists(facts.domain_pk, answer.perceived_class):
        raise InvalidAnswer(f"Unknown class {answer.perceived_class[:40]!r}.")
    return AnswerRow("class", choice=answer.perceived_class)


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
