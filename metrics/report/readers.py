"""What the number of readers lets a report say."""

from metrics.report import words
from metrics.report.facts import Facts

FEW = 5


def reader_note(n_readers: int) -> str:
    """Return what a result of so many readers means; empty from five readers on."""
    if n_readers == 1:
        return (
            "One reader: every number is conditional on this reader. Limits cover which images "
            "were drawn, not what another reader would have said; agreement cannot be known. "
            "A second study with two more readers would change that."
        )
    if n_readers == 2:
        return (
            "Two readers: the spread between readers rests on a single difference, so that limits "
            "are wide and uncertain. Three allow majorities, five are recommended."
        )
    if n_readers < FEW:
        return f"{n_readers} readers: five or more are recommended for readers like these."
    return ""


def simulated_note(facts: Facts) -> str:
    """Say which readers were programs, where any were."""
    codes = facts.flow.get("simulated_readers") or []
    if not codes:
        return ""
    return (
        f"Simulated readers: {words.sentence_list(codes)}. A program stood in for people; "
        "nothing here speaks of experts."
    )


def phantom_note(facts: Facts) -> str:
    """Say that the real arm is procedural, where it is."""
    if not any(arm.is_phantom for arm in facts.arms):
        return ""
    return "“Real” images are procedural phantoms, not patient data."


def standing_notes(n_readers: int, facts: Facts) -> tuple[str, ...]:
    """Return the notes that belong on every page of results."""
    notes = (reader_note(n_readers), simulated_note(facts), phantom_note(facts))
    return tuple(note for note in notes if note)
