"""The methods paragraph: design, order, blinding, readers, exclusions, statistics, from facts."""

from typing import Any

from metrics.report import words
from metrics.report.facts import Facts

AUTHOR = "[author: {}]"


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
    audit = (
        "Every image was decoded and written anew through one pipeline; a blinding audit at "
        "container level passed before the start."
        if raw.get("blinding_audit")
        else AUTHOR.format("how images were made indistinguishable by container")
    )
    return (
        f"Blinded reader study ({raw.get('purpose', 'study')}) of {raw.get('domain_name', '')} "
        f"images from {arms}. {' '.join(parts)} Each reader had a list of their own, in an order "
        "drawn by a keyed hash of reader and case and stored before the first reading; no reader "
        f"saw arm, source, file name or another reader's answers. {audit} The protocol was frozen "
        f"at the start (SHA-256 {raw.get('protocol_sha256') or 'none'}); "
        f"{words.count(len(raw.get('amendments', [])), 'amendment')} followed. "
        f"Criteria: {raw.get('criterion_set', '')} ({raw.get('criterion_status', '')})."
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
    return said + (f", after {washout} days of washout." if washout else ".")


def readers_text(facts: Facts) -> str:
    """Return who read."""
    seats = facts.raw.get("readers", [])
    known = [seat for seat in seats if seat.get("experience")]
    experience = (
        "; ".join(f"{seat['code']}: {seat['experience']}" for seat in known)
        if known
        else AUTHOR.format("readers' training and experience")
    )
    simulated = sum(bool(seat.get("simulated")) for seat in seats)
    programs = f" {simulated} of them were programs, not people." if simulated else ""
    return f"{words.count(len(seats), 'reader')} had a seat ({experience}).{programs}"


def flow_text(facts: Facts) -> str:
    """Return what was read and what was left out."""
    readers = facts.flow.get("readers") or {}
    sentences = [
        f"Part {part['part']}: {part['cases']} cases, {part['assigned']} assignments, "
        f"{part['void']} voided, {part['repeats']} hidden repeats, {part['controls']} controls and "
        f"{part['calibration']} calibration cases apart; of {part['primary']} primary assignments "
        f"{part['answered']} were answered, {part['cannot_judge']} could not be judged and "
        f"{part['missing']} are missing."
        for part in facts.flow.get("parts") or []
    ]
    gone = int(readers.get("withdrawn_removed", 0))
    sentences.append(
        f"{words.count(gone, 'reader')} withdrew their data, which were left out "
        f"({facts.flow.get('withdrawn_without_consent', 0)} readings)."
    )
    return " ".join(sentences)


def _statistics(facts: Facts, sections: tuple[dict[str, Any], ...]) -> str:
    methods = words.unique(
        str(record["method"]).split(":")[0]
        for section in sections
        for table in section["tables"]
        for record in table["records"]
        if record.get("method") not in {None, "", "refused"}
    )
    origin = "frozen at launch" if facts.plan_names_margin else "a default, not pre-registered"
    return (
        f"Margin {facts.margin:g} ({origin}), alpha {facts.alpha:g}. Readings were never pooled "
        "for a test or an interval. Chance is the constant one half. “Cannot judge” and missing "
        f"readings are counted, with best and worst case. Methods used: {'; '.join(methods)}."
    )
