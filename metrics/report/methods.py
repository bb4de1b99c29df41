"""The methods paragraph: design, order, blinding, readers, exclusions, statistics, from facts."""

from collections.abc import Iterator, Mapping
from typing import Any

from metrics.report import words
from metrics.report.facts import Facts
from metrics.report.flow import additions_text
from metrics.report.look_plan import looks_text

AUTHOR = "[author: {}]"
WITH_CLASS = {"plausibility", "acceptability", "lesion"}


def methods_text(facts: Facts, sections: tuple[dict[str, Any], ...], code_version: str) -> str:
    """Return the paragraph in plain text; what the database cannot know is marked "author"."""
    return "\n\n".join(
        (
            design_text(facts),
            readers_text(facts),
            flow_text(facts),
            _statistics(facts, sections),
            f"Data are snapshot {facts.snapshot}; numbers by Semblance {code_version}.",
        )
    )


def design_text(facts: Facts) -> str:
    """Return design, order and blinding."""
    raw = facts.raw
    parts = [_part(part) for part in raw.get("parts", [])]
    arms = words.sentence_list(
        f"{arm.label} ({'procedural phantom' if arm.is_phantom else arm.source})"
        for arm in facts.arms
    )
    return (
        f"Blinded reader study ({raw.get('purpose', 'study')}) of {raw.get('domain_name', '')} "
        f"images from {arms}. {' '.join(parts)} Each reader had a list of their own, in an order "
        "drawn by a keyed hash of reader and case and stored before the first reading; no reader "
        f"saw arm, source, file name or another reader's answers. {_alike(raw)} The protocol was "
        f"frozen at the start (SHA-256 {raw.get('protocol_sha256') or 'none'}); "
        f"{words.count(len(raw.get('amendments', [])), 'amendment')} followed. "
        f"Criteria: {raw.get('criterion_set', '')} ({raw.get('criterion_status', '')})."
    )


def _alike(raw: Mapping[str, Any]) -> str:
    """Say how the files of all arms were made alike, as far as the database knows."""
    if not raw.get("blinding_audit"):
        return AUTHOR.format("how the files of all arms were made alike")
    return f"Every image was decoded and written anew through one pipeline; {audit_text(raw)}."


def audit_text(raw: Mapping[str, Any]) -> str:
    """Say whether the blinding audit passed, and why an editor went on where it blocked."""
    if not raw.get("blinding_audit"):
        return "no blinding audit is recorded"
    passed = "a blinding audit at container level passed before the start"
    reason = raw.get("blinding_override")
    if not reason:
        return passed
    return (
        f"{passed}, but found cues in the pictures; they were accepted with the reason “{reason}”"
    )


def _part(part: dict[str, Any]) -> str:
    each = part.get("readings_per_case") or 0
    who = f"{each} readers" if each else "every reader"
    repeats = part.get("repeat_fraction") or 0
    washout = part.get("washout_days") or 0
    said = f"Part {part['order']} ({part['kind']}): every case went to {who}"
    if repeats:
        said += (
            f", {words.percent(repeats, 0)} of cases twice, unannounced and at least "
            f"{part.get('min_repeat_gap')} images apart"
        )
    if part.get("show_intended_class") and part["kind"] in WITH_CLASS:
        said += ", shown with its intended class"
    if part.get("gestalt"):
        said += ", with an overall verdict asked after the criteria and kept apart from theirs"
    if (part.get("session_count") or 1) > 1:
        said += f", in {part['session_count']} sessions"
    return said + (f", after {washout} days of washout." if washout else ".")


def readers_text(facts: Facts) -> str:
    """Return who read."""
    seats = facts.raw.get("readers", [])
    known = [f"{seat['code']}: {seat['experience']}" for seat in seats if seat.get("experience")]
    unknown = [seat["code"] for seat in seats if not seat.get("experience")]
    if unknown or not seats:
        of = f" of {words.sentence_list(unknown)}" if known else ""
        known.append(AUTHOR.format(f"training and experience{of or ' of the readers'}"))
    experience = "; ".join(known)
    simulated = sum(bool(seat.get("simulated")) for seat in seats)
    programs = f" {simulated} of them were programs, not people." if simulated else ""
    return f"{words.count(len(seats), 'reader')} had a seat ({experience}).{programs}"


def flow_text(facts: Facts) -> str:
    """Return what was read and what was left out."""
    readers = facts.flow.get("readers") or {}
    sentences = [
        f"Part {part['part']}: {part['cases']} cases, {part['assigned']} assignments, "
        f"{part['void']} voided, {part['repeats']} hidden repeats, {part['controls']} controls and "
        f"{part['calibration']} practice readings apart; of {part['primary']} primary assignments "
        f"{part['answered']} were answered, {part['cannot_judge']} could not be judged and "
        f"{part['missing']} are missing."
        for part in facts.flow.get("parts") or []
    ]
    sentences += [text for text in (additions_text(facts),) if text]
    gone = int(readers.get("withdrawn_removed", 0))
    sentences.append(
        f"{words.count(gone, 'reader')} withdrew their data, which were left out "
        f"({facts.flow.get('withdrawn_without_consent', 0)} readings)."
    )
    return " ".join(sentences)


def _statistics(facts: Facts, sections: tuple[dict[str, Any], ...]) -> str:
    origin = "frozen at launch" if facts.plan_names_margin else "a default, not pre-registered"
    return (
        f"{endpoint_text(facts)} Margin {facts.margin:g} ({origin}), alpha {facts.alpha:g}. "
        f"{looks_text(facts)} Readings were never pooled for a test or an interval: with several "
        "readers, readers and images are both samples; with one, the numbers speak of that reader "
        "only. The average of classes and rates of screened images speak of these readers, not of "
        "readers like these. Chance is the constant one half. Limits are 95 % per row, "
        "not simultaneous; p-values of the classes of one table are adjusted by Holm and by "
        "Benjamini and Hochberg. "
        "“Cannot judge” and missing readings are counted; sensitivity tables give both ends of "
        "what they could have said, and the result without images that readers recognised. "
        f"{' '.join(_methods(sections))}"
    )


def endpoint_text(facts: Facts) -> str:
    """Return the primary endpoint of the frozen plan, or that an author has to name it."""
    named = str(facts.plan.get("primary_endpoint") or "")
    return f"Primary endpoint: {named}." if named else AUTHOR.format("primary endpoint")


def _methods(sections: tuple[dict[str, Any], ...]) -> Iterator[str]:
    """Yield a sentence of methods per section."""
    for section in sections:
        found = words.unique(
            words.method(step)
            for table in section["tables"]
            for record in table["records"]
            if record.get("method") not in {None, "", "refused"}
            for step in str(record["method"]).split(":")[0].split("; ")
        )
        if found:
            yield f"{section['title']}: {'; '.join(found)}."
