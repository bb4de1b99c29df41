"""Reporting checklists, filled from the database where it knows the answer.

Topics follow CLAIM (Mongan et al. 2020; update Tejani et al. 2024, Radiology: AI) and STARD 2015
with its AI extension (Sounderajah et al.), in our own words and without item numbers: number and
exact wording are to be taken from the published list. What only an author knows says "author".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from metrics.report import words
from metrics.report.document import Row
from metrics.report.facts import Facts
from metrics.report.look_plan import looks_text
from metrics.report.methods import (
    audit_text,
    design_text,
    endpoint_text,
    flow_text,
    readers_text,
)

AUTHOR = "author"
DATABASE = "database"
Fill = Callable[[Facts], str]


@dataclass(frozen=True)
class ChecklistRow(Row):
    """Hold one topic with its answer, and who knows it."""

    guideline: str
    section: str
    topic: str
    known_by: str
    answer: str


def checklist_rows(facts: Facts) -> tuple[ChecklistRow, ...]:
    """Return every topic of both lists."""
    return (
        *_filled("CLAIM 2024", CLAIM, facts),
        *_filled("STARD-AI", STARD, facts),
    )


def _filled(
    name: str, topics: Iterable[tuple[str, str, Fill | None]], facts: Facts
) -> Iterable[ChecklistRow]:
    for section, topic, fill in topics:
        answer = fill(facts) if fill else ""
        yield ChecklistRow(name, section, topic, DATABASE if answer else AUTHOR, answer)


def _purpose(facts: Facts) -> str:
    kinds = words.sentence_list(part["kind"] for part in facts.raw.get("parts", []))
    return f"Reader study, purpose {facts.raw.get('purpose')}, parts: {kinds}."


def _prospective(facts: Facts) -> str:
    return (
        f"Prospective readings between {_day(facts.raw.get('activated_at'))} and "
        f"{_day(facts.raw.get('closed_at'))}; images existed before."
    )


def _day(moment: str | None) -> str:
    return moment[:10] if moment else "an unknown day"


def _sources(facts: Facts) -> str:
    return words.sentence_list(
        f"{arm['label']}: pool {arm.get('pool', arm['code'])!r}, {arm['source']}"
        + (" (procedural phantom)" if arm.get("is_phantom") else "")
        for arm in facts.raw.get("arms", [])
    )


def _sampling(facts: Facts) -> str:
    drawn = sum(
        int(part.get("drawn") or part.get("cases", 0)) for part in facts.flow.get("parts") or []
    )
    void = sum(int(part.get("void", 0)) for part in facts.flow.get("parts") or [])
    left_out = (
        f"{words.count(void, 'assignment')} voided later, see Flow" if void else "none removed"
    )
    return f"{drawn} images drawn per class and arm by a recorded seed; {left_out}."


def _blinding(facts: Facts) -> str:
    return (
        "Readers never receive arm, source or file name; constant byte length; "
        f"{audit_text(facts.raw)}."
    )


def _reference(facts: Facts) -> str:
    low = [row["code"] for row in facts.raw.get("classes", []) if row.get("certainty") == "low"]
    doubt = f" Low label certainty: {', '.join(low)}." if low else ""
    return f"Source (real or synthetic) is known by construction; class as labelled.{doubt}"


def _criteria(facts: Facts) -> str:
    names = words.sentence_list(facts.criteria.values())
    return f"{facts.raw.get('criterion_set', '')}: {names}. Any counting failure is implausible."


def _plan(facts: Facts) -> str:
    origin = "frozen at launch" if facts.plan_names_margin else "default"
    return (
        f"{endpoint_text(facts)} Margin {facts.margin:g}, alpha {facts.alpha:g} ({origin}). "
        f"{looks_text(facts)}"
    )


def _indeterminate(facts: Facts) -> str:
    parts = facts.flow.get("parts") or []
    cannot = sum(int(part.get("cannot_judge", 0)) for part in parts)
    missing = sum(int(part.get("missing", 0)) for part in parts)
    return (
        f"{cannot} cannot judge, {missing} missing: counted; both ends of what they could have "
        "said, and the result without recognised images, stand in the sensitivity tables."
    )


def _changes(facts: Facts) -> str:
    said = [f"{row['kind']}: {row['reason']}" for row in facts.raw.get("amendments", [])]
    return "; ".join(said) or "No amendment after the start."


def _software(facts: Facts) -> str:
    return f"Snapshot {facts.snapshot}; protocol {facts.raw.get('protocol_sha256') or 'none'}."


def _domain(facts: Facts) -> str:
    raw = facts.raw
    version = raw.get("domain_version", "")
    return f"{raw.get('domain_name', '')}, version {version}, {raw.get('domain_status', '')}."


CLAIM: tuple[tuple[str, str, Fill | None], ...] = (
    ("Title and abstract", "AI methodology named in the title; structured abstract", None),
    ("Introduction", "Background, intended use and role of the AI approach", None),
    ("Introduction", "Aims and hypotheses", None),
    ("Study design", "Prospective or retrospective", _prospective),
    ("Study design", "Goal of the study", _purpose),
    ("Data", "Sources of the images", _sources),
    ("Data", "Inclusion and exclusion, selection of subsets", _sampling),
    ("Data", "Preprocessing and how it is the same for all arms", _blinding),
    ("Data", "De-identification", None),
    ("Data", "Missing data", _indeterminate),
    ("Data", "Acquisition protocols of the real images", None),
    ("Reference standard", "Definition and rationale", _reference),
    ("Reference standard", "Annotators: number, qualifications", readers_text),
    ("Reference standard", "Tools and questions; criteria", _criteria),
    ("Reference standard", "Variability between and within annotators", lambda _: "See Agreement."),
    ("Data partitions", "How data were assigned; independence of partitions", None),
    ("Testing data", "Intended sample size and its rationale", None),
    ("Model", "Generator, training, initial parameters, ensembles", None),
    ("Evaluation", "Metrics, significance level, margin", _plan),
    ("Evaluation", "Robustness and sensitivity analyses", _indeterminate),
    ("Results", "Flow of images and readings", flow_text),
    ("Results", "Demographic and clinical characteristics", None),
    ("Results", "Performance with intervals", lambda _: "See Plausibility and Turing test."),
    ("Results", "Failure analysis", lambda _: "See Criteria."),
    ("Discussion", "Limitations, implications", None),
    ("Other", "Registration; protocol and where it is", _software),
    ("Other", "Funding and conflicts of interest", None),
    ("Other", "Availability of code and data", None),
)
STARD: tuple[tuple[str, str, Fill | None], ...] = (
    ("Title and abstract", "Identification as an accuracy study; structured abstract", None),
    ("Introduction", "Background; objectives and hypotheses", None),
    ("Methods: design", "Data collection before or after the readings", _prospective),
    ("Methods: participants", "Eligibility, identification, setting, sampling", _sampling),
    ("Methods: data", "Origin of the images and of the labels", _sources),
    ("Methods: data", "Domain definition and its status", _domain),
    ("Methods: tests", "Index test (the reading) in detail for replication", design_text),
    ("Methods: tests", "Reference standard and its rationale", _reference),
    ("Methods: tests", "Cut-offs, pre-specified or exploratory", lambda _: CUT_OFFS),
    ("Methods: tests", "What readers knew; blinding to the reference", _blinding),
    ("Methods: analysis", "Methods for estimating and comparing", _plan),
    ("Methods: analysis", "Indeterminate and missing results", _indeterminate),
    ("Methods: analysis", "Variability, pre-specified or exploratory", lambda _: "See Agreement."),
    ("Methods: analysis", "Intended sample size", None),
    ("Results", "Flow of participants and readings", flow_text),
    ("Results", "Baseline characteristics, severity, alternative diagnoses", None),
    ("Results", "Cross-tabulation with the reference", lambda _: "See What was called what."),
    ("Results", "Estimates and their precision", lambda _: "See Turing test."),
    ("Results", "Adverse events; deviations", _changes),
    ("Discussion", "Limitations, implications, fairness", None),
    ("Other", "Registration, protocol, funding", None),
    ("Other", "Versions of software and data", _software),
)
CUT_OFFS = "Answers 1 to 3 of 6 call an image synthetic; fixed by the question itself."
