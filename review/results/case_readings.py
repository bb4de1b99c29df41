"""What every reader said of one case of an unblinded study, by reader code.

Answers come from the frozen snapshot. Notes, texts of flags and earlier revisions are not in it:
they come from append-only tables of a study that takes no more answers, and only of readers whose
data the snapshot keeps.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from review.readings.answers import NOTHING_JUDGEABLE, Reason
from review.readings.models import (
    Adjudication,
    AdjudicationVote,
    CaseFlag,
    Reading,
    ReadingAnswer,
)
from review.results.frames import read_case
from review.results.models import Snapshot
from review.results.rows import kept_readers, typed_answers
from review.studies.models import Case, Membership

WHOSE = (
    "assignment__session__membership__code",
    "assignment__session__index",
    "assignment__replicate",
)
FIELDS = ("revision", "outcome", "reason", "verdict", "created_at")
Row = Mapping[str, Any]
Revisions = list[tuple[int, dict[str, Any]]]  # (reading, its columns), the one that counts last
Key = tuple[str, int, int]  # reader, session, replicate: one assignment of the case
REASONS = {**dict(Reason.choices), NOTHING_JUDGEABLE: "nothing could be judged"}
FLAGS = dict(CaseFlag.Kind.choices)
STATES = ("fails", "present", "not_judgeable", "passes", "absent")  # what matters comes first


@dataclass(frozen=True)
class Said:
    """An answer in words; tone is ok, bad, warn or nothing. Marks are (state, label)."""

    words: str
    tone: str = ""
    detail: str = ""
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class EarlierAnswer:
    """A revision that no longer counts."""

    revision: int
    at: datetime
    said: Said


@dataclass(frozen=True)
class CaseReading:
    """One reader's answer to one showing of the case. `revision` is 0 where nothing was said."""

    reader: str
    is_simulated: bool
    session: int
    position: int
    replicate: int
    revision: int
    said: Said
    active_s: float | None
    received_at: datetime | None
    source: str
    flags: tuple[str, ...] = ()
    note: str = ""
    earlier: tuple[EarlierAnswer, ...] = ()


@dataclass(frozen=True)
class Vote:
    """An adjudicator's opinion, by the code of the seat."""

    code: str
    value: str
    rationale: str


@dataclass(frozen=True)
class CaseAdjudication:
    """Why the case was sent to adjudicators, and what they said; result is empty while open."""

    rule: str
    result: str
    votes: tuple[Vote, ...]


@dataclass(frozen=True)
class Words:
    """What codes mean in this study, as frozen with the snapshot."""

    criteria: Mapping[str, str]
    classes: Mapping[str, str]
    scale: tuple[str, ...]

    @classmethod
    def of(cls, snapshot: Snapshot, part: int) -> "Words":
        facts = snapshot.exclusions["facts"]
        scales = {row["order"]: row.get("scale") or () for row in facts["parts"]}
        return cls(
            criteria={row["code"]: row["label"] for row in facts["criteria"]},
            classes={row["code"]: row["name"] for row in facts["classes"]},
            scale=tuple(scales.get(part, ())),
        )


@dataclass(frozen=True)
class _Stored:
    """What the tables hold of one assignment beside the answer that counts."""

    note: str
    flags: tuple[str, ...]
    earlier: tuple[EarlierAnswer, ...]


NOTHING_STORED = _Stored("", (), ())


def case_readings(snapshot: Snapshot, case: Case) -> tuple[CaseReading, ...]:
    """Return the readings of a case by reader, session and showing; three queries.

    Raises SnapshotBroken or MediaMissing when the snapshot's file is not what it was.
    """
    words = Words.of(snapshot, case.part.order)
    rows = read_case(snapshot, part=case.part.order, case=case.code)
    stored = _stored(case, words)
    readings = [_reading(row, words, stored.get(_key(row), NOTHING_STORED)) for row in rows]
    return tuple(sorted(readings, key=lambda one: (one.reader, one.session, one.replicate)))


def _key(row: Row) -> Key:
    return row["reader"], row["session"], row["replicate"]


def _reading(row: Row, words: Words, stored: _Stored) -> CaseReading:
    active = row["active_ms"]
    return CaseReading(
        reader=row["reader"],
        is_simulated=row["reader_simulated"],
        session=row["session"],
        position=row["position"],
        replicate=row["replicate"],
        revision=row["revision"],
        said=say(row, row["part_kind"], words),
        active_s=None if active is None else active / 1000,
        received_at=parse_datetime(row["received_at"]) if row["received_at"] else None,
        source=row["source_of_reading"].replace("_", " "),
        flags=stored.flags or tuple(FLAGS.get(kind, kind) for kind in row["flags"]),
        note=stored.note,
        earlier=stored.earlier,
    )


def say(row: Row, kind: str, words: Words) -> Said:
    """Return an answer in words, from a snapshot's row or a stored revision alike."""
    if row["outcome"] == "missing":
        return Said("no answer", "warn")
    marks = _marks(row, words)
    if row["outcome"] == "cannot_judge":
        why = str(REASONS.get(row["reason"], row["reason"]))
        return Said("cannot judge", "warn", why, marks)
    if row["verdict"] is not None:
        word, tone = ("plausible", "ok") if row["verdict"] else ("implausible", "bad")
        return Said(word, tone, _more(row, words), marks)
    if row["perceived_class"]:
        return Said(_class(row["perceived_class"], words), marks=marks)
    level = row["turing"] if kind == "turing" else row["rating"]
    if level is not None:
        label = words.scale[level - 1] if 0 < level <= len(words.scale) else ""
        return Said(f"{level}: {label}" if label else str(level), marks=marks)
    return Said("findings" if marks else "answered", marks=marks)


def _class(code: str, words: Words) -> str:
    return f"{words.classes.get(code, code)} ({code})"


def _more(row: Row, words: Words) -> str:
    """Return a verdict at a glance, the class named instead, and where a defect was marked."""
    named, x, y = row["perceived_class"], row.get("defect_x"), row.get("defect_y")
    said = [f"rather {_class(named, words)}"] if named else []
    if row.get("gestalt") is not None:
        said.append(f"overall {'plausible' if row['gestalt'] else 'implausible'}")
    if x is not None and y is not None:
        said.append(f"defect {100 * x:.0f} % from the left, {100 * y:.0f} % from the top")
    return "; ".join(said)


def _marks(row: Row, words: Words) -> tuple[tuple[str, str], ...]:
    """Return (state, label) of every criterion and finding that was answered, by state."""
    said = [(state, words.criteria.get(code, code)) for code, state in row["criteria"].items()]
    said += [(state, words.classes.get(code, code)) for code, state in row["findings"].items()]
    said.sort(key=lambda mark: STATES.index(mark[0]))
    return tuple((state.replace("_", " "), label) for state, label in said)


def _stored(case: Case, words: Words) -> dict[Key, _Stored]:
    """Return notes, flags and earlier revisions of every counted assignment of the case."""
    flags = _flags(case)
    revisions = {key: Revisions() for key in flags} | _revisions(case)
    answers = _answers(pk for rows in revisions.values() for pk, _ in rows)
    return {
        key: _Stored(
            note=_note(answers[rows[-1][0]]) if rows else "",
            flags=tuple(flags[key]),
            earlier=tuple(
                EarlierAnswer(
                    row["revision"],
                    row["created_at"],
                    say(row | _typed(answers[pk]), case.part.kind, words),
                )
                for pk, row in rows[:-1]
            ),
        )
        for key, rows in revisions.items()
    }


def _revisions(case: Case) -> dict[Key, Revisions]:
    """Return every revision of each counted assignment of the case."""
    readings = Reading.objects.filter(
        assignment__case=case,
        assignment__session__is_calibration=False,
        assignment__session__membership__in=kept_readers(case.part.study),
    ).order_by("revision")
    found: dict[Key, Revisions] = defaultdict(list)
    for reader, session, replicate, pk, *values in readings.values_list(*WHOSE, "pk", *FIELDS):
        row = dict(zip(FIELDS, values, strict=True))
        found[reader, session, replicate].append((pk, row))
    return found


def _answers(readings: Iterable[int]) -> dict[int, list[ReadingAnswer]]:
    found: dict[int, list[ReadingAnswer]] = defaultdict(list)
    for answer in ReadingAnswer.objects.filter(reading__in=list(readings)):
        found[answer.reading_id].append(answer)
    return found


def _typed(answers: Iterable[ReadingAnswer]) -> dict[str, Any]:
    return typed_answers([(one.question, one.choice, one.number) for one in answers])


def _note(answers: Iterable[ReadingAnswer]) -> str:
    return next((one.text or "" for one in answers if one.question == "note"), "")


def _flags(case: Case) -> dict[Key, list[str]]:
    flags = CaseFlag.objects.filter(
        assignment__case=case,
        assignment__session__is_calibration=False,
        assignment__session__membership__in=kept_readers(case.part.study),
    )
    found: dict[Key, list[str]] = defaultdict(list)
    for reader, session, replicate, kind, text in flags.values_list(*WHOSE, "kind", "text"):
        said = FLAGS.get(kind, kind) + (f": {text}" if text else "")
        found[reader, session, replicate].append(said)
    return found


def case_adjudication(case: Case) -> CaseAdjudication | None:
    """Return what adjudicators said of a case, or None where no rule sent it to them."""
    row = Adjudication.objects.filter(case=case).first()
    if row is None:
        return None
    seats = Membership.objects.filter(study=case.part.study, role=Membership.Role.ADJUDICATOR)
    codes = dict(seats.values_list("user_id", "code"))
    votes = AdjudicationVote.objects.filter(adjudication=row).order_by("pk")
    opinions = tuple(
        Vote(codes.get(vote.adjudicator_id, "former seat"), _plain(vote.value), vote.rationale)
        for vote in votes
    )
    counted = Counter(one.value for one in opinions).most_common(1)
    result = counted[0][0] if counted and row.state == Adjudication.State.RESOLVED else ""
    return CaseAdjudication(row.rule, result, opinions)


def _plain(value: str) -> str:
    return value.replace("_", " ")
